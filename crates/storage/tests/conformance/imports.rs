//! An import may be run again, or stopped.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use docent_domain::{InteractionType, Link, NewInteraction, Resource};
use docent_storage::{Counts, ImportReport};
use serde_json::json;

use crate::support::{Database, at, dump, event, export, filled, id, resource, rules, user};

pub(crate) async fn importing_twice_leaves_the_same_store(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let resources: Vec<Resource> = (0..30)
        .map(|n| Resource {
            authors: vec![format!("Author {}", n % 4)],
            published_at: Some(at(n) + TimeDelta::nanoseconds(1_234)),
            quality: Some(0.1 * (n % 10) as f64),
            attributes: json!({"weight": 0.1 + 0.2, "n": n}).as_object().unwrap().clone(),
            links: vec![Link {
                target: id(&format!("r{}", n + 1)),
                kind: "citation".into(),
                weight: 1.0 / 3.0,
            }],
            ..resource(&format!("r{n}"))
        })
        .collect();
    // More than one statement's worth, newest first, with repeats and a few of unknown resources.
    let mut events: Vec<NewInteraction> =
        (0..3_000).map(|n| export(&format!("u{}", n % 70), &format!("r{}", n * 7 % 31), n * 60)).collect();
    events.reverse();
    let import = async |now| {
        store.upsert_resources(&resources, now).await?;
        store.import_interactions(&events, &rules(), now).await
    };
    let first = import(at(0)).await?;
    let unknown: Vec<usize> = (0..events.len()).filter(|n| events[*n].resource_id == id("r30")).collect();
    ensure!(first.unknown_resource == unknown && !unknown.is_empty(), "{first:?}");
    ensure!(first.new + first.repeated + unknown.len() as u64 == 3_000 && first.repeated > 0, "{first:?}");
    let before = dump(&store).await?;
    let learned = store.get_profile(&user("u1")).await?.context("u1")?.profile;
    ensure!(learned.total_interactions > 40 && !learned.preferred_authors.is_empty(), "{learned:?}");

    let second = import(at(1_000)).await?;
    let expected = ImportReport {
        already_known: first.new + first.repeated,
        unknown_resource: unknown,
        ..ImportReport::default()
    };
    ensure!(second == expected, "{second:?}");
    ensure!(dump(&store).await? == before);
    Ok(())
}

pub(crate) async fn a_strict_import_that_stops_leaves_the_store_as_it_was(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let before = dump(&store).await?;
    for explicitly in [true, false] {
        let session = store.begin_import().await?;
        session.write_resources(&[resource("a2"), Resource::new(id("a"), "Other")], at(9)).await?;
        let report = session
            .write_interactions(&[export("new", "a2", 9), export("ada", "a", 9)], &rules(), at(9))
            .await?;
        ensure!((report.new, report.repeated) == (1, 1), "{report:?}");
        if explicitly {
            session.rollback().await?;
        } else {
            let invalid = event("ada", "a", InteractionType::Rating, 9);
            ensure!(session.write_interactions(&[invalid], &rules(), at(9)).await.is_err());
            drop(session);
        }
        ensure!(dump(&store).await? == before, "explicitly: {explicitly}");
    }
    Ok(())
}

pub(crate) async fn a_strict_import_that_ends_keeps_everything(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let session = store.begin_import().await?;
    session.write_resources(&[resource("a")], at(9)).await?;
    session.write_interactions(&[export("ada", "a", 9)], &rules(), at(9)).await?;
    let seen_by_others = database.store().await?.counts().await?;
    ensure!(seen_by_others == Counts::default());
    session.commit().await?;
    ensure!(store.counts().await? == Counts { resources: 1, users: 1, interactions: 1 });
    Ok(())
}
