//! Neighbours of resources, and the reasons in answers.

use chrono::{TimeDelta, Utc};
use docent_domain::{Link, Profile, Resource, ResourceChange, ResourceId, Strategy};
use docent_engine::{Answer, Engine, EngineConfig};
use docent_ranker::Reason;
use tempfile::TempDir;

use crate::library::{id, like, request};

/// Title without a word that is embedded, so the resource has no vector.
const SILENT: &str = "the";

async fn library(resources: Vec<Resource>) -> (TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(EngineConfig::in_folder(folder.path())).await.unwrap();
    engine.ingest(resources).await.unwrap();
    (folder, engine)
}

fn link(target: &str, kind: &str, weight: f64) -> Link {
    Link { target: id(target), kind: kind.into(), weight }
}

#[tokio::test]
async fn the_neighbours_of_a_hub_are_those_with_the_strongest_links() {
    let mut hub = Resource::new(id("hub"), SILENT);
    hub.links = (0..400).map(|n| link(&format!("leaf-{n}"), "cites", f64::from(n + 1) / 400.0)).collect();
    let leaf = |n: u32| Resource::new(id(&format!("leaf-{n}")), SILENT);
    let (_folder, engine) = library((0..400).map(leaf).chain([hub]).collect()).await;
    let near = engine.similar(&id("hub"), 100).await.unwrap();
    let found: Vec<String> = near.iter().map(|found| found.resource_id.to_string()).collect();
    let expected: Vec<String> = (300..400).rev().map(|n| format!("leaf-{n}")).collect();
    assert_eq!(found, expected);
}

fn reasons_of(answer: &Answer, resource: &str) -> Vec<Reason<ResourceId>> {
    let found = answer.recommendations.iter().find(|r| r.resource_id == id(resource));
    found.map(|found| found.reasons.clone()).unwrap()
}

#[tokio::test]
async fn a_resource_that_is_reached_through_others_names_the_seed() {
    let cites = |what: &str, cited: &str| {
        let mut paper = Resource::new(id(what), SILENT);
        paper.links = vec![link(cited, "citation", 1.0)];
        paper
    };
    let papers = vec![
        Resource::new(id("liked"), SILENT),
        cites("between", "liked"),
        cites("far", "between"),
        Resource::new(id("liked too"), SILENT),
        cites("elsewhere", "liked too"),
    ];
    let (_folder, engine) = library(papers).await;
    engine.record(&[like("ada", "liked", 0), like("ada", "liked too", 0)]).await.unwrap();
    let answer = engine.recommend(request("ada").strategy(Strategy::Graph)).await.unwrap();
    assert_eq!(reasons_of(&answer, "between"), [Reason::Cites { resource: id("liked") }]);
    let far = reasons_of(&answer, "far");
    assert!(
        matches!(&far[..], [Reason::SimilarTo { resource, weight }]
            if *resource == id("liked") && *weight > 0.0 && *weight < 1.0),
        "{far:?}"
    );
}

#[tokio::test]
async fn a_liked_resource_that_was_hidden_since_is_not_named() {
    let mut citing = Resource::new(id("citing"), SILENT);
    citing.links = vec![link("liked", "citation", 1.0), link("liked too", "citation", 1.0)];
    let papers = vec![citing, Resource::new(id("liked"), SILENT), Resource::new(id("liked too"), SILENT)];
    let (_folder, engine) = library(papers).await;
    engine.record(&[like("ada", "liked", 0)]).await.unwrap();
    for is_hidden in [false, true] {
        let answer = engine.recommend(request("ada")).await.unwrap();
        let named = reasons_of(&answer, "citing").contains(&Reason::Cites { resource: id("liked") });
        assert_eq!(named, !is_hidden);
        let hide = ResourceChange { hidden: Some(true), ..ResourceChange::default() };
        engine.change_resource(&id("liked"), &hide).await.unwrap();
    }
}

#[tokio::test]
async fn only_a_domain_that_is_named_matches() {
    let on = |what: &str, title: &str, subject: &str| {
        let mut book = Resource::new(id(what), title);
        book.subjects = vec![subject.to_owned()];
        book
    };
    let books = vec![
        on("subject", "Knots", "Sailing"),
        on("title", "The art of sailing", "boats"),
        on("neither", "Gardening of boats", "boats"),
        on("nothing", "Pottery", "pottery"),
    ];
    let (_folder, engine) = library(books).await;
    let sailor =
        Profile { research_domains: vec!["sailing boats".into(), "sailing".into()], ..Profile::default() };
    engine.put_profile(&"ada".parse().unwrap(), &sailor).await.unwrap();
    let answer = engine.recommend(request("ada")).await.unwrap();
    let matched = [Reason::MatchesDomain { domain: "sailing".into() }];
    assert_eq!(reasons_of(&answer, "subject"), matched);
    assert_eq!(reasons_of(&answer, "title"), matched);
    assert!(reasons_of(&answer, "neither").is_empty() && reasons_of(&answer, "nothing").is_empty());
}

#[tokio::test]
async fn only_popular_and_new_resources_are_called_so() {
    let published = |what: &str, days: i64| {
        let mut book = Resource::new(id(what), SILENT);
        book.published_at = Some(Utc::now() - TimeDelta::days(days));
        book
    };
    let mut books = vec![published("old", 4_000), published("new", 20), published("two", 4_000)];
    books.extend((0..20).map(|n| published(&format!("other-{n}"), 4_000)));
    let (_folder, engine) = library(books).await;
    for reader in ["ada", "bob"] {
        engine.record(&[like(reader, "two", 0)]).await.unwrap();
    }
    for reader in 0..9 {
        engine.record(&[like(&format!("reader-{reader}"), "old", 0)]).await.unwrap();
    }
    engine.refresh().await.unwrap();
    let answer = engine.recommend(request("newcomer").limit(100)).await.unwrap();
    assert_eq!(reasons_of(&answer, "old"), [Reason::Popular]);
    assert_eq!(reasons_of(&answer, "new"), [Reason::New]);
    assert!(reasons_of(&answer, "two").is_empty() && reasons_of(&answer, "other-3").is_empty());
}
