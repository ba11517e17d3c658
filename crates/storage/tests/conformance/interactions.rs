//! Checks that interactions are merged, counted and never lost.

use anyhow::{Context, Result, bail, ensure};
use docent_domain::{Interaction, InteractionType, NewInteraction, Resource, Signals};
use docent_storage::{Counts, IdempotencyKey, Recorded, StorageError};

use crate::support::{Database, at, event, export, id, record, resource, rules, user};

fn interaction(recorded: &Recorded) -> Result<&Interaction> {
    match recorded {
        Recorded::Merged { interaction, .. } => Ok(interaction),
        Recorded::UnknownResource => bail!("unknown resource"),
    }
}

pub(crate) async fn concurrent_repeats_lose_no_count(database: &Database) -> Result<()> {
    const WRITERS: i64 = 32;
    const EACH: i64 = 5;
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("b")], at(0)).await?;
    // Half of them as if from another process.
    let other = database.store().await?;
    let writers = (0..WRITERS).map(|writer| {
        let store = if writer % 2 == 0 { store.clone() } else { other.clone() };
        tokio::spawn(async move {
            for n in 0..EACH {
                let mut both = [export("ada", "a", writer * EACH + n), export("bob", "a", 0)];
                if writer % 3 == 0 {
                    both.reverse();
                }
                record(&store, &both).await?;
            }
            anyhow::Ok(())
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await??;
    }
    let last = record(&store, &[export("ada", "a", 0)]).await?;
    let last = interaction(&last[0])?;
    let events = WRITERS * EACH + 1;
    ensure!(i64::from(last.return_visits) == events - 1, "{last:?}");
    ensure!((last.first_at, last.last_at) == (Some(at(0)), Some(at(WRITERS * EACH - 1))), "{last:?}");
    ensure!(last.confidence() == 1.0);
    let profile = store.get_profile(&user("ada")).await?.context("ada")?.profile;
    ensure!(i64::try_from(profile.total_interactions)? == events, "{profile:?}");
    ensure!(profile.last_active_at == Some(at(WRITERS * EACH - 1)));
    let bob = store.get_profile(&user("bob")).await?.context("bob")?.profile;
    ensure!(i64::try_from(bob.total_interactions)? == events - 1, "{bob:?}");
    let counts = store.interaction_counts().await?;
    ensure!(counts.len() == 1 && counts[0].total.events == 2 * events - 1, "{counts:?}");
    ensure!(store.counts().await? == Counts { resources: 2, users: 2, interactions: 2 });
    Ok(())
}

pub(crate) async fn repeats_within_a_batch_are_merged(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a")], at(0)).await?;
    let view =
        |seconds, signals| NewInteraction { signals, ..event("ada", "a", InteractionType::View, seconds) };
    let long = Signals { dwell_seconds: Some(2_000.0), scroll_depth: Some(1.0), ..Signals::default() };
    let short = Signals { dwell_seconds: Some(7.0), ..Signals::default() };
    let recorded = record(&store, &[view(5, Signals::default()), view(6, long), view(7, short)]).await?;
    let visits =
        recorded.iter().map(|item| Ok(interaction(item)?.return_visits)).collect::<Result<Vec<_>>>()?;
    ensure!(visits == [0, 1, 2]);
    let last = interaction(&recorded[2])?;
    ensure!(last.strength.value() == 0.5 && last.is_positive());
    ensure!(
        last.signals == Signals { dwell_seconds: Some(7.0), scroll_depth: Some(1.0), ..Signals::default() }
    );
    let again = record(&store, &[view(8, Signals::default())]).await?;
    ensure!(interaction(&again[0])?.return_visits == 3, "the merged row is the stored row");
    ensure!(interaction(&again[0])?.signals == last.signals);
    ensure!(store.counts().await?.interactions == 1);
    Ok(())
}

pub(crate) async fn unknown_resources_are_reported_item_by_item(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("gone")], at(0)).await?;
    store.delete_resource(&id("gone"), at(1)).await?;
    let batch = [export("ada", "nowhere", 1), export("ada", "a", 1), export("bob", "gone", 1)];
    let recorded = record(&store, &batch).await?;
    ensure!(
        recorded[0] == Recorded::UnknownResource && recorded[2] == Recorded::UnknownResource,
        "{recorded:?}"
    );
    interaction(&recorded[1])?;
    ensure!(
        store.counts().await? == Counts { resources: 1, users: 1, interactions: 1 },
        "bob did nothing and is not made"
    );
    let vain = record(&store, &[export("cy", "nowhere", 1)]).await?;
    ensure!(vain == [Recorded::UnknownResource] && store.get_profile(&user("cy")).await?.is_none());
    Ok(())
}

pub(crate) async fn an_invalid_item_is_named_and_nothing_is_recorded(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a")], at(0)).await?;
    let batch = [export("ada", "a", 1), event("ada", "a", InteractionType::Rating, 1)];
    let refused = store.record(&batch, &rules(), at(0), None).await;
    ensure!(matches!(refused, Err(StorageError::Invalid { index: 1, .. })), "{refused:?}");
    let refused = store.import_interactions(&batch, &rules(), at(0)).await;
    ensure!(matches!(refused, Err(StorageError::Invalid { index: 1, .. })), "{refused:?}");
    let refused = store.upsert_resources(&[resource("b"), Resource::new(id("c"), " ")], at(0)).await;
    ensure!(matches!(refused, Err(StorageError::Invalid { index: 1, .. })), "{refused:?}");
    ensure!(store.counts().await? == Counts { resources: 1, users: 0, interactions: 0 });
    Ok(())
}

