//! Other embedders than the built-in one, and the change from one to another.

#[path = "../../../crates/embedders/tests/http/endpoint.rs"]
mod endpoint;

use std::iter;

use docent::{
    Degradation, EmbedderConfig, Engine, EngineConfig, HttpConfig, Profile, Reloaded, Resource,
    SentenceTransformerConfig, TrainConfig, TrainError, Trainer,
};
use endpoint::{Endpoint, Reply};

use crate::{BOOKS, Library, id, user};

fn over_http(endpoint: &Endpoint) -> EmbedderConfig {
    EmbedderConfig::Http(HttpConfig { attempts: 1, ..HttpConfig::new(&endpoint.base_url, "letters") })
}

impl Library {
    fn trainer_with(&self, embedder: EmbedderConfig) -> Trainer {
        let config = TrainConfig { embedder, ..self.train_config() };
        Trainer::with_store(self.engine.store().clone(), self.snapshots(), config)
    }

    async fn train_with(&self, embedder: EmbedderConfig) {
        self.trainer_with(embedder).run(Box::new(())).await.unwrap().published.unwrap();
    }

    /// The embedders that the store keeps vectors of.
    async fn embedders(&self) -> Vec<String> {
        let query = "SELECT DISTINCT embedder FROM resource_embeddings ORDER BY embedder";
        self.engine.store().raw_sql(query).await.unwrap()
    }

    fn live_embedder(&self) -> String {
        self.engine.status().model.unwrap().embedder.unwrap().id
    }
}

#[tokio::test]
async fn vectors_are_of_the_old_embedder_until_a_model_of_the_new_one_is_live_and_then_all_of_the_new() {
    let library = Library::trained().await;
    let endpoint = Endpoint::start([]);
    let (engine, built_in) = (&library.engine, library.live_embedder());
    assert!(built_in.starts_with("lsa-128-"), "{built_in}");

    library.train_with(over_http(&endpoint)).await;
    assert_eq!(library.live_embedder(), built_in, "it is published, not live");
    engine.ingest(vec![Resource::new(id("early"), "Sailing at night")]).await.unwrap();
    let embedders = library.embedders().await;
    assert!(embedders.len() == 2 && embedders.contains(&built_in), "{embedders:?}");
    assert!(engine.similar(&id("early"), 5).await.unwrap().iter().all(|s| s.title.starts_with("sailing")));

    assert!(matches!(engine.reload().await.unwrap(), Reloaded::Swapped(_)));
    let remote = library.live_embedder();
    assert!(remote.starts_with("http-letters-4-"), "{remote}");
    engine.ingest(vec![Resource::new(id("late"), "Pottery at night")]).await.unwrap();
    assert_eq!(library.embedders().await, std::slice::from_ref(&remote));
    assert_eq!(engine.status().vectors, BOOKS + 2);
    assert!(!engine.similar(&id("late"), 5).await.unwrap().is_empty());

    // One was asked for to see how long a vector is.
    let asked = || endpoint.asked().concat().len();
    assert_eq!(asked(), 1 + BOOKS + 2, "each text once");
    library.train_with(over_http(&endpoint)).await;
    assert_eq!(asked(), 1 + BOOKS + 2 + 1, "the store kept the others");

    library.train_with(EmbedderConfig::default()).await;
    engine.reload().await.unwrap();
    assert!(library.live_embedder().starts_with("lsa-128-"));
    assert_eq!(
        (engine.status().vectors, library.embedders().await.len()),
        (BOOKS + 2, 0),
        "the model brings all"
    );
}

