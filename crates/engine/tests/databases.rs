//! The main job on both databases. Without PostgreSQL its half is reported as ignored.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

#[path = "engine/library.rs"]
mod library;

use std::process::ExitCode;

use anyhow::Result;
use docent_domain::UnitInterval;
use docent_test_support::{Database, run, trials};
use library::{Library, ids, like, request, subject_share};

async fn a_trained_model_knows_the_taste_of_every_reader(database: &Database) -> Result<()> {
    let library = Library::empty_at(database.url()).await.with_books().await.with_readers().await;
    let library = library.with_model().await;
    for reader in [0, 5, 10, 15] {
        let by_score =
            request(&format!("reader-{reader}")).limit(5).diversity(UnitInterval::new("diversity", 0.0)?);
        let answer = library.engine.recommend(by_score).await?;
        assert!(subject_share(&answer, reader % 4) > 0.9, "reader {reader}: {:?}", ids(&answer));
        assert!(answer.recommendations.iter().all(|r| !r.reasons.is_empty()));
    }
    let before = subject_share(&library.recommend("ada").await, 2);
    for n in [2, 6, 10, 14, 18] {
        library.engine.record(&[like("ada", &format!("book-{n}"), n)]).await?;
    }
    assert!(subject_share(&library.recommend("ada").await, 2) > before + 0.2);
    library.engine.close().await?;
    Ok(())
}

fn main() -> ExitCode {
    run(trials!(a_trained_model_knows_the_taste_of_every_reader))
}
