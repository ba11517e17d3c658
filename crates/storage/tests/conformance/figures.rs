//! Rollups for monitoring, on small stores that can be counted by hand.

use anyhow::{Context, Result, ensure};
use docent_domain::{Assignment, Feedback, Impression, InteractionType, Strategy};
use docent_storage::{FeedbackCounts, GroupRollup, RankRollup, Store, TypeCount};

use crate::support::{Database, at, event, export, id, impression, resource, revert, rules, user};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn counts(shown: u64, clicked: u64, rated: u64, useful: u64) -> FeedbackCounts {
    FeedbackCounts { shown, clicked, rated, useful }
}

fn shown(answer: &str, who: &str, what: &str, rank: u32, seconds: i64) -> Impression {
    Impression { rank, shown_at: at(seconds), diversity: Some(0.5), ..impression(answer, who, what) }
}

fn said(answer: &str, who: &str, what: &str, was_clicked: bool, was_useful: Option<bool>) -> Feedback {
    Feedback {
        recommendation_id: answer.into(),
        user_id: Some(user(who)),
        resource_id: id(what),
        was_clicked,
        was_useful,
        notes: None,
        at: at(2 * HOUR),
    }
}

fn variant(of: &str) -> Option<Assignment> {
    Some(Assignment { experiment: "x".into(), variant: of.into() })
}

/// `at(0)` is a full hour, and eight o'clock.
async fn shown_to_ada_and_bob(store: &Store) -> Result<()> {
    store.upsert_resources(&["a", "b", "c", "d"].map(resource), at(-20 * DAY)).await?;
    let to_bob = Impression {
        strategy: Strategy::Hybrid,
        variant: variant("old"),
        ..shown("two", "bob", "a", 1, HOUR)
    };
    let without_model = Impression {
        model_version: None,
        strategy: Strategy::Hybrid,
        ..shown("old", "ada", "c", 1, -8 * DAY)
    };
    let all = [without_model, shown("one", "ada", "a", 1, 0), shown("one", "ada", "b", 2, 1), to_bob];
    ensure!(store.put_impressions(&all).await? == 4);
    for feedback in [
        said("one", "ada", "a", true, Some(true)),
        said("one", "ada", "b", false, Some(false)),
        said("two", "bob", "a", true, None),
        // Never shown, or shown to another: kept, and counted nowhere.
        said("none", "ada", "d", true, Some(true)),
        said("two", "ada", "a", true, Some(true)),
    ] {
        store.put_feedback(&feedback).await?;
    }
    Ok(())
}

fn of<'a>(groups: &'a [GroupRollup], strategy: &str, model: &str) -> Result<&'a GroupRollup> {
    let mut found = groups.iter().filter(|g| g.strategy == strategy && g.model_version == model);
    found.next().with_context(|| format!("no {strategy} {model} in {groups:?}"))
}

pub(crate) async fn quality_is_that_of_the_window_by_hand(database: &Database) -> Result<()> {
    let store = database.store().await?;
    shown_to_ada_and_bob(&store).await?;
    let now = at(2 * HOUR + 61);
    let week = store.quality(now, 7).await?;
    ensure!(week.begin == at(2 * HOUR - 7 * DAY), "{}", week.begin);
    ensure!(week.groups.len() == 2, "{week:?}");
    let content = of(&week.groups, "content", "m1")?;
    ensure!(content.counts == counts(2, 1, 2, 1) && content.variant.is_empty(), "{content:?}");
    ensure!(content.novelty == (0.5, 2) && content.diversity == (1.0, 2), "{content:?}");
    let hybrid = of(&week.groups, "hybrid", "m1")?;
    ensure!(hybrid.counts == counts(1, 1, 0, 0), "{hybrid:?}");
    ensure!((hybrid.experiment.as_str(), hybrid.variant.as_str()) == ("x", "old"), "{hybrid:?}");
    let first = RankRollup { rank: 1, counts: counts(2, 2, 1, 1) };
    ensure!(week.ranks == [first, RankRollup { rank: 2, counts: counts(1, 0, 1, 0) }], "{:?}", week.ranks);
    let mut exposure = week.exposure.shown;
    exposure.sort_unstable();
    ensure!(exposure == [1, 2], "{exposure:?}");

    let longer = store.quality(now, 9).await?;
    ensure!(longer.groups.len() == 3 && longer.exposure.shown.len() == 3, "{longer:?}");
    ensure!(of(&longer.groups, "hybrid", "")?.counts == counts(1, 0, 0, 0), "{longer:?}");
    ensure!(store.quality(at(9 * DAY), 7).await?.groups.is_empty());

    // Newer feedback replaces older, also in the counts; a verdict that it says nothing of stays.
    store.put_feedback(&said("one", "ada", "a", false, None)).await?;
    let week = store.quality(now, 7).await?;
    ensure!(of(&week.groups, "content", "m1")?.counts == counts(2, 0, 2, 1), "{week:?}");
    ensure!(week.ranks[0].counts == counts(2, 1, 1, 1), "{:?}", week.ranks);
    Ok(())
}

