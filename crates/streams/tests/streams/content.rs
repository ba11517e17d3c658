//! Interactions and resources.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use docent_domain::{InteractionRules, NewInteraction, ResourceId, Signals, UserId};
use docent_storage::Store;
use docent_streams::{Batch, Content, Message, Outcome, Reason, Sink};
use docent_test_support::Database;

use crate::support::{Keeper, batch, events, keyed_batch, now, partition, put, sink, store, view};

/// Returns every interaction of a user, as exports show it.
async fn interactions(store: &Store, user: &str) -> Result<Vec<String>> {
    let export = store.export_user(&UserId::new(user)?).await?;
    Ok(export.interactions.iter().map(|(resource, one)| format!("{resource}: {one:?}")).collect())
}

pub async fn interactions_are_those_of_the_http_api(database: &Database) -> Result<()> {
    let store = store(database).await?;
    let json = r#"{"user_id": "ada", "resource_id": "r1", "interaction_type": "rating", "rating": 4.5,
        "occurred_at": "2026-01-31T09:30:00Z"}"#;
    let sink = sink(&store);
    sink.begin(&partition(0), 0, now()).await?;
    put(&sink, batch(Content::Interactions, 0, 0, &[json, json])).await?;
    let streamed = interactions(&store, "ada").await?;
    // What `Store::record` makes of the same events.
    let rating = NewInteraction {
        user_id: UserId::new("bob")?,
        resource_id: ResourceId::new("r1")?,
        interaction_type: "rating".to_owned().into(),
        signals: Signals { rating: Some(4.5), ..Signals::default() },
        at: Some("2026-01-31T09:30:00Z".parse()?),
    };
    store.record(&[rating.clone(), rating], &InteractionRules::default(), now(), None).await?;
    ensure!(streamed == interactions(&store, "bob").await?, "{streamed:?}");
    ensure!(streamed.len() == 1 && events(&store).await? == 4);
    Ok(())
}

pub async fn the_last_word_on_a_resource_counts(database: &Database) -> Result<()> {
    let store = store(database).await?;
    let sink = sink(&store);
    sink.begin(&partition(0), 0, now()).await?;
    let messages = [
        (Some("x"), Some(r#"{"id": "x", "title": "First"}"#)),
        (
            Some("x"),
            Some(r#"{"id": "x", "title": "Second", "subjects": ["novel"], "published_at": "1866-01-01"}"#),
        ),
        (Some("r0"), Some(r#"{"id": "r0", "title": "Changed"}"#)),
        (Some("r0"), None),
        (Some("never"), None),
        (Some("r1"), None),
        (Some("r1"), Some(r#"{"id": "r1", "title": "Again"}"#)),
    ];
    ensure!(put(&sink, keyed_batch(Content::Resources, 0, 0, &messages)).await? == Outcome::Stored);
    let title = async |id: &str| -> Result<Option<String>> {
        Ok(store.get_resource(&ResourceId::new(id)?).await?.map(|stored| stored.resource.title))
    };
    for (id, expected) in [("x", Some("Second")), ("r0", None), ("never", None), ("r1", Some("Again"))] {
        ensure!(title(id).await?.as_deref() == expected, "{id}");
    }
    ensure!(sink.begin(&partition(0), 0, now()).await? == 7);
    Ok(())
}

pub async fn an_interaction_without_a_time_has_that_of_its_message(database: &Database) -> Result<()> {
    let store = store(database).await?;
    let sink = sink(&store);
    sink.begin(&partition(0), 0, now()).await?;
    let read = batch(Content::Interactions, 0, 0, &[view("ada", "r0")]);
    let sent = now() - TimeDelta::hours(3);
    let json = view("ada", "r0");
    let message = Message { content: Content::Interactions, key: None, value: Some(json.as_bytes()), sent };
    put(&sink, Batch::read(read.moves().to_vec(), [(0, message)], sink.rules(), now())).await?;
    let stored = store.export_user(&UserId::new("ada")?).await?.interactions;
    let stored = format!("{:?}", stored.first().context("none")?);
    ensure!(stored.contains(&format!("{sent:?}")), "{stored}");
    Ok(())
}

pub async fn missing_resources_are_created_on_request_and_deleted_ones_stay_deleted(
    database: &Database,
) -> Result<()> {
    let store = store(database).await?;
    store.delete_resource(&ResourceId::new("r4")?, now()).await?;
    let sink = Sink::new(store.clone(), "docent", InteractionRules::default(), true);
    sink.begin(&partition(0), 0, now()).await?;
    let values = [view("ada", "new"), view("ada", "r4"), view("ada", " "), view("ada", "new")];
    let (mut batch, keeper) = (batch(Content::Interactions, 0, 0, &values), Keeper::default());
    ensure!(sink.store(&mut batch, &keeper, now()).await? == Outcome::Stored);
    ensure!(keeper.reasons() == [(1, Reason::UnknownResource), (2, Reason::UnknownResource)], "{keeper:?}");
    let created = store.get_resource(&ResourceId::new("new")?).await?.context("not created")?;
    ensure!(created.resource.title == "new" && events(&store).await? == 2);
    Ok(())
}
