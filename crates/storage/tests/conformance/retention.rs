//! Checks that old impressions are deleted, and that their outcomes are kept.

use anyhow::{Context, Result, ensure};
use docent_domain::{Feedback, Impression};
use docent_storage::{FeedbackRow, Store};

use crate::support::{Database, at, export, id, impression, resource, rules, user};

const DAY: i64 = 86_400;

fn shown(answer: &str, who: &str, days_ago: i64) -> Impression {
    Impression { shown_at: at(-days_ago * DAY), ..impression(answer, who, "a") }
}

fn said(answer: &str, who: &str, was_useful: Option<bool>, days_ago: i64) -> Feedback {
    Feedback {
        recommendation_id: answer.into(),
        user_id: Some(user(who)),
        resource_id: id("a"),
        was_clicked: true,
        was_useful,
        notes: None,
        at: at(-days_ago * DAY),
    }
}

async fn rows(store: &Store, answer: &str) -> Result<Vec<FeedbackRow>> {
    Ok(store.feedback_of(answer).await?)
}

pub(crate) async fn old_impressions_go_and_what_counts_stays(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a")], at(-500 * DAY)).await?;
    for (answer, days_ago) in [
        ("old", 120),
        ("older", 130),
        ("clicked", 120),
        ("clicked since", 120),
        ("judged", 120),
        ("open", 89),
    ] {
        store.put_impressions(&[shown(answer, "ada", days_ago)]).await?;
    }
    store.put_feedback(&said("clicked", "ada", None, 110)).await?;
    store.put_feedback(&said("clicked since", "ada", None, 5)).await?;
    store.put_feedback(&said("judged", "ada", Some(false), 110)).await?;
    store.put_feedback(&said("never shown", "ada", None, 110)).await?;
    store.put_feedback(&said("never shown and judged", "ada", Some(true), 110)).await?;
    let (quality, newest) = (store.quality(at(-80 * DAY), 90).await?, store.quality(at(0), 90).await?);

    let before = at(-91 * DAY);
    ensure!(store.forget_impressions(before, 1).await? == 1, "the oldest first, a few at a time");
    ensure!(rows(&store, "older").await?.is_empty() && !rows(&store, "old").await?.is_empty());
    ensure!(store.forget_impressions(before, 100).await? == 3);
    ensure!(store.forget_impressions(before, 100).await? == 0);
    for gone in ["old", "older", "clicked", "never shown"] {
        ensure!(rows(&store, gone).await?.is_empty(), "{gone}");
    }
    for kept in ["clicked since", "judged", "open", "never shown and judged"] {
        ensure!(rows(&store, kept).await?.len() == 1, "{kept}");
    }
    ensure!(store.verdicts_of(&user("ada")).await?.len() == 1, "what somebody judged counts on");
    ensure!(store.quality(at(-80 * DAY), 90).await? == quality, "counts stay");
    ensure!(store.quality(at(0), 90).await? == newest);

    // Feedback on an impression that is still stored is recorded and counted.
    store.put_feedback(&said("open", "ada", Some(true), 0)).await?;
    let row = rows(&store, "open").await?.pop().context("open")?;
    ensure!(
        row.shown_at == Some(at(-89 * DAY)) && row.was_useful == Some(true) && row.rank == Some(3),
        "{row:?}"
    );
    ensure!(store.quality(at(0), 90).await?.groups[0].counts.useful == 1);
    // Feedback on a deleted impression is stored as feedback without an impression.
    store.put_feedback(&said("old", "ada", Some(true), 0)).await?;
    ensure!(rows(&store, "old").await?[0].shown_at.is_none());
    Ok(())
}

pub(crate) async fn who_writes_does_not_wait_for_what_is_forgotten(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a")], at(-500 * DAY)).await?;
    let all: Vec<Impression> =
        (0..3_000).map(|n| shown(&format!("answer-{n}"), "ada", 120 + n % 7)).collect();
    for part in all.chunks(1_000) {
        store.put_impressions(part).await?;
    }
    let forgetting = store.clone();
    let forgetting = tokio::spawn(async move {
        let mut gone = 0;
        loop {
            let batch = forgetting.forget_impressions(at(-91 * DAY), 100).await?;
            gone += batch;
            if batch < 100 {
                return anyhow::Ok(gone);
            }
        }
    });
    // Others write meanwhile, on the very rows that are about to go too; nothing fails and no
    // verdict is lost.
    let mut judged = 0;
    for n in (0..3_000).rev().step_by(100) {
        store.record(&[export("bob", "a", n)], &rules(), at(n), None).await?;
        store.put_impressions(&[shown(&format!("new-{n}"), "ada", 1)]).await?;
        store.put_feedback(&said(&format!("answer-{n}"), "ada", Some(n % 200 == 0), 0)).await?;
        judged += 1;
    }
    let gone = forgetting.await??;
    let left = store.raw_sql(
        "SELECT CAST((SELECT COUNT(*) FROM recommendation_feedback WHERE shown_at IS NOT NULL) + \
         (SELECT COUNT(*) FROM recommendation_answers) AS text)",
    );
    let left: u64 = left.await?.pop().context("no count")?.parse()?;
    ensure!(gone + left == 3_000 + 30, "{gone} gone, {left} left");
    let verdicts = "SELECT CAST(COUNT(*) AS text) FROM recommendation_feedback WHERE was_useful IS NOT NULL";
    ensure!(store.raw_sql(verdicts).await? == [judged.to_string()]);
    Ok(())
}
