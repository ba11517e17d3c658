//! The log of changes on PostgreSQL.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use docent_domain::{Feedback, InteractionType, UserId};
use docent_storage::{Changed, Feed, Followed, ProfileChange, ResourceTotal, Store, hash_of_user};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Database, at, event, export, filled, id, impression, record, resource, user};

const TIMEOUT: Duration = Duration::from_secs(30);

/// Returns a feed of what is committed from now on.
async fn feed(store: &Store) -> Result<Feed> {
    let position = store.interaction_counts_at().await?.1.context("there is no log")?;
    Feed::open(store, position)?.context("there is no feed")
}

/// Returns everything that a feed gives until it has given what is expected, or too much.
async fn followed(feed: &mut Feed, expected: &Changed) -> Result<Changed> {
    let mut all = Changed::default();
    while all != *expected {
        match timeout(TIMEOUT, feed.next())
            .await
            .with_context(|| format!("{all:?}, expected {expected:?}"))?
        {
            Followed::Changes(changed) => all.add(changed),
            Followed::Lost => bail!("the feed is lost"),
        }
    }
    Ok(all)
}

fn of(users: &[&str], totals: &[(i64, [i64; 4])]) -> Changed {
    let totals: BTreeMap<i64, ResourceTotal> =
        totals.iter().map(|(row, total)| (*row, ResourceTotal::from(*total))).collect();
    Changed { users: users.iter().map(|name| hash_of_user(name)).collect(), totals, ..Changed::default() }
}

fn verdict(answer: &str, who: Option<UserId>) -> Feedback {
    Feedback {
        recommendation_id: answer.into(),
        resource_id: id("a"),
        user_id: who,
        was_clicked: true,
        was_useful: Some(true),
        notes: None,
        at: at(20),
    }
}

pub(crate) async fn every_write_is_in_the_log(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let names = store.get_resources(&[id("a"), id("b")]).await?;
    let (a, b) = (names[0].row_id, names[1].row_id);
    let mut feed = feed(&store).await?;
    let nothing = of(&[], &[]);

    record(&store, &[export("cleo", "a", 30), event("cleo", "b", InteractionType::Dismiss, 31)]).await?;
    let expected = of(&["cleo"], &[(a, [1, 1, 1, 1]), (b, [1, 1, 0, 0])]);
    ensure!(followed(&mut feed, &expected).await? == expected);
    store.delete_interactions(&user("cleo"), &id("b"), None, at(40)).await?;
    let expected = of(&["cleo"], &[(b, [-1, -1, 0, 0])]);
    ensure!(followed(&mut feed, &expected).await? == expected);
    store.update_profile(&user("dora"), &ProfileChange::default(), at(41)).await?;
    let expected = of(&["dora"], &[]);
    ensure!(followed(&mut feed, &expected).await? == expected);
    store.merge_users(&user("cleo"), &user("dora"), at(42)).await?;
    let expected = of(&["cleo", "dora"], &[]);
    ensure!(followed(&mut feed, &expected).await? == expected, "the sums are those of before");
    store.delete_user(&user("dora"), at(43)).await?;
    let expected = of(&["dora"], &[(a, [-1, -1, -1, -1])]);
    ensure!(followed(&mut feed, &expected).await? == expected);

    store.put_feedback(&verdict("answer", None)).await?;
    let expected = of(&["ada"], &[]);
    ensure!(followed(&mut feed, &expected).await? == expected, "the user of the answer");
    store.put_feedback(&verdict("early", None)).await?;
    store.put_impressions(&[impression("early", "eve", "a")]).await?;
    let expected = of(&["eve"], &[]);
    ensure!(followed(&mut feed, &expected).await? == expected, "feedback before its impression");

    for write in 0..2 {
        match write {
            0 => drop(store.upsert_resources(&[resource("new")], at(50)).await?),
            _ => drop(store.delete_resource(&id("new"), at(51)).await?),
        }
        ensure!(followed(&mut feed, &Changed::catalogue()).await? == Changed::catalogue());
    }
    store.recount_totals().await?;
    ensure!(followed(&mut feed, &Changed::everything()).await? == Changed::everything());

    // What is not committed, and what changes nothing, is not in the log.
    let session = store.begin_import().await?;
    session.write_resources(&[resource("rolled-back")], at(52)).await?;
    session.rollback().await?;
    store.upsert_resources(&[resource("a")], at(53)).await?;
    store.delete_interactions(&user("nobody"), &id("a"), None, at(54)).await?;
    ensure!(timeout(Duration::from_secs(2), feed.next()).await.is_err(), "expected {nothing:?}");
    Ok(store.close().await?)
}

pub(crate) async fn old_rows_are_deleted_and_followed_before(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let mut slow = feed(&store).await?;
    let mut pruning = feed(&store).await?.keeping_ms(50);
    for name in ["ada", "bob"] {
        store.update_profile(&user(name), &ProfileChange::default(), at(0)).await?;
    }
    let expected = of(&["ada", "bob"], &[]);
    ensure!(followed(&mut slow, &expected).await? == expected);
    ensure!(followed(&mut pruning, &expected).await? == expected);
    let pruned = tokio::spawn(async move { pruning.next().await });
    let deadline = Instant::now() + TIMEOUT;
    while store.raw_sql("SELECT CAST(COUNT(*) AS text) FROM changes").await? != ["0"] {
        ensure!(Instant::now() < deadline, "old rows stay");
        sleep(Duration::from_millis(20)).await;
    }
    pruned.abort();
    store.update_profile(&user("cleo"), &ProfileChange::default(), at(1)).await?;
    let expected = of(&["cleo"], &[]);
    ensure!(followed(&mut slow, &expected).await? == expected);
    Ok(store.close().await?)
}

/// A dump that is restored elsewhere has ids of transactions of another server.
pub(crate) async fn transactions_of_another_server_are_not_followed(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let foreign = "INSERT INTO changes (xid, what) VALUES (9000000000000000000, '{\"everything\":true}')";
    store.raw_sql(foreign).await?;
    let mut feed = feed(&store).await?;
    store.update_profile(&user("ada"), &ProfileChange::default(), at(0)).await?;
    let expected = of(&["ada"], &[]);
    ensure!(followed(&mut feed, &expected).await? == expected);
    ensure!(store.raw_sql("SELECT CAST(COUNT(*) AS text) FROM changes").await? == ["1"]);
    Ok(store.close().await?)
}
