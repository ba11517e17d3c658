//! What an answer says of itself: neighbours, reasons and the components behind a score.
#![allow(clippy::unwrap_used, missing_docs)]

use chrono::{TimeDelta, Utc};
use docent::{
    Answer, Engine, EngineConfig, InteractionType, Link, NewInteraction, Profile, Reason, RecommendRequest,
    Resource, ResourceId, Signals, Strategy,
};
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

fn like(who: &str, what: &str) -> NewInteraction {
    NewInteraction {
        user_id: who.parse().unwrap(),
        resource_id: id(what),
        interaction_type: InteractionType::CollectionAdd,
        signals: Signals::default(),
        at: Utc::now(),
    }
}

fn request(who: &str) -> RecommendRequest {
    RecommendRequest::new(who.parse().unwrap())
}

fn reasons_of(answer: &Answer, what: &str) -> Vec<Reason<ResourceId>> {
    let found = answer.recommendations.iter().find(|r| r.resource_id == id(what));
    found.map(|found| found.reasons.clone()).unwrap()
}

#[tokio::test]
async fn what_is_reached_through_others_names_what_it_was_reached_from() {
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
    engine.record(&[like("ada", "liked"), like("ada", "liked too")], None).await.unwrap();
    let ask = RecommendRequest { strategy: Strategy::Graph, ..request("ada") };
    let answer = engine.recommend(ask).await.unwrap();
    assert_eq!(reasons_of(&answer, "between"), [Reason::Cites { resource: id("liked") }]);
    let far = reasons_of(&answer, "far");
    assert!(
        matches!(&far[..], [Reason::SimilarTo { resource, weight }]
            if *resource == id("liked") && *weight > 0.0 && *weight < 1.0),
        "{far:?}"
    );
}

#[tokio::test]
async fn only_a_domain_that_is_named_is_said_to_match() {
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
async fn only_what_is_popular_or_new_is_said_to_be() {
    let published = |what: &str, days: i64| {
        let mut book = Resource::new(id(what), SILENT);
        book.published_at = Some(Utc::now() - TimeDelta::days(days));
        book
    };
    let mut books = vec![published("old", 4_000), published("new", 20), published("two", 4_000)];
    books.extend((0..20).map(|n| published(&format!("other-{n}"), 4_000)));
    let (_folder, engine) = library(books).await;
    for reader in ["ada", "bob"] {
        engine.record(&[like(reader, "two")], None).await.unwrap();
    }
    for reader in 0..9 {
        engine.record(&[like(&format!("reader-{reader}"), "old")], None).await.unwrap();
    }
    engine.refresh().await.unwrap();
    let answer = engine.recommend(RecommendRequest { limit: 100, ..request("nobody") }).await.unwrap();
    assert_eq!(reasons_of(&answer, "old"), [Reason::Popular]);
    assert_eq!(reasons_of(&answer, "new"), [Reason::New]);
    assert!(reasons_of(&answer, "two").is_empty() && reasons_of(&answer, "other-3").is_empty());
}
