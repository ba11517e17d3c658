//! MovieLens: the CSV form of the newer sets, and the `::` form of MovieLens 1M.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use anyhow::bail;
use chrono::{DateTime, Utc};
use docent::{InteractionType, NewInteraction, Resource, ResourceId, Signals, UserId};
use indicatif::ProgressBar;

use super::{
    Place, Sink,
    csv_files::{Columns, Row, Table},
    fields,
    lines::{Encoding, Lines},
};

const MOVIES: Columns = Columns { required: &["movieId", "title", "genres"], optional: &[] };
const RATINGS: Columns = Columns { required: &["userId", "movieId", "rating", "timestamp"], optional: &[] };
const TAGS: Columns = Columns { required: &["userId", "movieId", "tag", "timestamp"], optional: &[] };
const NO_GENRES: &str = "(no genres listed)";

/// The files of a folder.
pub enum Files {
    Csv { movies: PathBuf, ratings: PathBuf, tags: Option<PathBuf> },
    Dat { movies: PathBuf, ratings: PathBuf },
}

impl Files {
    pub fn find(folder: &Path) -> anyhow::Result<Self> {
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        match (file("movies.csv"), file("ratings.csv"), file("movies.dat"), file("ratings.dat")) {
            (Some(movies), Some(ratings), ..) => Ok(Self::Csv { movies, ratings, tags: file("tags.csv") }),
            (.., Some(movies), Some(ratings)) => Ok(Self::Dat { movies, ratings }),
            _ => bail!(
                "{}: expected movies.csv and ratings.csv, or movies.dat and ratings.dat (MovieLens 1M)",
                folder.display()
            ),
        }
    }

    pub fn all(&self) -> Vec<&PathBuf> {
        match self {
            Self::Csv { movies, ratings, tags } => [movies, ratings].into_iter().chain(tags).collect(),
            Self::Dat { movies, ratings } => vec![movies, ratings],
        }
    }
}

pub async fn read(files: &Files, sink: &mut Sink, bar: &ProgressBar) -> anyhow::Result<()> {
    match files {
        Files::Csv { movies, ratings, tags } => {
            let tags = match tags {
                Some(path) => read_tags(path, sink, bar)?,
                None => HashMap::new(),
            };
            let mut table = Table::open(movies, MOVIES, bar)?;
            while let Some((place, row)) = table.next()? {
                match row
                    .and_then(|row| film(row.required("movieId")?, row.required("title")?, row.get("genres")))
                {
                    Ok(film) => {
                        let text = tags.get(&film.id).cloned().unwrap_or_default();
                        sink.resource(Resource { text, ..film }, false, place).await?;
                    }
                    Err(why) => sink.bad(&place, why)?,
                }
            }
            let mut table = Table::open(ratings, RATINGS, bar)?;
            while let Some((place, row)) = table.next()? {
                let read = |row: Row<'_>| {
                    let [user, movie, stars, at] = ["userId", "movieId", "rating", "timestamp"]
                        .map(|column| row.get(column).unwrap_or_default());
                    rating(user, movie, stars, at)
                };
                take(sink, place, row.and_then(read)).await?;
            }
        }
        Files::Dat { movies, ratings } => {
            let mut lines = Lines::open(movies, Encoding::Latin1, bar)?;
            while let Some((place, line)) = lines.next()? {
                let read = |line: String| {
                    let [id, title, genres] = columns(&line, "movie::title::genres")?;
                    film(id, title, Some(genres))
                };
                match line.map_err(str::to_owned).and_then(read) {
                    Ok(film) => sink.resource(film, false, place).await?,
                    Err(why) => sink.bad(&place, why)?,
                }
            }
            let mut lines = Lines::open(ratings, Encoding::Latin1, bar)?;
            while let Some((place, line)) = lines.next()? {
                let read = |line: String| {
                    let [user, movie, stars, at] = columns(&line, "user::movie::rating::timestamp")?;
                    rating(user, movie, stars, at)
                };
                take(sink, place, line.map_err(str::to_owned).and_then(read)).await?;
            }
        }
    }
    Ok(())
}

async fn take(sink: &mut Sink, place: Place, read: Result<NewInteraction, String>) -> anyhow::Result<()> {
    match read {
        Ok(interaction) => sink.interaction(interaction, place).await,
        Err(why) => sink.bad(&place, why),
    }
}

/// The tags of each film, one a line, in the order of the file: one that many people gave counts as often.
fn read_tags(path: &Path, sink: &mut Sink, bar: &ProgressBar) -> anyhow::Result<HashMap<ResourceId, String>> {
    let mut tags: HashMap<ResourceId, String> = HashMap::new();
    let mut table = Table::open(path, TAGS, bar)?;
    while let Some((place, row)) = table.next()? {
        match row.and_then(|row| Ok((row.id("movieId")?, row.required("tag")?))) {
            Ok((film, tag)) => {
                let text = tags.entry(film).or_default();
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(tag);
            }
            Err(why) => sink.bad(&place, why)?,
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

/// The year at the end of a title, as in `Toy Story (1995)`.
fn year_of(title: &str) -> Option<DateTime<Utc>> {
    let (_, year) = title.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    fields::year(year.parse().ok().filter(|year| (1_800..2_200).contains(year))?)
}

fn rating(user: &str, movie: &str, stars: &str, at: &str) -> Result<NewInteraction, String> {
    let number = |name: &str, text: &str| {
        text.parse::<f64>().map_err(|_| format!("{name}: expected a number, got \"{text}\""))
    };
    let wrong_time = || format!("timestamp: expected Unix seconds, got \"{at}\"");
    Ok(NewInteraction {
        user_id: UserId::new(user).map_err(|error| error.to_string())?,
        resource_id: ResourceId::new(movie).map_err(|error| error.to_string())?,
        interaction_type: InteractionType::Rating,
        signals: Signals { rating: Some(number("rating", stars)?), ..Signals::default() },
        at: fields::seconds_since_1970(number("timestamp", at)?).ok_or_else(wrong_time)?,
    })
}

fn columns<'a, const N: usize>(line: &'a str, form: &str) -> Result<[&'a str; N], String> {
    let columns: Vec<&str> = line.split("::").collect();
    columns
        .try_into()
        .map_err(|_| format!("expected {form}, got \"{}\"", line.chars().take(80).collect::<String>()))
}
