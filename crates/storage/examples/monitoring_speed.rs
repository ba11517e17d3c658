//! Measures the time to read the windows of monitoring from a full store.
//!
//! `cargo run --release -p docent-storage --example monitoring_speed [URL] [ROWS]`; without a URL,
//! SQLite in a temporary folder. It writes ROWS interactions and as many impressions over the last
//! 90 days (a million by default), then reads windows of 1, 7 and 90 days and prints the median and
//! the longest of 20 times. With ROWS = 0 it measures the existing store.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::{
    error::Error,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use docent_domain::{
    Assignment, Feedback, Impression, InteractionRules, InteractionType, NewInteraction, Resource,
    ResourceId, Signals, Strategy, UserId,
};
use docent_storage::{Store, StoreConfig};

const RESOURCES: u64 = 10_000;
const USERS: u64 = 20_000;
const PER_CALL: u64 = 20_000;
const PER_ANSWER: u64 = 20;
const SECONDS: u64 = 90 * 86_400;
const TIMES: usize = 20;

type Failed = Box<dyn Error>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mut arguments = std::env::args().skip(1);
    let url =
        arguments.next().unwrap_or_else(|| format!("sqlite:{}", folder.path().join("store.db").display()));
    let rows = arguments.next().map_or(Ok(1_000_000), |n| n.parse::<u64>())?;
    let store = Store::connect(&StoreConfig::new(url)).await?;
    store.migrate().await?;
    let now = Utc::now();
    fill(&store, rows, now).await?;

    for days in [1, 7, 90] {
        time(&format!("recommendation-quality, {days} days"), async || {
            tokio::try_join!(store.quality(now, days), store.experiment("weights", now, days)).map(|_| ())
        })
        .await?;
        time(&format!("user-engagement, {days} days"), async || {
            store.engagement(now, days).await.map(|_| ())
        })
        .await?;
    }
    time("model-health", async || store.newcomers_since(now - TimeDelta::days(30)).await.map(|_| ())).await
}

async fn time<F>(what: &str, mut read: impl FnMut() -> F) -> Result<(), Failed>
where
    F: Future<Output = Result<(), docent_storage::StorageError>>,
{
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..TIMES {
        let started = Instant::now();
        read().await?;
        times.push(started.elapsed());
    }
    times.sort();
    let millis = |at: usize| times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3);
    println!("{what}: median {:.1} ms, longest {:.1} ms", millis(TIMES / 2), millis(TIMES - 1));
    Ok(())
}

async fn fill(store: &Store, rows: u64, now: DateTime<Utc>) -> Result<(), Failed> {
    let resource = |n: u64| {
        Ok::<_, Failed>(Resource::new(ResourceId::new(format!("resource-{n}"))?, format!("Title {n}")))
    };
    let resources = (0..RESOURCES).map(resource).collect::<Result<Vec<_>, _>>()?;
    for part in resources.chunks(1_000) {
        store.upsert_resources(part, now).await?;
    }
    let started = Instant::now();
    for part in 0..rows.div_ceil(PER_CALL) {
        let numbers = part * PER_CALL..rows.min((part + 1) * PER_CALL);
        let events = numbers.map(|n| event(n, rows, now)).collect::<Result<Vec<_>, _>>()?;
        store.import_interactions(&events, &InteractionRules::default(), now).await?;
    }
    println!("{rows} interactions written in {:.0} s", started.elapsed().as_secs_f64());
    let started = Instant::now();
    for part in 0..rows.div_ceil(PER_CALL) {
        let numbers = part * PER_CALL..rows.min((part + 1) * PER_CALL);
        let shown = numbers.map(|n| impression(n, rows, now)).collect::<Result<Vec<_>, _>>()?;
        store.put_impressions(&shown).await?;
        for shown in shown.iter().step_by(1_000) {
            store.put_feedback(&feedback(shown)).await?;
        }
    }
    println!("{rows} impressions written in {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn when(n: u64, rows: u64, now: DateTime<Utc>) -> DateTime<Utc> {
    let ago = SECONDS - (u128::from(n) * u128::from(SECONDS) / u128::from(rows)) as u64;
    now - TimeDelta::seconds(ago.cast_signed())
}

/// Popular ones more often.
fn resource_of(draw: u64) -> Result<ResourceId, Failed> {
    let share = (draw % 1_000_003) as f64 / 1_000_003.0;
    Ok(ResourceId::new(format!("resource-{}", (share * share * RESOURCES as f64) as u64))?)
}

fn user_of(draw: u64) -> Result<UserId, Failed> {
    Ok(UserId::new(format!("user-{}", draw % USERS))?)
}

fn event(n: u64, rows: u64, now: DateTime<Utc>) -> Result<NewInteraction, Failed> {
    let draw = mixed(n);
    let kinds = [InteractionType::View, InteractionType::Export, InteractionType::CollectionAdd];
    Ok(NewInteraction {
        user_id: user_of(draw)?,
        resource_id: resource_of(draw >> 20)?,
        interaction_type: kinds.into_iter().nth((draw >> 50) as usize % 3).ok_or("no kind")?,
        signals: Signals::default(),
        at: Some(when(n, rows, now)),
    })
}

fn impression(n: u64, rows: u64, now: DateTime<Utc>) -> Result<Impression, Failed> {
    let answer = n / PER_ANSWER;
    let variant = ["control", "graph"].get(answer as usize % 2).ok_or("no variant")?;
    Ok(Impression {
        recommendation_id: format!("answer-{answer}"),
        user_id: user_of(mixed(answer))?,
        resource_id: resource_of(mixed(n) >> 20)?,
        strategy: if answer.is_multiple_of(10) { Strategy::Content } else { Strategy::Hybrid },
        score: 0.5,
        rank: (n % PER_ANSWER) as u32 + 1,
        model_version: Some(format!("model-{}", n * 13 / rows)),
        novelty: Some(0.3),
        diversity: Some(0.6),
        variant: Some(Assignment { experiment: "weights".into(), variant: (*variant).into() }),
        shown_at: when(n, rows, now),
        kept_share: 1.0,
    })
}

fn feedback(shown: &Impression) -> Feedback {
    Feedback {
        recommendation_id: shown.recommendation_id.clone(),
        user_id: Some(shown.user_id.clone()),
        resource_id: shown.resource_id.clone(),
        was_clicked: true,
        was_useful: Some(!shown.rank.is_multiple_of(3)),
        notes: None,
        at: shown.shown_at,
    }
}

/// SplitMix64: the same numbers at each run.
fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
