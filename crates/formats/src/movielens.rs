//! MovieLens folders: the CSV form of the newer sets, and the `::` form of MovieLens 1M.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use docent_domain::{InteractionType, NewInteraction, Resource, ResourceId, Signals, UserId};

use crate::{
    FormatError, Located, Opener, Reader, Record, Records, fields,
    lines::{Encoding, Lines},
    reader,
    table::{Columns, Row, Table},
};

const MOVIES: Columns = Columns { required: &["movieId", "title", "genres"], optional: &[] };
const RATINGS: Columns = Columns { required: &["userId", "movieId", "rating", "timestamp"], optional: &[] };
const TAGS: Columns = Columns { required: &["userId", "movieId", "tag", "timestamp"], optional: &[] };
const NO_GENRES: &str = "(no genres listed)";

/// Reads a MovieLens folder: films as resources, ratings as interactions, tags as texts.
#[derive(Debug, Clone)]
pub struct MovielensReader {
    files: Files,
}

#[derive(Debug, Clone)]
enum Files {
    Csv { movies: PathBuf, ratings: PathBuf, tags: Option<PathBuf> },
    Dat { movies: PathBuf, ratings: PathBuf },
}

impl MovielensReader {
    /// Finds the files of a folder: `movies.csv`, `ratings.csv` and optionally `tags.csv`; or
    /// `movies.dat` and `ratings.dat`.
    ///
    /// # Errors
    /// [`FormatError::File`] if the folder has neither pair.
    pub fn in_folder(folder: &Path) -> Result<Self, FormatError> {
        let [movies_csv, ratings_csv, tags_csv, movies_dat, ratings_dat] =
            ["movies.csv", "ratings.csv", "tags.csv", "movies.dat", "ratings.dat"]
                .map(|name| Some(folder.join(name)).filter(|path| path.is_file()));
        let files = match (movies_csv, ratings_csv, movies_dat, ratings_dat) {
            (Some(movies), Some(ratings), ..) => Files::Csv { movies, ratings, tags: tags_csv },
            (.., Some(movies), Some(ratings)) => Files::Dat { movies, ratings },
            _ => {
                let expected =
                    "expected movies.csv and ratings.csv, or movies.dat and ratings.dat (MovieLens 1M)";
                return Err(FormatError::file(folder, expected));
            }
        };
        Ok(Self { files })
    }
}

impl Reader for MovielensReader {
    fn paths(&self) -> Vec<&Path> {
        match &self.files {
            Files::Csv { movies, ratings, tags } => [Some(movies), Some(ratings), tags.as_ref()]
                .into_iter()
                .flatten()
                .map(PathBuf::as_path)
                .collect(),
            Files::Dat { movies, ratings } => vec![movies, ratings],
        }
    }

    fn records<'a>(&'a self, opener: &'a dyn Opener) -> Records<'a> {
        match &self.files {
            Files::Csv { movies, ratings, tags } => {
                let films = reader::deferred(move || films_of_csv(movies, tags.as_deref(), opener));
                Box::new(films.chain(reader::deferred(move || ratings_of_csv(ratings, opener))))
            }
            Files::Dat { movies, ratings } => {
                let films = reader::deferred(move || records_of_dat(movies, film_of_dat, opener));
                Box::new(
                    films.chain(reader::deferred(move || records_of_dat(ratings, rating_of_dat, opener))),
                )
            }
        }
    }
}

/// Streams the films with their tags as texts. Bad lines of the tags come first.
fn films_of_csv<'a>(
    movies: &Path,
    tags: Option<&Path>,
    opener: &dyn Opener,
) -> Result<Records<'a>, FormatError> {
    let mut bad_lines = Vec::new();
    let tags = match tags {
        Some(path) => read_tags(path, opener, &mut bad_lines)?,
        None => HashMap::new(),
    };
    let mut table = Table::open(movies, MOVIES, opener)?;
    let films = std::iter::from_fn(move || {
        let parsed =
            table.next(|row| film(row.required("movieId")?, row.required("title")?, row.get("genres")))?;
        Some(parsed.map(|(film, location)| {
            let text = tags.get(&film.id).cloned().unwrap_or_default();
            Located::new(film_record(Resource { text, ..film }), location)
        }))
    });
    Ok(Box::new(bad_lines.into_iter().map(Err).chain(films)))
}

fn ratings_of_csv<'a>(path: &Path, opener: &dyn Opener) -> Result<Records<'a>, FormatError> {
    let mut table = Table::open(path, RATINGS, opener)?;
    Ok(Box::new(std::iter::from_fn(move || {
        let parsed = table.next(rating_of_csv)?;
        Some(parsed.map(|(record, location)| Located::new(record, location)))
    })))
}

fn rating_of_csv(row: Row<'_>) -> Result<Record, String> {
    let [user, movie, stars, at] =
        ["userId", "movieId", "rating", "timestamp"].map(|column| row.get(column).unwrap_or_default());
    rating(user, movie, stars, at)
}

