//! Impressions in lists: one row per answer, until there is feedback.

use anyhow::{Context, Result, ensure};
use docent_domain::{Assignment, Feedback, Impression};
use docent_storage::{FeedbackRow, Store};

use crate::support::{Database, at, filled, id, impression, revert, user};

const NAMES: [&str; 3] = ["a", "b", "linked"];

fn answer(name: &str, who: &str) -> Vec<Impression> {
    let variant = Some(Assignment { experiment: "x".into(), variant: "old".into() });
    let shown = |(place, what): (usize, &&str)| Impression {
        rank: place as u32 + 1,
        score: 1.0 / (place as f64 + 3.0),
        novelty: (place != 1).then_some(0.1 + 0.2),
        diversity: Some(0.7),
        kept_share: 0.25,
        variant: variant.clone(),
        ..impression(name, who, what)
    };
    NAMES.iter().enumerate().map(shown).collect()
}

fn clicked(name: &str, who: Option<&str>, what: &str) -> Feedback {
    Feedback {
        recommendation_id: name.into(),
        user_id: who.map(user),
        resource_id: id(what),
        was_clicked: true,
        was_useful: None,
        notes: None,
        at: at(30),
    }
}

async fn count(store: &Store, table: &str) -> Result<u64> {
    let counted = store.raw_sql(&format!("SELECT CAST(COUNT(*) AS text) FROM {table}")).await?;
    Ok(counted.first().context("a count")?.parse()?)
}

fn agrees(row: &FeedbackRow, shown: &Impression) -> bool {
    (row.resource_id == shown.resource_id)
        && row.user_id.as_ref() == Some(&shown.user_id)
        && row.strategy == Some(shown.strategy)
        && row.score == Some(shown.score)
        && row.rank == Some(shown.rank)
        && row.model_version == shown.model_version
        && row.variant == shown.variant
        && row.novelty == shown.novelty
        && row.kept_share == Some(shown.kept_share)
        && row.shown_at == Some(shown.shown_at)
}

pub(crate) async fn an_answer_is_one_row_and_feedback_moves_an_impression_out(
    database: &Database,
) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let (lists, rows) =
        (count(&store, "recommendation_answers").await?, count(&store, "recommendation_feedback").await?);
    let shown = answer("one", "ada");
    ensure!(store.put_impressions(&shown).await? == 3);
    ensure!(store.put_impressions(&shown).await? == 0, "each counts once");
    ensure!(count(&store, "recommendation_answers").await? == lists + 1);
    ensure!(count(&store, "recommendation_feedback").await? == rows);
    let found = store.feedback_of("one").await?;
    ensure!(found.len() == 3 && found.iter().zip(&shown).all(|(row, shown)| agrees(row, shown)), "{found:?}");
    ensure!(found.iter().all(|row| row.was_clicked.is_none() && row.feedback_at.is_none()));

    // Named and unnamed; then nothing is left in the list.
    for (left, (who, what)) in [(1, (Some("ada"), "b")), (1, (None, "a")), (0, (Some("ada"), "linked"))] {
        store.put_feedback(&clicked("one", who, what)).await?;
        ensure!(count(&store, "recommendation_answers").await? == lists + left, "{what}");
        let found = store.feedback_of("one").await?;
        ensure!(
            found.len() == 3 && found.iter().zip(&shown).all(|(row, shown)| agrees(row, shown)),
            "{found:?}"
        );
        ensure!(found.iter().any(|row| row.resource_id == id(what) && row.was_clicked == Some(true)));
    }
    ensure!(count(&store, "recommendation_feedback").await? == rows + 3);
    ensure!(store.put_impressions(&shown).await? == 0, "rows count as written, too");
    let quality = store.quality(at(60), 1).await?;
    let (shown, clicked): (u64, u64) =
        quality.groups.iter().fold((0, 0), |sum, of| (sum.0 + of.counts.shown, sum.1 + of.counts.clicked));
    ensure!((shown, clicked) == (4, 3), "{quality:?}");
    Ok(())
}

pub(crate) async fn a_list_grows_and_feedback_that_came_first_is_completed(
    database: &Database,
) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let shown = answer("one", "ada");
    store.put_feedback(&clicked("one", None, "b")).await?;
    ensure!(store.put_impressions(&shown[..2]).await? == 2);
    ensure!(store.put_impressions(&shown).await? == 1);
    let found = store.feedback_of("one").await?;
    let by = |what: &str| found.iter().find(|row| row.resource_id == id(what)).context("a row");
    ensure!(found.len() == 3 && by("b")?.was_clicked == Some(true) && by("b")?.rank == Some(2), "{found:?}");
    ensure!(by("a")?.was_clicked.is_none() && by("linked")?.rank == Some(3), "{found:?}");
    // Feedback of another user stays apart.
    store.put_feedback(&clicked("one", Some("bob"), "a")).await?;
    let found = store.feedback_of("one").await?;
    ensure!(found.len() == 4, "{found:?}");
    let own = found.iter().find(|row| row.rank == Some(1)).context("the impression")?;
    ensure!(own.was_clicked.is_none() && own.user_id == Some(user("ada")), "{own:?}");
    Ok(())
}

pub(crate) async fn an_erased_user_is_in_no_list(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let lists = count(&store, "recommendation_answers").await?;
    store.put_impressions(&answer("hers", "new")).await?;
    store.put_impressions(&answer("his", "bob")).await?;
    store.delete_user(&user("new"), at(100)).await?;
    store.delete_user(&user("bob"), at(100)).await?;
    ensure!(count(&store, "recommendation_answers").await? == lists);
    ensure!(store.feedback_of("hers").await?.is_empty() && store.feedback_of("his").await?.is_empty());
    // One that was in flight is kept by nothing at all.
    ensure!(store.put_impressions(&answer("late", "bob")).await? == 3);
    let found = store.feedback_of("late").await?;
    ensure!(found.len() == 3 && found.iter().all(|row| row.user_id.is_none()), "{found:?}");
    ensure!(
        store.raw_sql("SELECT recommendation_id FROM recommendation_answers WHERE user_hash = 0").await?
            == ["late"]
    );
    Ok(())
}

pub(crate) async fn a_downgrade_gives_each_impression_a_row(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let shown = [answer("one", "ada"), answer("two", "nobody yet")].concat();
    store.put_impressions(&shown).await?;
    store.put_feedback(&clicked("one", Some("ada"), "b")).await?;
    revert(&store, "m20260701_000011_answers").await?;
    ensure!(count(&store, "recommendation_feedback").await? == 1 + 6);
    store.migrate_verified().await?;
    for (name, shown) in [("one", &shown[..3]), ("two", &shown[3..])] {
        let found = store.feedback_of(name).await?;
        ensure!(found.len() == 3, "{found:?}");
        for (row, shown) in found.iter().zip(shown) {
            let like = FeedbackRow {
                kept_share: Some(shown.kept_share),
                user_id: row.user_id.clone().or(Some(shown.user_id.clone())),
                ..row.clone()
            };
            ensure!(agrees(&like, shown) && row.kept_share.is_none(), "{row:?}");
        }
    }
    // Rows of then are completed by feedback as ever.
    store.put_feedback(&clicked("two", None, "a")).await?;
    ensure!(store.feedback_of("two").await?[0].was_clicked == Some(true));
    Ok(())
}
