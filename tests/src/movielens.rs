//! MovieLens "latest small" as domain values, where its folder exists.

use std::{fs::File, path::PathBuf};

use anyhow::Context;
use chrono::{DateTime, TimeZone, Utc};
use docent::{InteractionType, NewInteraction, Resource, Signals};

/// Returns the folder of the data set, which may be missing.
pub fn folder() -> PathBuf {
    docent_test_support::data_folder().join("ml-latest-small")
}

/// Returns films and ratings.
///
/// # Errors
/// Fails if a file is missing or not as expected.
pub fn load() -> anyhow::Result<(Vec<Resource>, Vec<NewInteraction>)> {
    let folder = folder();
    let mut films = Vec::new();
    for row in csv::Reader::from_reader(File::open(folder.join("movies.csv"))?).deserialize() {
        let (id, title, genres): (String, String, String) = row?;
        let mut film = Resource::new(id.parse()?, title);
        film.subjects = genres.split('|').filter(|g| !g.starts_with('(')).map(str::to_owned).collect();
        film.published_at = year(&film.title);
        films.push(film);
    }
    let mut ratings = Vec::new();
    for row in csv::Reader::from_reader(File::open(folder.join("ratings.csv"))?).deserialize() {
        let (user, film, stars, seconds): (String, String, f64, i64) = row?;
        ratings.push(NewInteraction {
            user_id: user.parse()?,
            resource_id: film.parse()?,
            interaction_type: InteractionType::Rating,
            signals: Signals { rating: Some(stars), ..Signals::default() },
            at: Some(DateTime::from_timestamp(seconds, 0).context("a time out of range")?),
        });
    }
    ratings.sort_by_key(|rating| rating.at);
    Ok((films, ratings))
}

fn year(title: &str) -> Option<DateTime<Utc>> {
    let year: i32 = title.trim_end().strip_suffix(')')?.rsplit('(').next()?.parse().ok()?;
    Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single()
}