fn records_of_dat<'a>(
    path: &Path,
    parse: fn(&str) -> Result<Record, String>,
    opener: &dyn Opener,
) -> Result<Records<'a>, FormatError> {
    let lines = Lines::open(path, Encoding::Latin1, opener)?;
    Ok(Box::new(lines.map(move |line| {
        let (record, location) = line?.parse(parse)?;
        Ok(Located::new(record, location))
    })))
}

fn film_of_dat(line: &str) -> Result<Record, String> {
    let [id, title, genres] = split(line, "movie::title::genres")?;
    film(id, title, Some(genres)).map(film_record)
}

fn rating_of_dat(line: &str) -> Result<Record, String> {
    let [user, movie, stars, at] = split(line, "user::movie::rating::timestamp")?;
    rating(user, movie, stars, at)
}

/// Returns the tags of each film, one per line, in the order of the file. A tag that several users
/// gave is repeated, so that it weighs more.
fn read_tags(
    path: &Path,
    opener: &dyn Opener,
    bad_lines: &mut Vec<FormatError>,
) -> Result<HashMap<ResourceId, String>, FormatError> {
    let mut tags: HashMap<ResourceId, String> = HashMap::new();
    let mut table = Table::open(path, TAGS, opener)?;
    while let Some(parsed) = table.next(|row| Ok((row.id("movieId")?, row.required("tag")?.to_owned()))) {
        match parsed {
            Ok(((film, tag), _)) => {
                let text = tags.entry(film).or_default();
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(&tag);
            }
            Err(error) if error.bad_line().is_some() => bad_lines.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok(tags)
}

fn film(id: &str, title: &str, genres: Option<&str>) -> Result<Resource, String> {
    let id = ResourceId::new(id).map_err(|error| error.to_string())?;
    Ok(Resource {
        subjects: genres.filter(|genres| *genres != NO_GENRES).map(fields::list).unwrap_or_default(),
        published_at: year_of(title),
        ..Resource::new(id, title)
    })
}

fn film_record(resource: Resource) -> Record {
    Record::Resource { resource, has_all_links: false }
}

/// Returns the year at the end of a title, as in `Toy Story (1995)`.
fn year_of(title: &str) -> Option<DateTime<Utc>> {
    let (_, year) = title.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    fields::year(year.parse().ok().filter(|year| (1_800..2_200).contains(year))?)
}

fn rating(user: &str, movie: &str, stars: &str, at: &str) -> Result<Record, String> {
    let time = fields::from_unix_seconds(fields::number("timestamp", at)?)
        .ok_or_else(|| format!("timestamp: expected Unix seconds, got \"{at}\""))?;
    Ok(Record::Interaction(NewInteraction {
        user_id: UserId::new(user).map_err(|error| error.to_string())?,
        resource_id: ResourceId::new(movie).map_err(|error| error.to_string())?,
        interaction_type: InteractionType::Rating,
        signals: Signals { rating: Some(fields::number("rating", stars)?), ..Signals::default() },
        at: Some(time),
    }))
}

fn split<'a, const N: usize>(line: &'a str, form: &str) -> Result<[&'a str; N], String> {
    let columns: Vec<&str> = line.split("::").collect();
    columns
        .try_into()
        .map_err(|_| format!("expected {form}, got \"{}\"", line.chars().take(80).collect::<String>()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::LocalFiles;

    #[test]
    fn bad_tags_are_reported_before_the_films_and_the_good_ones_are_texts() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("movies.csv", "movieId,title,genres\n1,Toy Story (1995),Adventure|Animation\n");
        write("ratings.csv", "userId,movieId,rating,timestamp\n7,1,4.5,1260759144\n");
        write("tags.csv", "userId,movieId,tag,timestamp\n1,1,pixar,0\n1,1,,0\n2,1,toys,0\n");
        let reader = MovielensReader::in_folder(folder.path()).unwrap();
        let mut records = reader.records(&LocalFiles);
        let error = records.next().unwrap().unwrap_err();
        assert!(error.to_string().ends_with("tags.csv:3: tag is empty; expected text"), "{error}");
        let Record::Resource { resource, has_all_links: false } = records.next().unwrap().unwrap().record
        else {
            unreachable!("expected the film");
        };
        assert_eq!((resource.text.as_str(), resource.subjects.len()), ("pixar\ntoys", 2));
        let rating = records.next().unwrap().unwrap();
        assert!(rating.location.to_string().ends_with("ratings.csv:2"));
        assert!(matches!(rating.record, Record::Interaction(rating) if rating.signals.rating == Some(4.5)));
        assert!(records.next().is_none());
    }

    #[test]
    fn only_a_plausible_year_at_the_end_of_a_title_is_a_year() {
        let year = |title| year_of(title).map(|time| time.format("%Y").to_string());
        assert_eq!(year("Toy Story (1995) ").as_deref(), Some("1995"));
        for title in ["Toy Story", "1984", "(500) Days of Summer", "Movie (12)", "Movie (1995"] {
            assert_eq!(year(title), None, "{title}");
        }
    }
}
