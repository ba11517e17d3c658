//! What an answer says of itself: neighbours, reasons and the components behind a score.
#![allow(clippy::unwrap_used, missing_docs)]

use docent::{Engine, EngineConfig, Link, Resource, ResourceId};
use tempfile::TempDir;

/// Says nothing, so it has no vector.
const SILENT: &str = "the";

async fn library(resources: Vec<Resource>) -> (TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(EngineConfig::in_folder(folder.path())).await.unwrap();
    engine.ingest(resources).await.unwrap();
    (folder, engine)
}

fn id(id: &str) -> ResourceId {
    id.parse().unwrap()
}

fn link(target: &str, kind: &str, weight: f64) -> Link {
    Link { target: id(target), kind: kind.into(), weight }
}

#[tokio::test]
async fn the_neighbours_of_a_hub_are_those_it_is_linked_to_most() {
    let mut hub = Resource::new(id("hub"), SILENT);
    hub.links = (0..400).map(|n| link(&format!("leaf-{n}"), "cites", f64::from(n + 1) / 400.0)).collect();
    let leaf = |n: u32| Resource::new(id(&format!("leaf-{n}")), SILENT);
    let (_folder, engine) = library((0..400).map(leaf).chain([hub]).collect()).await;
    let near = engine.similar(&id("hub"), 100).await.unwrap();
    let found: Vec<String> = near.iter().map(|found| found.resource_id.to_string()).collect();
    let expected: Vec<String> = (300..400).rev().map(|n| format!("leaf-{n}")).collect();
    assert_eq!(found, expected);
}
