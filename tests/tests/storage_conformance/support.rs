//! Databases, and small values to write into them.

use anyhow::Result;
use chrono::{DateTime, Utc};
use docent_domain::{
    Impression, InteractionRules, InteractionType, Link, NewInteraction, Resource, ResourceId, Signals,
    Strategy, UserId,
};
use docent_storage::{NewEmbedding, Recorded, Store, StoreConfig};
use docent_tests::Postgres;
pub(crate) use docent_tests::dump;
use tempfile::TempDir;

/// A fresh database that goes with this value.
pub(crate) struct Database {
    pub(crate) url: String,
    _guard: Guard,
}

#[allow(dead_code, reason = "held, never read")]
enum Guard {
    Folder(TempDir),
    Server(Postgres),
}

impl Database {
    pub(crate) fn sqlite() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite:{}", folder.path().join("made/on/demand.db").display());
        Ok(Self { url, _guard: Guard::Folder(folder) })
    }

    pub(crate) async fn postgresql() -> Result<Option<Self>> {
        let server = Postgres::start().await?;
        Ok(server.map(|server| Self { url: server.url(), _guard: Guard::Server(server) }))
    }

    pub(crate) fn config(&self) -> StoreConfig {
        StoreConfig::new(self.url.as_str())
    }

    pub(crate) async fn store(&self) -> Result<Store> {
        let store = Store::connect(&self.config()).await?;
        store.migrate().await?;
        Ok(store)
    }
}

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

pub(crate) fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

pub(crate) fn id(id: &str) -> ResourceId {
    ResourceId::new(id).unwrap()
}

pub(crate) fn resource(name: &str) -> Resource {
    Resource { text: format!("All about {name}."), ..Resource::new(id(name), format!("Title of {name}")) }
}

pub(crate) fn event(who: &str, what: &str, kind: InteractionType, seconds: i64) -> NewInteraction {
    NewInteraction {
        user_id: user(who),
        resource_id: id(what),
        interaction_type: kind,
        signals: Signals::default(),
        at: at(seconds),
    }
}

pub(crate) fn export(who: &str, what: &str, seconds: i64) -> NewInteraction {
    event(who, what, InteractionType::Export, seconds)
}

pub(crate) fn rules() -> InteractionRules {
    InteractionRules::default()
}

pub(crate) async fn record(store: &Store, events: &[NewInteraction]) -> Result<Vec<Recorded>> {
    Ok(store.record(events, &rules(), at(1_000_000), None).await?.items)
}

pub(crate) async fn filled(store: &Store) -> Result<()> {
    let mut linked = resource("linked");
    linked.links = vec![Link { target: id("b"), kind: "citation".into(), weight: 0.5 }];
    store.upsert_resources(&[resource("a"), resource("b"), linked], at(0)).await?;
    record(
        store,
        &[export("ada", "a", 1), export("bob", "b", 2), event("ada", "b", InteractionType::Dismiss, 3)],
    )
    .await?;
    store
        .put_embeddings(
            "test",
            &[NewEmbedding { resource_id: id("a"), text_hash: "h".into(), vector: vec![1.0] }],
            at(0),
        )
        .await?;
    store.put_impressions(&[impression("answer", "ada", "a")]).await?;
    Ok(())
}

pub(crate) fn impression(answer: &str, who: &str, what: &str) -> Impression {
    Impression {
        recommendation_id: answer.into(),
        user_id: user(who),
        resource_id: id(what),
        strategy: Strategy::Content,
        score: 0.1 + 0.2,
        rank: 3,
        model_version: Some("m1".into()),
        novelty: Some(0.25),
        diversity: None,
        variant: None,
        shown_at: at(10),
    }
}