pub(crate) async fn a_late_impression_counts_where_it_belongs(database: &Database) -> Result<()> {
    let store = database.store().await?;
    shown_to_ada_and_bob(&store).await?;
    let late = [
        shown("late", "ada", "a", 1, -8 * DAY),
        shown("late", "ada", "a", 1, -8 * DAY),
        shown("later", "ada", "a", 1, -5 * DAY),
        shown("late", "ada", "d", 2, -8 * DAY),
    ];
    ensure!(store.put_impressions(&late).await? == 3);
    let exposure = async |days| {
        let mut shown = store.quality(at(2 * HOUR), days).await?.exposure.shown;
        shown.sort_unstable();
        anyhow::Ok(shown)
    };
    // a 2, b 1 within two days; a once more within a week; a, c and d once more before.
    ensure!(exposure(2).await? == [1, 2], "{:?}", exposure(2).await?);
    ensure!(exposure(6).await? == [1, 3], "{:?}", exposure(6).await?);
    ensure!(exposure(9).await? == [1, 1, 1, 4], "{:?}", exposure(9).await?);
    Ok(())
}

pub(crate) async fn what_is_written_twice_is_counted_once(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a")], at(0)).await?;
    store.put_feedback(&said("one", "ada", "a", true, Some(false))).await?;
    for _ in 0..2 {
        store.put_impressions(&[shown("one", "ada", "a", 1, 0)]).await?;
    }
    let week = store.quality(at(HOUR), 7).await?;
    ensure!(week.groups.len() == 1 && week.groups[0].counts == counts(1, 1, 1, 0), "{week:?}");
    ensure!(week.exposure.shown == [1], "{week:?}");
    Ok(())
}

pub(crate) async fn engagement_is_that_of_the_window_by_hand(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("b")], at(-20 * DAY)).await?;
    let view = |who: &str, what: &str, seconds| event(who, what, InteractionType::View, seconds);
    let long_ago = [view("bob", "a", -10 * DAY)];
    store.record(&long_ago, &rules(), at(-10 * DAY), None).await?;
    // One session of ten minutes, one of a moment; one of a moment by cat.
    let events = [
        view("ada", "a", 0),
        view("ada", "a", 60),
        view("ada", "b", 600),
        export("ada", "a", 2 * HOUR),
        export("cat", "b", -3 * DAY),
    ];
    for event in events {
        store.record(&[event], &rules(), at(3 * HOUR), None).await?;
    }
    let week = store.engagement(at(3 * HOUR), 7).await?;
    ensure!(week.begin == at(3 * HOUR - 7 * DAY));
    ensure!((week.users, week.new_users, week.active_users) == (3, 2, 2), "{week:?}");
    let exports = TypeCount { interaction_type: "export".into(), events: 2, positive: 2 };
    let views = TypeCount { interaction_type: "view".into(), events: 3, positive: 0 };
    ensure!(week.by_type == [exports, views], "{week:?}");
    ensure!((week.sessions, week.session_seconds) == (3, 600.0), "{week:?}");

    let month = store.engagement(at(3 * HOUR), 30).await?;
    ensure!((month.active_users, month.new_users, month.sessions) == (3, 3, 4), "{month:?}");
    let since = store.newcomers_since(at(-DAY)).await?;
    ensure!((since.users, since.new_users, since.events) == (3, 2, 4), "{since:?}");
    Ok(())
}

pub(crate) async fn an_experiment_is_summed_over_people(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&["a", "b", "c"].map(resource), at(0)).await?;
    let to = |answer: &str, who: &str, what: &str, of: &str| Impression {
        variant: variant(of),
        ..shown(answer, who, what, 1, 0)
    };
    // Of the old: ada is shown 3 and clicks 2, bob is shown 1 and clicks none. Of the new: cat is
    // shown 2 and clicks 1.
    let all = [
        to("1", "ada", "a", "old"),
        to("1", "ada", "b", "old"),
        to("2", "ada", "c", "old"),
        to("3", "bob", "a", "old"),
        to("4", "cat", "a", "new"),
        to("4", "cat", "b", "new"),
    ];
    store.put_impressions(&all).await?;
    for (answer, who, what, useful) in
        [("1", "ada", "a", Some(true)), ("2", "ada", "c", Some(false)), ("4", "cat", "b", None)]
    {
        store.put_feedback(&said(answer, who, what, true, useful)).await?;
    }
    let found = store.experiment("x", at(HOUR), 7).await?;
    let [new, old] = found.as_slice() else { anyhow::bail!("{found:?}") };
    ensure!((new.variant.as_str(), new.users, new.counts) == ("new", 1, counts(2, 1, 0, 0)), "{new:?}");
    ensure!((old.variant.as_str(), old.users, old.counts) == ("old", 2, counts(4, 2, 2, 1)), "{old:?}");
    ensure!(old.clicks == [10.0, 4.0, 6.0], "{old:?}");
    ensure!((old.raters, old.verdicts) == (1, [4.0, 1.0, 2.0]), "{old:?}");
    ensure!(store.experiment("y", at(HOUR), 7).await?.is_empty());
    store.delete_user(&user("ada"), at(1_000)).await?;
    let found = store.experiment("x", at(HOUR), 7).await?;
    ensure!(found[0] == *new, "nobody else's is touched");
    ensure!(
        (found[1].users, found[1].counts) == (1, counts(1, 0, 0, 0)),
        "an erased person is in none: {found:?}"
    );
    ensure!(
        (found[1].clicks, found[1].raters, found[1].verdicts) == ([1.0, 0.0, 0.0], 0, [0.0; 3]),
        "{found:?}"
    );
    Ok(())
}

