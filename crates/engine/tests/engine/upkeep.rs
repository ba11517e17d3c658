//! Recovery after failures, and removal of outdated vectors.

use docent_domain::Resource;
use docent_engine::Engine;

use crate::library::{Library, id};

/// Makes the store refuse every vector.
async fn refuse_vectors(engine: &Engine) {
    let refuse = "CREATE TRIGGER refusal BEFORE INSERT ON resource_embeddings \
                  BEGIN SELECT RAISE(ABORT, 'no room'); END";
    engine.store().raw_sql(refuse).await.unwrap();
}

async fn embedders(engine: &Engine) -> Vec<String> {
    engine.store().raw_sql("SELECT DISTINCT embedder FROM resource_embeddings").await.unwrap()
}

#[tokio::test]
async fn vectors_that_could_not_be_stored_are_made_by_the_next_call() {
    let library = Library::empty().await;
    let engine = &library.engine;
    refuse_vectors(engine).await;
    engine.ingest(vec![Resource::new(id("early"), "Sailing at night")]).await.unwrap_err();
    engine.refresh().await.unwrap_err();
    assert_eq!((engine.status().resources, engine.status().vectors), (1, 0));
    engine.store().raw_sql("DROP TRIGGER refusal").await.unwrap();
    assert_eq!(engine.refresh().await.unwrap(), 0, "nothing changed");
    assert_eq!(engine.status().vectors, 1);
}

#[tokio::test]
async fn vectors_of_former_embedders_are_removed_when_a_new_one_is_live() {
    let library = Library::read().await;
    let untrained = embedders(&library.engine).await;
    let library = library.with_model().await;
    assert!(embedders(&library.engine).await.is_empty(), "the vectors come with the model");
    library.engine.ingest(vec![Resource::new(id("fresh"), "Pottery glazes")]).await.unwrap();
    let trained = embedders(&library.engine).await;
    assert!(untrained.len() == 1 && trained.len() == 1 && untrained != trained, "{untrained:?} {trained:?}");
}

#[tokio::test]
async fn a_start_without_a_model_embeds_nothing_again() {
    let library = Library::read().await;
    refuse_vectors(&library.engine).await;
    let again = library.open_again().await;
    assert_eq!(again.status().vectors, library.engine.status().vectors);
    assert_eq!(again.status().vectors, again.status().resources);
}

#[tokio::test]
async fn a_first_start_with_a_model_embeds_nothing() {
    let library = Library::trained().await;
    refuse_vectors(&library.engine).await;
    let again = library.open_again().await;
    assert_eq!(again.status().vectors, library.engine.status().vectors);
}
