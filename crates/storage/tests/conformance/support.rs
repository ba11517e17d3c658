//! Databases, and small values to write into them.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use docent_domain::{
    Impression, InteractionRules, InteractionType, Link, NewInteraction, Resource, ResourceId, Signals,
    Strategy, UserId,
};
use docent_storage::{NewEmbedding, Recorded, Store, StoreConfig};

/// Database of a test.
pub(crate) struct Database {
    pub(crate) url: String,
    /// Removed with this value, where the harness does not keep it.
    _own: Option<docent_test_support::Database>,
}

impl Database {
    pub(crate) fn of(fresh: &docent_test_support::Database) -> Self {
        Self { url: fresh.url().to_owned(), _own: None }
    }

    /// Creates a second database of the same kind.
    pub(crate) async fn another(&self) -> Result<Self> {
        let own = match self.url.starts_with("sqlite") {
            true => docent_test_support::Database::sqlite()?,
            false => docent_test_support::Database::postgres().await?,
        };
        Ok(Self { url: own.url().to_owned(), _own: Some(own) })
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

/// Returns every row of every table as text.
pub(crate) async fn dump(store: &Store) -> Result<Vec<String>> {
    let query = async |sql: &str| Ok(store.raw_sql(sql).await?);
    docent_test_support::dump(store.backend() == "sqlite", query).await
}

/// Reverts a migration and those after it.
pub(crate) async fn revert(store: &Store, migration: &str) -> Result<()> {
    let applied = store.schema_status().await?.applied;
    let place = applied.iter().position(|name| name == migration);
    let place = place.with_context(|| format!("{migration} is not among {applied:?}"))?;
    Ok(store.rollback(u32::try_from(applied.len() - place)?).await?)
}

/// Runs SQL behind the back of the store.
pub(crate) async fn execute(store: &Store, statements: &[&str]) -> Result<()> {
    for statement in statements {
        store.raw_sql(statement).await.with_context(|| (*statement).to_owned())?;
    }
    Ok(())
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
        at: Some(at(seconds)),
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
        kept_share: 1.0,
    }
}
