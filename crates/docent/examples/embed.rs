//! Recommendations inside an application of your own: no server, one folder.
//!
//! `cargo run --release -p docent --example embed`
#![allow(clippy::print_stdout)]

use docent::{chrono::Utc, prelude::*};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let engine = Engine::open(EngineConfig::in_folder(folder.path())).await?;

    // A shelf of books on two subjects, and readers who keep to one of them.
    let mut books = Vec::new();
    for n in 0..40 {
        let subject = ["astronomy", "gardening"][n % 2];
        let mut book = Resource::new(format!("book-{n}").parse()?, format!("Notes on {subject}, volume {n}"));
        book.subjects = vec![subject.to_owned()];
        books.push(book);
    }
    engine.ingest(books).await?;
    let mut read = Vec::new();
    for reader in 0..30 {
        for n in (0..40).filter(|n| n % 2 == reader % 2 && (n * 7 + reader * 3) % 5 < 3) {
            let user = UserId::new(format!("reader-{reader}"))?;
            let book = ResourceId::new(format!("book-{n}"))?;
            read.push(NewInteraction::collection_add(user, book, Utc::now()));
        }
    }
    engine.record(&read).await?;

    let report = engine.trainer(TrainConfig::default()).run().await?;
    engine.reload().await?;
    println!("published {:?}", report.published);

    let answer = engine.recommend(RecommendRequest::new("reader-3".parse()?).limit(5)).await?;
    for found in &answer.recommendations {
        println!("{:.3}  {}  because {:?}", found.score, found.title, found.reasons.first());
    }
    engine.close().await?;
    Ok(())
}
