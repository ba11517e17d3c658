//! Pretrained embedders, and the change from one embedder to another.

#[path = "../../../embedders/tests/http/endpoint.rs"]
mod endpoint;

use std::iter;

use docent_domain::{Profile, Resource};
use docent_engine::{Degradation, Reloaded};
use docent_models::{EmbedderConfig, HttpConfig, SentenceTransformerConfig};
use docent_training::{EngineTrainer, TrainConfig, TrainError, Trainer};
use endpoint::{Endpoint, Reply};

use crate::library::{BOOKS, Library, id, user};

fn over_http(endpoint: &Endpoint) -> EmbedderConfig {
    EmbedderConfig::Http(HttpConfig { attempts: 1, ..HttpConfig::new(&endpoint.base_url, "letters") })
}

impl Library {
    fn trainer_with(&self, embedder: EmbedderConfig) -> Trainer {
        let config = TrainConfig { embedder, ..self.train_config() };
        self.engine.trainer(config)
    }

    async fn train_with(&self, embedder: EmbedderConfig) {
        self.trainer_with(embedder).run().await.unwrap().published.unwrap();
    }

    /// Returns the embedders whose vectors are in the store.
    async fn embedders(&self) -> Vec<String> {
        let query = "SELECT DISTINCT embedder FROM resource_embeddings ORDER BY embedder";
        self.engine.store().raw_sql(query).await.unwrap()
    }

    fn live_embedder(&self) -> String {
        self.engine.status().model.unwrap().embedder.unwrap().id
    }
}

#[tokio::test]
async fn vectors_are_of_the_former_embedder_until_a_model_of_the_new_one_is_live() {
    let library = Library::trained().await;
    let endpoint = Endpoint::start([]);
    let (engine, built_in) = (&library.engine, library.live_embedder());
    assert!(built_in.starts_with("lsa-128-"), "{built_in}");

    library.train_with(over_http(&endpoint)).await;
    assert_eq!(library.live_embedder(), built_in, "the model is published, not live");
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

    // One more text was embedded to find the length of a vector.
    assert_eq!(endpoint.asked().concat().len(), 1 + BOOKS + 2, "each text once");
    library.train_with(over_http(&endpoint)).await;
    assert_eq!(endpoint.asked().concat().len(), 1 + BOOKS + 2 + 1, "the store has the others");

    library.train_with(EmbedderConfig::default()).await;
    engine.reload().await.unwrap();
    assert!(library.live_embedder().starts_with("lsa-128-"));
    assert_eq!(
        (engine.status().vectors, library.embedders().await.len()),
        (BOOKS + 2, 0),
        "all vectors come with the model"
    );
}

#[tokio::test]
async fn while_an_endpoint_is_down_only_new_texts_lack_vectors() {
    let library = Library::read().await;
    let endpoint = Endpoint::start([]);
    library.train_with(over_http(&endpoint)).await;
    library.engine.reload().await.unwrap();
    endpoint.follow_with(iter::repeat_n(Reply::Status(500, "", "down"), 100));

    let outcomes = library.engine.ingest(vec![Resource::new(id("late"), "Sailing at night")]).await.unwrap();
    assert!(!outcomes[0].embedded);
    let sailor = Profile { research_domains: vec!["sailing".into()], ..Profile::default() };
    library.engine.put_profile(&user("ada"), &sailor).await.unwrap();
    let answer = library.recommend("ada").await;
    assert!(answer.degraded.contains(&Degradation::NoContentProfile) && !answer.recommendations.is_empty());
    assert!(!library.recommend("reader-1").await.degraded.contains(&Degradation::NoContentProfile));
    library.trainer_with(over_http(&endpoint)).run().await.unwrap_err();

    let engine = library.open_again().await;
    assert_eq!((engine.status().vectors, engine.status().resources), (BOOKS, BOOKS + 1));
    endpoint.follow_with([]);
    assert_eq!(library.open_again().await.status().vectors, BOOKS + 1, "the endpoint is up again");
}

#[tokio::test]
async fn the_domains_of_a_user_are_embedded_once_by_the_embedder_of_the_model() {
    let library = Library::read().await;
    let endpoint = Endpoint::start([]);
    library.train_with(over_http(&endpoint)).await;
    library.engine.reload().await.unwrap();
    let sailor = Profile { research_domains: vec!["sailing".into()], ..Profile::default() };
    library.engine.put_profile(&user("ada"), &sailor).await.unwrap();
    for _ in 0..2 {
        let answer = library.recommend("ada").await;
        assert!(!answer.degraded.contains(&Degradation::NoContentProfile), "{:?}", answer.degraded);
        assert!(answer.recommendations.iter().any(|r| r.scores.content.is_some_and(|score| score > 0.35)));
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
async fn an_endpoint_with_vectors_of_another_length_fails_a_run_and_no_vectors_mix() {
    let library = Library::read().await;
    let longer = r#"{"data": [{"embedding": [1, 2, 3, 4, 5]}]}"#;
    let endpoint = Endpoint::start([Reply::Body(longer.into())]);
    let error = library.trainer_with(over_http(&endpoint)).run().await.unwrap_err();
    assert!(matches!(&error, TrainError::Failed(_)), "{error}");
    assert!(library.engine.reload().await.unwrap() == Reloaded::Unchanged);
    assert!(library.embedders().await.iter().all(|embedder| embedder.starts_with("lsa")));
}

#[tokio::test]
async fn a_missing_sentence_transformer_fails_a_run() {
    let library = Library::read().await;
    let nowhere = SentenceTransformerConfig::new(library.folder.path().join("nowhere"));
    let trainer = library.trainer_with(EmbedderConfig::SentenceTransformer(nowhere));
    let error = trainer.run().await.unwrap_err();
    assert!(matches!(&error, TrainError::Failed(_)), "{error}");
}

#[tokio::test]
async fn texts_of_words_that_training_did_not_see_have_vectors() {
    let library = Library::trained().await;
    let new = [("zymurgy-1", "Zymurgy quaffing"), ("zymurgy-2", "Quaffing zymurgist"), ("blank", "???")];
    let new = new.map(|(name, title)| Resource::new(id(name), title)).to_vec();
    let outcomes = library.engine.ingest(new).await.unwrap();
    let embedded: Vec<bool> = outcomes.iter().map(|outcome| outcome.embedded).collect();
    assert_eq!(embedded, [true, true, false], "a text without words has none");
    let similar = library.engine.similar(&id("zymurgy-1"), 3).await.unwrap();
    assert_eq!(similar[0].resource_id, id("zymurgy-2"));
}