#[tokio::test]
async fn an_endpoint_that_is_down_costs_new_texts_their_vectors_and_nothing_else() {
    let library = Library::read().await;
    let endpoint = Endpoint::start([]);
    library.train_with(over_http(&endpoint)).await;
    library.engine.reload().await.unwrap();
    endpoint.follow_with(iter::repeat_n(Reply::Status(500, "", "down"), 100));

    let outcomes = library.engine.ingest(vec![Resource::new(id("late"), "Sailing at night")]).await.unwrap();
    assert!(!outcomes[0].embedded);
    let sailor = Profile { research_domains: vec!["sailing".into()], ..Profile::default() };
    library.engine.put_profile(&user("ada"), &sailor).await.unwrap();
    let answer = library.ask("ada").await;
    assert!(answer.degraded.contains(&Degradation::NoContentProfile) && !answer.recommendations.is_empty());
    assert!(!library.ask("reader-1").await.degraded.contains(&Degradation::NoContentProfile));
    library.trainer_with(over_http(&endpoint)).run(Box::new(())).await.unwrap_err();

    let restarted = || Engine::open(EngineConfig::in_folder(library.folder.path()));
    let engine = restarted().await.unwrap();
    assert_eq!((engine.status().vectors, engine.status().resources), (BOOKS, BOOKS + 1));
    endpoint.follow_with([]);
    assert_eq!(restarted().await.unwrap().status().vectors, BOOKS + 1, "it is up again");
}

#[tokio::test]
async fn what_a_user_works_on_is_embedded_by_the_embedder_of_the_model_once() {
    let library = Library::read().await;
    let endpoint = Endpoint::start([]);
    library.train_with(over_http(&endpoint)).await;
    library.engine.reload().await.unwrap();
    let sailor = Profile { research_domains: vec!["sailing".into()], ..Profile::default() };
    library.engine.put_profile(&user("ada"), &sailor).await.unwrap();
    for _ in 0..2 {
        let answer = library.ask("ada").await;
        assert!(!answer.degraded.contains(&Degradation::NoContentProfile), "{:?}", answer.degraded);
        assert!(answer.recommendations.iter().any(|r| r.scores.content.is_some_and(|score| score > 0.5)));
    }
    let asked = endpoint.asked().concat();
    assert_eq!(
        asked.iter().filter(|text| text.starts_with("sailing\nsailing")).count(),
        1,
        "{:?}",
        asked.last()
    );
}

#[tokio::test]
async fn an_endpoint_that_gives_other_vectors_than_before_ends_a_run_and_mixes_nothing() {
    let library = Library::read().await;
    let longer = r#"{"data": [{"embedding": [1, 2, 3, 4, 5]}]}"#;
    let endpoint = Endpoint::start([Reply::Body(longer.into())]);
    let error = library.trainer_with(over_http(&endpoint)).run(Box::new(())).await.unwrap_err();
    assert!(matches!(&error, TrainError::Failed(_)), "{error}");
    assert!(library.engine.reload().await.unwrap() == Reloaded::Unchanged);
    assert!(library.embedders().await.iter().all(|embedder| embedder.starts_with("lsa")));
}

#[tokio::test]
async fn a_sentence_transformer_that_is_not_there_ends_a_run() {
    let library = Library::read().await;
    let nowhere = SentenceTransformerConfig::new(library.folder.path().join("nowhere"));
    let trainer = library.trainer_with(EmbedderConfig::SentenceTransformer(nowhere));
    let error = trainer.run(Box::new(())).await.unwrap_err();
    assert!(matches!(&error, TrainError::Failed(_)), "{error}");
}

#[tokio::test]
async fn words_that_came_after_the_training_still_make_vectors() {
    let library = Library::trained().await;
    let new = [("zymurgy-1", "Zymurgy quaffing"), ("zymurgy-2", "Quaffing zymurgist"), ("blank", "???")];
    let new = new.map(|(name, title)| Resource::new(id(name), title)).to_vec();
    let outcomes = library.engine.ingest(new).await.unwrap();
    let embedded: Vec<bool> = outcomes.iter().map(|outcome| outcome.embedded).collect();
    assert_eq!(embedded, [true, true, false], "what holds no word says so");
    let similar = library.engine.similar(&id("zymurgy-1"), 3).await.unwrap();
    assert_eq!(similar[0].resource_id, id("zymurgy-2"));
}
