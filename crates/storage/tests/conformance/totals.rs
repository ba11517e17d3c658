//! Sums by resource agree with the interactions, whatever is written and erased.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use docent_domain::{InteractionType, NewInteraction};
use docent_storage::{ResourceTotal, StorageError, Store};

use crate::support::{Database, at, event, execute, export, id, record, resource, revert, rules, user};

const RESOURCES: u64 = 6;
const USERS: u64 = 5;

/// SplitMix64: the same numbers at each run.
fn draws(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}

fn drawn_event(draw: &mut impl FnMut(u64) -> u64) -> NewInteraction {
    let kind =
        [InteractionType::View, InteractionType::Export, InteractionType::Dismiss][draw(3) as usize].clone();
    let (who, what) = (format!("u{}", draw(USERS)), format!("r{}", draw(RESOURCES + 1)));
    NewInteraction { at: (draw(5) > 0).then(|| at(draw(50) as i64)), ..event(&who, &what, kind, 0) }
}

async fn with_resources(database: &Database) -> Result<Store> {
    let store = database.store().await?;
    let resources: Vec<_> = (0..RESOURCES).map(|n| resource(&format!("r{n}"))).collect();
    store.upsert_resources(&resources, at(0)).await?;
    Ok(store)
}

/// Returns the events of each resource, counted.
async fn counted(store: &Store) -> Result<BTreeMap<i64, i64>> {
    let query = "SELECT CAST(resource_id AS text) || ' ' || CAST(SUM(1 + return_visits) AS text) \
                 FROM user_interactions GROUP BY resource_id";
    let rows = store.raw_sql(query).await?;
    rows.iter()
        .map(|row| {
            let (resource, events) = row.split_once(' ').context("two numbers")?;
            Ok((resource.parse()?, events.parse()?))
        })
        .collect()
}

async fn ensure_true(store: &Store) -> Result<()> {
    let report = store.verify_totals().await?;
    ensure!(report.wrong.is_empty(), "{report:?}");
    let counts = store.interaction_counts().await?;
    let kept: BTreeMap<i64, i64> = counts.into_iter().map(|of| (of.resource_row, of.total.events)).collect();
    let counted = counted(store).await?;
    ensure!(kept == counted && report.resources == counted.len() as u64, "{kept:?} {counted:?} {report:?}");
    let rows = store.raw_sql("SELECT CAST(COUNT(*) AS text) FROM user_interactions").await?;
    ensure!(rows == [store.counts().await?.interactions.to_string()], "{rows:?}");
    ensure!(rows == [store.interaction_totals().await?.count.to_string()], "{rows:?}");
    Ok(())
}

pub(crate) async fn sums_stay_true_under_random_writes_and_erasures(database: &Database) -> Result<()> {
    let store = with_resources(database).await?;
    let mut draw = draws(1);
    for _ in 0..12 {
        for _ in 0..8 {
            let events: Vec<_> = (0..=draw(4)).map(|_| drawn_event(&mut draw)).collect();
            let who = user(&format!("u{}", draw(USERS)));
            match draw(7) {
                0 | 1 => drop(record(&store, &events).await?),
                2 => drop(record(&store, &events[..1]).await?),
                3 => drop(store.import_interactions(&events, &rules(), at(100)).await?),
                4 => drop(store.delete_user(&who, at(100)).await?),
                5 => {
                    let kind = (draw(2) > 0).then_some(InteractionType::Export);
                    let what = id(&format!("r{}", draw(RESOURCES)));
                    store.delete_interactions(&who, &what, kind.as_ref(), at(100)).await?;
                }
                _ => {
                    let session = store.begin_import().await?;
                    session.write_interactions(&events, &rules(), at(100)).await?;
                    if draw(2) == 0 { session.commit().await? } else { session.rollback().await? }
                }
            }
        }
        ensure_true(&store).await?;
    }
    // A deleted resource keeps its history, and so its sums.
    store.delete_resource(&id("r0"), at(200)).await?;
    ensure_true(&store).await
}

pub(crate) async fn sums_stay_true_when_many_write_at_once(database: &Database) -> Result<()> {
    const WRITERS: u64 = 12;
    let store = with_resources(database).await?;
    // Half of them as if from another process.
    let other = database.store().await?;
    let writers = (0..WRITERS).map(|writer| {
        let store = if writer % 2 == 0 { store.clone() } else { other.clone() };
        tokio::spawn(async move {
            let mut draw = draws(100 + writer);
            for n in 0..12 {
                let events: Vec<_> = (0..=draw(2)).map(|_| drawn_event(&mut draw)).collect();
                // Those who are erased at the same time may have to send again.
                while let Err(error) = store.record(&events, &rules(), at(1_000), None).await {
                    ensure!(matches!(error, StorageError::Conflict(_)), "{error:?}");
                }
                if n % 4 == writer % 4 {
                    store.delete_user(&user(&format!("u{}", draw(USERS))), at(100)).await?;
                }
            }
            anyhow::Ok(())
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await??;
    }
    ensure_true(&store).await
}

pub(crate) async fn a_wrong_sum_is_named_and_counted_again(database: &Database) -> Result<()> {
    let store = with_resources(database).await?;
    record(&store, &[export("ada", "r1", 1), export("ada", "r1", 2), export("bob", "r2", 1)]).await?;
    ensure_true(&store).await?;
    let wrong = [
        "UPDATE resource_totals SET events = events + 1 WHERE events = 2",
        "DELETE FROM resource_totals WHERE events = 1",
        "INSERT INTO resource_totals VALUES (999, 0, 4, 5, 0, 0)",
        "UPDATE resource_totals SET positive_users = 0 WHERE events = 3",
    ];
    execute(&store, &wrong).await?;
    let report = store.verify_totals().await?;
    let total = |interactions, events, positive_users, accepting_users| ResourceTotal {
        interactions,
        events,
        positive_users,
        accepting_users,
    };
    let found: Vec<_> = report.wrong.iter().map(|of| (of.resource.as_str(), of.stored, of.counted)).collect();
    let expected = [
        ("r1", total(1, 3, 0, 1), total(1, 2, 1, 1)),
        ("r2", total(0, 0, 0, 0), total(1, 1, 1, 1)),
        ("999", total(4, 5, 0, 0), total(0, 0, 0, 0)),
    ];
    ensure!(found == expected, "{report:?}");
    store.recount_totals().await?;
    ensure_true(&store).await?;
    record(&store, &[export("ada", "r1", 3)]).await?;
    store.delete_user(&user("bob"), at(5)).await?;
    ensure_true(&store).await
}

pub(crate) async fn an_upgrade_counts_what_is_there(database: &Database) -> Result<()> {
    let store = with_resources(database).await?;
    let mut draw = draws(7);
    let events: Vec<_> = (0..60).map(|_| drawn_event(&mut draw)).collect();
    record(&store, &events).await?;
    revert(&store, "m20260701_000010_resource_totals").await?;
    store.migrate_verified().await?;
    ensure_true(&store).await?;
    for n in 0..USERS {
        store.delete_user(&user(&format!("u{n}")), at(100)).await?;
    }
    ensure_true(&store).await?;
    ensure!(store.interaction_counts().await?.is_empty());
    Ok(())
}
