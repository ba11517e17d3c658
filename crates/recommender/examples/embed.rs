//! Recommendations inside an application of your own: no server, one folder.
//!
//! `cargo run --release -p docent --example embed`
#![allow(clippy::print_stdout)]

use docent::{
    Engine, EngineConfig, InteractionType, NewInteraction, RecommendRequest, Resource, Signals, TrainConfig,
    Trainer, UserId,
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let config = EngineConfig::in_folder(folder.path());
    let engine = Engine::open(config.clone()).await?;

    // A shelf of books on two subjects, and readers who keep to one of them.
    for n in 0..40 {
        let subject = ["astronomy", "gardening"][n % 2];
        let mut book = Resource::new(format!("book-{n}").parse()?, format!("Notes on {subject}, volume {n}"));
        book.subjects = vec![subject.to_owned()];
        engine.ingest(vec![book]).await?;
    }
    for reader in 0..30 {
        for n in (0..40).filter(|n| n % 2 == reader % 2 && (n * 7 + reader * 3) % 5 < 3) {
            let read = NewInteraction {
                user_id: format!("reader-{reader}").parse()?,
                resource_id: format!("book-{n}").parse()?,
                interaction_type: InteractionType::CollectionAdd,
                signals: Signals::default(),
                at: chrono::Utc::now(),
            };
            engine.record(&[read], None).await?;
        }
    }

    let trainer = Trainer::with_store(engine.store().clone(), &config.snapshots, TrainConfig::default());
    let report = trainer.run(Box::new(())).await?;
    engine.reload().await?;
    println!("published {:?}", report.published);

    let reader: UserId = "reader-3".parse()?;
    let answer = engine.recommend(RecommendRequest { limit: 5, ..RecommendRequest::new(reader) }).await?;
    for found in &answer.recommendations {
        println!("{:.3}  {}  because {:?}", found.score, found.title, found.reasons.first());
    }
    engine.close().await?;
    Ok(())
}
