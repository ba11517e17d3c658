//! Fifty operations of all kinds that write, and how each is recognised in the store afterwards.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};
use docent_domain::{
    Feedback, Impression, InteractionRules, InteractionType, NewInteraction, Resource, ResourceId, Signals,
    Strategy, UserId,
};
use docent_storage::{IdempotencyKey, NewEmbedding, ProfileChange, Store};

/// Operations of a run.
pub(crate) const OPERATIONS: u64 = 50;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn id(name: impl Into<String>) -> ResourceId {
    ResourceId::new(name.into()).unwrap()
}

fn user(name: impl Into<String>) -> UserId {
    UserId::new(name.into()).unwrap()
}

fn resource(name: impl Into<String>) -> Resource {
    let name = name.into();
    Resource { text: "words ".repeat(200), ..Resource::new(id(name.as_str()), format!("Title of {name}")) }
}

fn shared(number: u64) -> ResourceId {
    id(format!("shared-{}", number % 5))
}

fn export(who: UserId, number: u64) -> NewInteraction {
    NewInteraction {
        user_id: who,
        resource_id: shared(number),
        interaction_type: InteractionType::Export,
        signals: Signals::default(),
        at: Some(now()),
    }
}

/// Writes what the operations need, and then more until `enough` says so.
pub(crate) async fn fill(store: &Store, mut enough: impl FnMut() -> Result<bool>) -> Result<()> {
    let victims = (0..OPERATIONS).map(|number| format!("victim-{number}"));
    let resources: Vec<Resource> =
        (0..5).map(|number| format!("shared-{number}")).chain(victims).map(resource).collect();
    store.upsert_resources(&resources, now()).await?;
    let leaving: Vec<NewInteraction> =
        (0..OPERATIONS).map(|number| export(user(format!("leaving-{number}")), number)).collect();
    store.record(&leaving, &InteractionRules::default(), now(), None).await?;
    let mut number = 0;
    while !enough()? {
        store.upsert_resources(&[resource(format!("filler-{number}"))], now()).await?;
        number += 1;
    }
    Ok(())
}

/// Runs the operation of a number. `Ok` means that it was acknowledged.
pub(crate) async fn apply(store: &Store, number: u64) -> Result<()> {
    let rules = InteractionRules::default();
    match number % 10 {
        0 => {
            store.upsert_resources(&[resource(format!("new-{number}"))], now()).await?;
        }
        1 => {
            let key = IdempotencyKey {
                scope: "test".into(),
                key: format!("key-{number}"),
                request_hash: "same".into(),
            };
            let event = [export(user(format!("user-{number}")), number)];
            store.record(&event, &rules, now(), Some(&key)).await?;
            // A retry rolls back.
            ensure!(store.record(&event, &rules, now(), Some(&key)).await?.replayed);
        }
        2 => {
            let impression = Impression {
                recommendation_id: format!("answer-{number}"),
                user_id: user(format!("user-{}", number - 1)),
                resource_id: shared(number),
                strategy: Strategy::Hybrid,
                score: 0.5,
                rank: 1,
                model_version: None,
                novelty: None,
                diversity: None,
                variant: None,
                shown_at: now(),
                kept_share: 1.0,
            };
            store.put_impressions(&[impression]).await?;
        }
        3 => {
            let feedback = Feedback {
                recommendation_id: format!("answer-{}", number - 1),
                user_id: Some(user(format!("user-{}", number - 2))),
                resource_id: shared(number - 1),
                was_clicked: true,
                was_useful: Some(true),
                notes: None,
                at: now(),
            };
            store.put_feedback(&feedback).await?;
        }
        4 => {
            let domain = Some(format!("domain {number}"));
            let change = ProfileChange { active_domain: Some(domain), ..ProfileChange::default() };
            store.update_profile(&user(format!("profile-{number}")), &change, now()).await?;
        }
        5 => {
            ensure!(store.delete_resource(&id(format!("victim-{number}")), now()).await?);
            // Nothing to delete: the transaction is dropped.
            ensure!(!store.delete_resource(&id("never there"), now()).await?);
        }
        6 => ensure!(store.delete_user(&user(format!("leaving-{number}")), now()).await?.is_some()),
        7 => {
            let session = store.begin_import().await?;
            session.write_resources(&[resource(format!("imported-{number}"))], now()).await?;
            let events = [export(user(format!("importer-{number}")), number)];
            session.write_interactions(&events, &rules, now()).await?;
            session.commit().await?;
        }
        8 => {
            let vector = NewEmbedding {
                resource_id: shared(number),
                text_hash: "hash".into(),
                vector: vec![number as f32],
            };
            store.put_embeddings(&format!("embedder-{number}"), &[vector], now()).await?;
            store.forget_impressions(DateTime::UNIX_EPOCH, 10).await?;
        }
        _ => {
            // The second and the third share a transaction, which the first does not.
            let events = [0, 1, 2].map(|n| [export(user("regular"), number + n)]);
            let [one, two, three] = events.each_ref().map(|event| store.record(event, &rules, now(), None));
            let (one, two, three) = tokio::join!(one, two, three);
            for outcome in [one, two, three] {
                outcome?;
            }
        }
    }
    Ok(())
}

/// Runs an operation that [`holds`] knows as number [`OPERATIONS`].
pub(crate) async fn one_more(store: &Store) -> Result<()> {
    apply(store, OPERATIONS).await
}

/// Returns those of the acknowledged operations of which the store holds nothing.
pub(crate) async fn holds(store: &Store, acknowledged: &BTreeSet<u64>) -> Result<Vec<u64>> {
    ensure!(store.raw_sql("PRAGMA integrity_check").await? == ["ok"]);
    let mut lost = Vec::new();
    for &number in acknowledged {
        let is_there = match number % 10 {
            0 => is_present(store, &format!("new-{number}")).await?,
            1 => total(store, &format!("user-{number}")).await? == 1,
            2 => store.feedback_of(&format!("answer-{number}")).await?.len() == 1,
            3 => {
                let rows = store.feedback_of(&format!("answer-{}", number - 1)).await?;
                rows.iter().any(|row| row.was_useful == Some(true))
            }
            4 => {
                let stored = store.get_profile(&user(format!("profile-{number}"))).await?;
                stored.is_some_and(|s| s.profile.active_domain == Some(format!("domain {number}")))
            }
            5 => !is_present(store, &format!("victim-{number}")).await?,
            6 => store.get_profile(&user(format!("leaving-{number}"))).await?.is_none(),
            7 => {
                is_present(store, &format!("imported-{number}")).await?
                    && total(store, &format!("importer-{number}")).await? == 1
            }
            8 => store.embeddings_of(&format!("embedder-{number}"), 0, 10).await?.len() == 1,
            _ => {
                let of_regular = acknowledged.iter().filter(|&&other| other % 10 == 9 && other <= number);
                total(store, "regular").await? >= 3 * of_regular.count() as u64
            }
        };
        if !is_there {
            lost.push(number);
        }
    }
    Ok(lost)
}

async fn is_present(store: &Store, name: &str) -> Result<bool> {
    Ok(store.get_resource(&id(name)).await?.is_some_and(|stored| !stored.deleted))
}

async fn total(store: &Store, name: &str) -> Result<u64> {
    Ok(store.get_profile(&user(name)).await?.map_or(0, |stored| stored.profile.total_interactions))
}
