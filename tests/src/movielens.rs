//! MovieLens "latest small" as domain values, where its folder exists.
#![allow(clippy::print_stderr, reason = "a skipped test must say so")]

use std::{fs::File, path::PathBuf};

use anyhow::Context;
use chrono::{DateTime, TimeZone, Utc};
use docent::{InteractionType, NewInteraction, Resource, Signals};

/// Returns the folder of real data sets: `DOCENT_DATA`, or `../shared/data` beside the project.
pub fn data_folder() -> PathBuf {
    std::env::var_os("DOCENT_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from)
}

/// Returns films and ratings, or `None` with a message on standard error where the folder is
/// missing.
pub fn load() -> anyhow::Result<Option<(Vec<Resource>, Vec<NewInteraction>)>> {
    let folder = data_folder().join("ml-latest-small");
    if !folder.is_dir() {
        eprintln!("SKIPPED: {} is not there; set DOCENT_DATA to run this test", folder.display());
        return Ok(None);
    }
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
            at: DateTime::from_timestamp(seconds, 0).context("a time out of range")?,
        });
    }
    ratings.sort_by_key(|rating| rating.at);
    Ok(Some((films, ratings)))
}

fn year(title: &str) -> Option<DateTime<Utc>> {
    let year: i32 = title.trim_end().strip_suffix(')')?.rsplit('(').next()?.parse().ok()?;
    Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single()
}