pub(crate) async fn a_retry_with_the_same_key_counts_nothing_twice(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a")], at(0)).await?;
    let key = |scope: &str, hash: &str| IdempotencyKey {
        scope: scope.into(),
        key: "k".into(),
        request_hash: hash.into(),
    };
    let batch = [export("ada", "a", 1), export("ada", "nowhere", 1)];

    let in_vain = store.record(&batch[1..], &rules(), at(5), Some(&key("team", "other"))).await?;
    ensure!(in_vain.items == [Recorded::UnknownResource], "keeps no key");
    let retries = (0..8).map(|_| {
        let (store, batch, key) = (store.clone(), batch.clone(), key("team", "hash"));
        tokio::spawn(async move { store.record(&batch, &rules(), at(5), Some(&key)).await })
    });
    let mut answers = Vec::new();
    for retry in retries.collect::<Vec<_>>() {
        answers.push(retry.await??);
    }
    ensure!(answers.iter().filter(|answer| !answer.replayed).count() == 1, "one of them recorded");
    ensure!(answers.iter().all(|answer| answer.items == answers[0].items), "{answers:?}");
    ensure!(interaction(&answers[0].items[0])?.return_visits == 0);

    let mismatch = store.record(&batch, &rules(), at(5), Some(&key("team", "other"))).await;
    ensure!(matches!(mismatch, Err(StorageError::IdempotencyMismatch)), "{mismatch:?}");
    let elsewhere = store.record(&batch, &rules(), at(5), Some(&key("other team", "other"))).await?;
    ensure!(!elsewhere.replayed && interaction(&elsewhere.items[0])?.return_visits == 1);
    ensure!(
        store.forget_idempotency_keys(at(5)).await? == 0 && store.forget_idempotency_keys(at(6)).await? == 2
    );
    Ok(())
}

pub(crate) async fn preferred_authors_are_learned_at_the_tenth_interaction(
    database: &Database,
) -> Result<()> {
    let store = database.store().await?;
    let by = |name: &str, authors: &[&str]| Resource {
        authors: authors.iter().map(|author| (*author).to_owned()).collect(),
        ..resource(name)
    };
    let books = [
        by("old", &["Old"]),
        by("one", &["Zoë", "Ann"]),
        by("two", &["Zoë"]),
        by("bad", &["Bad"]),
        by("none", &[]),
    ];
    store.upsert_resources(&books, at(0)).await?;
    let day = 86_400;
    let mut events = vec![export("ada", "old", 0), event("ada", "bad", InteractionType::View, 100 * day)];
    events.extend(["one", "two", "none"].map(|name| export("ada", name, 100 * day)));
    events.push(event("ada", "two", InteractionType::Annotation, 100 * day));
    events.extend((0..3).map(|n| export("ada", "one", 100 * day + n)));
    record(&store, &events).await?;
    let authors =
        async || anyhow::Ok(store.get_profile(&user("ada")).await?.context("ada")?.profile.preferred_authors);
    ensure!(events.len() == 9 && authors().await?.is_empty(), "not before the tenth");
    record(&store, &[export("ada", "two", 100 * day)]).await?;
    ensure!(
        authors().await? == ["Zoë", "Ann"],
        "{:?}: resources count once, old ones and weak ones not at all",
        authors().await?
    );
    Ok(())
}

pub(crate) async fn training_reads_every_interaction_once(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("b")], at(0)).await?;
    let events: Vec<_> =
        (0..100).map(|n| export(&format!("u{}", n / 2), ["a", "b"][n % 2], n as i64)).collect();
    record(&store, &events).await?;
    record(&store, &[event("u0", "a", InteractionType::Dismiss, 500)]).await?;
    let (mut cursor, mut seen) = (0, Vec::new());
    loop {
        let page = store.interactions_after(cursor, 7).await?;
        let Some(last) = page.last() else { break };
        cursor = last.row_id;
        seen.extend(page);
    }
    ensure!(seen.len() == 101);
    let mut triples: Vec<_> =
        seen.iter().map(|row| (row.user_id.to_string(), row.resource_id.to_string(), row.at)).collect();
    triples.sort_by_key(|triple| triple.2);
    let expected =
        events.iter().map(|event| (event.user_id.to_string(), event.resource_id.to_string(), event.at));
    ensure!(triples[..100] == expected.collect::<Vec<_>>());
    let dismissed = seen.last().context("last")?;
    ensure!(
        dismissed.is_negative
            && !dismissed.is_positive
            && dismissed.interaction_type == InteractionType::Dismiss
    );
    ensure!(
        seen[0].is_positive && seen[0].strength.value() == 0.9 && seen[0].confidence == 0.45,
        "{:?}",
        seen[0]
    );
    Ok(())
}
