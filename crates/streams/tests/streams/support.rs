//! Streams in memory.

use std::sync::Mutex;

use anyhow::Result;
use chrono::{DateTime, Utc};
use docent_domain::{InteractionRules, Resource, ResourceId};
use docent_storage::{Store, StoreConfig};
use docent_streams::{
    Batch, Content, DeadLetters, Letter, Message, Move, Outcome, Partition, Reason, Sink, Undelivered,
};
use docent_test_support::Database;

/// Time of every test.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub fn partition(number: i32) -> Partition {
    Partition { topic: "clicks".into(), topic_id: "a1".into(), number }
}

/// Opens the store of a test, with the resources `r0` to `r4`.
pub async fn store(database: &Database) -> Result<Store> {
    let store = Store::connect(&StoreConfig::new(database.url())).await?;
    store.migrate().await?;
    let resources: Vec<Resource> = (0..5)
        .map(|n| Resource::new(ResourceId::new(format!("r{n}")).unwrap(), format!("Resource {n}")))
        .collect();
    store.upsert_resources(&resources, now()).await?;
    Ok(store)
}

pub fn sink(store: &Store) -> Sink {
    Sink::new(store.clone(), "docent", InteractionRules::default(), false)
}

/// A view of a resource by a user, as JSON.
pub fn view(user: &str, resource: &str) -> String {
    format!(r#"{{"user_id": "{user}", "resource_id": "{resource}", "interaction_type": "view"}}"#)
}

/// Reads values from a partition as one batch, from the offset on.
pub fn batch(content: Content, number: i32, from: i64, values: &[impl AsRef<str>]) -> Batch {
    let messages: Vec<_> = values.iter().map(|value| (None, Some(value.as_ref()))).collect();
    keyed_batch(content, number, from, &messages)
}

/// Same as [`batch`], with keys.
pub fn keyed_batch(
    content: Content,
    number: i32,
    from: i64,
    messages: &[(Option<&str>, Option<&str>)],
) -> Batch {
    let step = Move { partition: partition(number), from, to: from + messages.len() as i64 };
    let messages = messages.iter().enumerate().map(|(place, (key, value))| {
        let (key, value) = (key.map(str::as_bytes), value.map(str::as_bytes));
        (place, Message { content, key, value, sent: now() })
    });
    Batch::read(vec![step], messages, &InteractionRules::default(), now())
}

/// Keeper that remembers letters, after a number of failures.
#[derive(Debug, Default)]
pub struct Keeper {
    pub kept: Mutex<Vec<Letter>>,
    pub failures: Mutex<u32>,
}

impl Keeper {
    pub fn failing(times: u32) -> Self {
        Self { failures: Mutex::new(times), ..Self::default() }
    }

    /// Returns place and reason of each letter.
    pub fn reasons(&self) -> Vec<(usize, Reason)> {
        self.kept.lock().unwrap().iter().map(|letter| (letter.place, letter.reason)).collect()
    }
}

impl DeadLetters for Keeper {
    async fn deliver(&self, letters: &[Letter]) -> Result<(), Undelivered> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err("away".into());
        }
        self.kept.lock().unwrap().extend_from_slice(letters);
        Ok(())
    }
}

/// Stores a batch, of which no letter is expected.
pub async fn put(sink: &Sink, mut batch: Batch) -> Result<Outcome> {
    let keeper = Keeper::default();
    let outcome = sink.store(&mut batch, &keeper, now()).await?;
    anyhow::ensure!(keeper.reasons().is_empty(), "{keeper:?}");
    Ok(outcome)
}

/// Returns the number of events that the store has counted.
pub async fn events(store: &Store) -> Result<i64> {
    let sum = "SELECT CAST(COALESCE(SUM(1 + return_visits), 0) AS text) FROM user_interactions";
    let sums = store.raw_sql(sum).await?;
    anyhow::ensure!(store.verify_totals().await?.wrong.is_empty(), "the sums differ");
    Ok(sums.first().unwrap().parse()?)
}