pub(crate) async fn figures_of_a_store_of_before_are_counted_when_it_is_upgraded(
    database: &Database,
) -> Result<()> {
    let store = database.store().await?;
    shown_to_ada_and_bob(&store).await?;
    store
        .record(
            &[
                export("ada", "a", 0),
                export("ada", "a", 30),
                export("ada", "a", 5_000),
                export("ada", "b", 60),
                export("bob", "a", 5),
                export("bob", "a", 7_100),
                event("cat", "c", InteractionType::View, 30),
            ],
            &rules(),
            at(HOUR),
            None,
        )
        .await?;
    store.put_feedback(&said("two", "bob", "a", true, Some(false))).await?;
    store.put_impressions(&[shown("three", "bob", "d", 4, 60)]).await?;
    let now = at(2 * HOUR);
    let (quality, engagement) = (store.quality(now, 9).await?, store.engagement(now, 9).await?);
    ensure!((engagement.by_type[0].events, engagement.by_type[1].events) == (6, 1), "{engagement:?}");
    ensure!(engagement.sessions == 5, "{engagement:?}");
    let experiment = store.experiment("x", now, 9).await?;
    ensure!(experiment.len() == 1 && experiment[0].counts == counts(1, 1, 1, 0), "{experiment:?}");
    revert(&store, "m20260401_000007_windows").await?;
    store.migrate().await?;
    let sorted = |mut quality: docent_storage::Quality| {
        quality.exposure.shown.sort_unstable();
        quality
    };
    ensure!(sorted(store.quality(now, 9).await?) == sorted(quality.clone()));
    ensure!(store.experiment("x", now, 9).await? == experiment);
    ensure!(store.engagement(now, 9).await? == engagement, "{:?}", store.engagement(now, 9).await?);
    revert(&store, "m20260301_000006_feedback_loop").await?;
    store.migrate().await?;
    let (quality_after, engagement_after) = (store.quality(now, 9).await?, store.engagement(now, 9).await?);
    let totals =
        |groups: &[GroupRollup]| groups.iter().fold(FeedbackCounts::default(), |sum, g| sum.plus(g.counts));
    ensure!(totals(&quality.groups) == counts(5, 2, 3, 1), "{quality:?}");
    ensure!(totals(&quality_after.groups) == totals(&quality.groups), "{quality_after:?}");
    ensure!(quality_after.ranks == quality.ranks && quality_after.exposure.shown.len() == 4);
    ensure!(engagement_after == engagement, "{engagement_after:?} {engagement:?}");
    // Rows know their owners again, and only the shown one is left where there were two.
    ensure!(store.feedback_of("two").await?.len() == 1);
    store.put_feedback(&said("three", "ada", "d", true, None)).await?;
    ensure!(store.feedback_of("three").await?[0].was_clicked.is_none());
    ensure!(store.verdicts_of(&user("bob")).await?.len() == 1);
    Ok(())
}

pub(crate) async fn old_figures_are_forgotten_and_windows_stay_as_they_were(
    database: &Database,
) -> Result<()> {
    let store = database.store().await?;
    shown_to_ada_and_bob(&store).await?;
    store
        .put_impressions(&[shown("five", "ada", "a", 1, 90 * DAY), shown("six", "ada", "a", 1, -9 * DAY)])
        .await?;
    store.record(&[export("ada", "a", 0)], &rules(), at(HOUR), None).await?;
    let now = at(95 * DAY);
    let (quality, engagement) = (store.quality(now, 90).await?, store.engagement(now, 90).await?);
    ensure!(quality.exposure.shown == [1] && quality.groups.len() == 1, "{quality:?}");
    ensure!(store.forget_old_rollups(now).await? > 4);
    ensure!(store.quality(now, 90).await? == quality && store.engagement(now, 90).await? == engagement);
    ensure!(store.forget_old_rollups(now).await? == 0);
    Ok(())
}
