//! Rollups of windows, compared with counting everything again.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use docent_domain::{Assignment, Feedback, Impression, InteractionType};
use docent_storage::{FeedbackCounts, Store, VariantRollup};

use crate::support::{Database, at, event, id, impression, resource, revert, rules, user};

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

/// The same numbers at each run.
struct Draws(u64);

impl Draws {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// Returns the number and the length of the sessions that began since a time.
fn sessions_since(times: &BTreeSet<i64>, begin: i64) -> (u64, i64) {
    let mut sessions: Vec<(i64, i64)> = Vec::new();
    for &time in times {
        match sessions.last_mut() {
            Some(last) if time - last.1 <= HOUR / 2 => last.1 = time,
            _ => sessions.push((time, time)),
        }
    }
    sessions.retain(|session| session.0 >= begin);
    (sessions.len() as u64, sessions.iter().map(|(begin, end)| end - begin).sum())
}

pub(crate) async fn sessions_are_the_same_in_whatever_order_events_come(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a")], at(0)).await?;
    let now = at(0);
    let mut draws = Draws(3);
    let mut known: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for round in 0..12u64 {
        // Days on which events come every few minutes, with pauses about as long as those that end
        // a session.
        let mut events = Vec::new();
        for _ in 0..60 {
            let who = format!("user-{}", draws.below(2) + 2 * (round / 4));
            let day = draws.below(4).cast_signed() * 29 + round.cast_signed() % 4;
            let seconds = -1 - day * DAY - draws.below(72).cast_signed() * 600;
            known.entry(who.clone()).or_default().insert(seconds);
            events.push(event(&who, "a", InteractionType::View, seconds));
        }
        draws.shuffle(&mut events);
        while !events.is_empty() {
            let batch = draws.below(7) as usize + 1;
            let batch = events.split_off(events.len().saturating_sub(batch));
            store.record(&batch, &rules(), now, None).await?;
        }
        for days in [1u32, 7, 30, 60, 90] {
            let found = store.engagement(now, days).await?;
            let begin = (found.begin - at(0)).num_seconds();
            let (mut count, mut length) = (0, 0);
            for times in known.values() {
                let of_one = sessions_since(times, begin);
                (count, length) = (count + of_one.0, length + of_one.1);
            }
            let seconds = (found.session_seconds * 1e6).round() as i64;
            ensure!(
                (found.sessions, seconds) == (count, length * 1_000_000),
                "round {round}, {days} days: {found:?}, expected {count} of {length} s"
            );
        }
    }
    Ok(())
}

/// Answer, user, variant, resource, second.
type Shown = (String, String, &'static str, String, i64);

/// Returns the rollups that counting every user again gives.
fn counted(
    shown: &[Shown],
    said: &BTreeMap<(String, String), (bool, Option<bool>)>,
    since: DateTime<Utc>,
) -> Vec<VariantRollup> {
    let mut people: BTreeMap<(&str, &str), [u64; 4]> = BTreeMap::new();
    for (answer, who, variant, what, seconds) in shown {
        if at(*seconds) < since {
            continue;
        }
        let counts = people.entry((variant, who)).or_default();
        counts[0] += 1;
        if let Some((clicked, useful)) = said.get(&(answer.clone(), what.clone())) {
            counts[1] += u64::from(*clicked);
            counts[2] += u64::from(useful.is_some());
            counts[3] += u64::from(*useful == Some(true));
        }
    }
    let mut variants: BTreeMap<&str, VariantRollup> = BTreeMap::new();
    for ((variant, _), [shown, clicked, rated, useful]) in people {
        let of = variants.entry(variant).or_insert_with(|| VariantRollup {
            variant: variant.into(),
            users: 0,
            counts: FeedbackCounts::default(),
            clicks: [0.0; 3],
            raters: 0,
            verdicts: [0.0; 3],
        });
        of.users += 1;
        of.raters += u64::from(rated > 0);
        of.counts = of.counts.plus(FeedbackCounts { shown, clicked, rated, useful });
        let products = |x: u64, y: u64| [x * x, y * y, x * y].map(|product| product as f64);
        for (sum, product) in of.clicks.iter_mut().zip(products(shown, clicked)) {
            *sum += product;
        }
        for (sum, product) in of.verdicts.iter_mut().zip(products(rated, useful)) {
            *sum += product;
        }
    }
    variants.into_values().collect()
}

fn said_of(answer: &str, who: &str, what: &str, was_clicked: bool, was_useful: Option<bool>) -> Feedback {
    Feedback {
        recommendation_id: answer.into(),
        user_id: Some(user(who)),
        resource_id: id(what),
        was_clicked,
        was_useful,
        notes: None,
        at: at(0),
    }
}

fn as_impression((answer, who, variant, what, seconds): &Shown) -> Impression {
    Impression {
        variant: Some(Assignment { experiment: "x".into(), variant: (*variant).into() }),
        shown_at: at(*seconds),
        ..impression(answer, who, what)
    }
}

async fn compare(
    store: &Store,
    shown: &[Shown],
    said: &BTreeMap<(String, String), (bool, Option<bool>)>,
) -> Result<()> {
    for days in [1u32, 2, 5, 14, 30, 90] {
        let begin = at(0) - TimeDelta::days(i64::from(days));
        let since = begin.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
        let (found, expected) = (store.experiment("x", at(0), days).await?, counted(shown, said, since));
        ensure!(found == expected, "{days} days: {found:#?} {expected:#?}");
    }
    Ok(())
}

pub(crate) async fn an_experiment_in_any_window_is_what_counting_its_people_would_give(
    database: &Database,
) -> Result<()> {
    let store = database.store().await?;
    let resources: Vec<String> = (0..6).map(|n| format!("r{n}")).collect();
    let made: Vec<_> = resources.iter().map(|name| resource(name)).collect();
    store.upsert_resources(&made, at(-100 * DAY)).await?;
    let mut draws = Draws(5);
    let (mut shown, mut said) = (Vec::<Shown>::new(), BTreeMap::new());
    for round in 0..40 {
        let mut batch = Vec::new();
        for n in 0..=draws.below(3) {
            let who = draws.below(9);
            let seconds = -1 - draws.below(85 * DAY.unsigned_abs()).cast_signed();
            for what in &resources[..draws.below(6) as usize + 1] {
                let variant = if who.is_multiple_of(2) { "new" } else { "old" };
                batch.push((format!("{round}-{n}"), format!("person-{who}"), variant, what.clone(), seconds));
            }
        }
        store.put_impressions(&batch.iter().map(as_impression).collect::<Vec<_>>()).await?;
        shown.extend(batch);
        for _ in 0..4 {
            let (answer, who, _, what, _) = &shown[draws.below(shown.len() as u64) as usize];
            let clicked = draws.below(2) == 0;
            let useful = [None, Some(true), Some(false)][draws.below(3) as usize];
            store.put_feedback(&said_of(answer, who, what, clicked, useful)).await?;
            let before = said.get(&(answer.clone(), what.clone())).and_then(|of: &(_, Option<bool>)| of.1);
            said.insert((answer.clone(), what.clone()), (clicked, useful.or(before)));
        }
    }
    compare(&store, &shown, &said).await?;
    // An erased user counts nowhere.
    store.delete_user(&user("person-3"), at(1_000)).await?;
    shown.retain(|(_, who, ..)| who != "person-3");
    compare(&store, &shown, &said).await?;
    // The upgrade counts as if from the start.
    revert(&store, "m20260401_000007_windows").await?;
    store.migrate().await?;
    compare(&store, &shown, &said).await
}

pub(crate) async fn what_one_person_does_at_once_is_counted_as_if_one_after_the_other(
    database: &Database,
) -> Result<()> {
    let store = database.store().await?;
    let names: Vec<String> = (0..40).map(|n| format!("r{n}")).collect();
    let made: Vec<_> = names.iter().map(|name| resource(name)).collect();
    store.upsert_resources(&made, at(-100 * DAY)).await?;
    let shown: Vec<Shown> = (0..40i64)
        .map(|n| (format!("{n}"), "ada".into(), "old", format!("r{n}"), -1 - n % 10 * DAY))
        .collect();
    let mut writers = tokio::task::JoinSet::new();
    for part in shown.chunks(5) {
        let (store, part) = (store.clone(), part.to_vec());
        writers.spawn(async move {
            for one in &part {
                store.put_impressions(&[as_impression(one)]).await?;
                let (answer, who, _, what, _) = one;
                // A click and a verdict at once: the verdict stands, whichever comes first.
                let (click, verdict) =
                    (said_of(answer, who, what, true, None), said_of(answer, who, what, true, Some(true)));
                let (first, second) = tokio::join!(store.put_feedback(&click), store.put_feedback(&verdict));
                first?;
                second?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = writers.join_next().await {
        done??;
    }
    let said =
        shown.iter().map(|(answer, _, _, what, _)| ((answer.clone(), what.clone()), (true, Some(true))));
    compare(&store, &shown, &said.collect()).await
}
