//! Loading of published models, and engines that share a folder.

use std::{collections::HashSet, fs};

use chrono::Utc;
use docent_domain::{Feedback, Resource, ResourceChange};
use docent_engine::Error;
use docent_models::ModelError;
use docent_snapshot::SnapshotError;

use crate::library::{Library, book, id, ids, like, request};

/// Returns the error of a snapshot that caused an error of the engine.
fn snapshot_error(error: &Error) -> &SnapshotError {
    let Error::Model(cause) = error else { panic!("{error:?}") };
    match (cause.downcast_ref::<SnapshotError>(), cause.downcast_ref::<ModelError>()) {
        (Some(error), _) | (None, Some(ModelError::Snapshot(error))) => error,
        _ => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_damaged_snapshot_is_named_and_the_live_model_stays() {
    let library = Library::trained().await;
    let live = library.engine.status().model_version.unwrap();
    let broken = library.train().await;
    let file = library.snapshots().join(&broken).join("vectors.safetensors");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let error = library.engine.reload().await.unwrap_err();
    assert!(matches!(snapshot_error(&error), SnapshotError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains("vectors.safetensors"), "{error}");

    fs::write(&file, &bytes).unwrap();
    let manifest = library.snapshots().join(&broken).join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"format_version\": 3", "\"format_version\": 99")).unwrap();
    let error = library.engine.reload().await.unwrap_err();
    assert!(matches!(snapshot_error(&error), SnapshotError::NewerFormat { found: 99, .. }), "{error:?}");

    fs::remove_file(library.snapshots().join("CURRENT")).unwrap();
    let error = library.engine.reload().await.unwrap_err();
    assert!(matches!(snapshot_error(&error), SnapshotError::MissingCurrent { .. }), "{error:?}");
    assert_eq!(library.engine.status().model_version.as_ref(), Some(&live));
    assert_eq!(library.recommend("reader-1").await.model_version, Some(live));

    let reopened = library.open_again().await;
    assert_eq!(reopened.status().model_version, None);
    assert_eq!(reopened.recommend(request("reader-1")).await.unwrap().recommendations.len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_while_a_model_is_loaded_has_changed_when_it_is_live() {
    let library = Library::trained().await;
    let engine = library.engine.clone();
    let published = library.train().await;
    let reloading = tokio::spawn({
        let engine = engine.clone();
        async move { engine.reload().await }
    });
    let hidden = ResourceChange { hidden: Some(true), ..ResourceChange::default() };
    for n in 0..20 {
        engine.change_resource(&id(&format!("book-{n}")), &hidden).await.unwrap();
        engine.ingest(vec![book(100 + n)]).await.unwrap();
        engine.record(&[like("ada", &format!("book-{}", 100 + n), n as i64)]).await.unwrap();
        engine.delete_resource(&id(&format!("book-{}", 20 + n))).await.unwrap();
    }
    reloading.await.unwrap().unwrap();
    assert_eq!(engine.status().model_version, Some(published));
    engine.refresh().await.unwrap();
    // Users are kept under the keys of the catalogue, which must stay the same.
    let listed = engine.recommend(request("ada").limit(100)).await.unwrap();
    let listed: HashSet<&str> = ids(&listed).into_iter().collect();
    let expected: Vec<String> = (40..80).map(|n| format!("book-{n}")).collect();
    assert_eq!(listed, expected.iter().map(String::as_str).collect());
    let newcomer = engine.recommend(request("bob").limit(100)).await.unwrap();
    assert_eq!(newcomer.recommendations.len(), 60, "the new books are there, too");
    assert!(engine.status().vectors >= 60);
}

#[tokio::test]
async fn an_engine_that_is_opened_again_gives_the_same_answer() {
    let library = Library::trained().await;
    let before = library.recommend("reader-1").await;
    library.engine.close().await.unwrap();
    let after = library.open_again().await.recommend(request("reader-1")).await.unwrap();
    assert_eq!(ids(&before), ids(&after));
}

#[tokio::test]
async fn a_refresh_applies_the_changes_of_another_process() {
    let library = Library::trained().await;
    let other = library.open_again().await;
    other.ingest(vec![Resource::new(id("elsewhere"), "Pottery, from elsewhere")]).await.unwrap();
    other.delete_resource(&id("book-1")).await.unwrap();
    assert_eq!(library.engine.refresh().await.unwrap(), 2);
    assert!(library.engine.similar(&id("elsewhere"), 1).await.unwrap()[0].title.starts_with("pottery"));
    assert!(library.engine.similar(&id("book-1"), 1).await.is_err());
}

#[tokio::test]
async fn impressions_are_stored_and_completed_by_feedback() {
    let library = Library::trained().await;
    let answer = library.recommend("reader-1").await;
    let shown = answer.recommendations[2].clone();
    let feedback = Feedback {
        recommendation_id: answer.recommendation_id.clone(),
        user_id: None,
        resource_id: shown.resource_id.clone(),
        was_clicked: true,
        was_useful: Some(false),
        notes: None,
        at: Utc::now(),
    };
    library.engine.feedback(&feedback).await.unwrap();
    library.engine.close().await.unwrap();
    let again = library.open_again().await;
    let rows = again.store().feedback_of(&answer.recommendation_id).await.unwrap();
    assert_eq!(rows.len(), 20);
    let row = rows.iter().find(|row| row.resource_id == shown.resource_id).unwrap();
    assert_eq!((row.rank, row.was_clicked, row.was_useful), (Some(3), Some(true), Some(false)));
    let unknown = Feedback { resource_id: id("nothing"), ..feedback };
    let refused = again.feedback(&unknown).await;
    assert!(matches!(refused, Err(Error::NotFound { what: "resource", .. })), "{refused:?}");
}
