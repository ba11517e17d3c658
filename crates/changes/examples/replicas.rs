//! Measures how soon a write through one engine counts in the answers of another one on the same
//! PostgreSQL database, while both take interactions at a rate.
//!
//! `just replicas`, or `cargo run --example replicas -- RATE WRITES`: interactions
//! a second, 300 by default, and writes of each kind, 100 by default. The delay of a write is the
//! time from its acknowledgement until the first answer of the other engine is asked for that
//! counts it; the other engine has the user in its cache before.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use chrono::Utc;
use docent_domain::{Feedback, NewInteraction, Resource, ResourceChange, ResourceId, UserId};
use docent_engine::{Answer, Engine, EngineConfig, RecommendRequest};
use docent_storage::ProfileChange;
use docent_test_support::Database;

/// Time after which a write that is not seen counts as lost.
const MAX_DELAY: Duration = Duration::from_secs(40);
/// Resources, all of which an answer has.
const RESOURCES: usize = 60;

/// Kind of write that is measured.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Interaction,
    Dismissal,
    Profile,
    Feedback,
    Hide,
    Delete,
}

const KINDS: [Kind; 6] =
    [Kind::Interaction, Kind::Dismissal, Kind::Profile, Kind::Feedback, Kind::Hide, Kind::Delete];

fn id(n: usize) -> Result<ResourceId> {
    Ok(ResourceId::new(format!("r{n}"))?)
}

fn resource(n: usize) -> Result<Resource> {
    Ok(Resource { source: Some(format!("press-{n}")), ..Resource::new(id(n)?, format!("Volume {n}")) })
}

async fn answer(engine: &Engine, user: &UserId) -> Result<Answer> {
    Ok(engine.recommend(RecommendRequest::new(user.clone()).limit(100)).await?)
}

/// Asks again, and records no impressions: thousands of answers a second would fill their queue,
/// and feedback on an answer whose impressions are left out has no user.
async fn answer_again(engine: &Engine, user: &UserId) -> Result<Answer> {
    let request = RecommendRequest::new(user.clone()).limit(100).without_impressions();
    Ok(engine.recommend(request).await?)
}

fn lists(answer: &Answer, resource: &ResourceId) -> bool {
    answer.recommendations.iter().any(|one| one.resource_id == *resource)
}

/// Writes once through `a`, and returns the time until an answer of `b` counts it.
async fn measure(kind: Kind, n: usize, a: &Engine, b: &Engine) -> Result<Duration> {
    let (user, target) = (UserId::new(format!("measured-{kind:?}-{n}"))?, id(n % RESOURCES)?);
    let before = answer(b, &user).await?;
    ensure!(lists(&before, &target), "{target} is not in the answer before the write");
    match kind {
        Kind::Interaction => {
            drop(
                a.record(&[NewInteraction::collection_add(user.clone(), target.clone(), Utc::now())]).await?,
            );
        }
        Kind::Dismissal => {
            drop(a.record(&[NewInteraction::dismiss(user.clone(), target.clone(), Utc::now())]).await?);
        }
        Kind::Profile => {
            let excluded_sources = Some(vec![format!("press-{}", n % RESOURCES)]);
            a.update_profile(&user, &ProfileChange { excluded_sources, ..ProfileChange::default() }).await?;
        }
        Kind::Feedback => {
            a.feedback(&Feedback {
                recommendation_id: before.recommendation_id.clone(),
                resource_id: target.clone(),
                user_id: None,
                was_clicked: true,
                was_useful: Some(true),
                notes: None,
                at: Utc::now(),
            })
            .await?;
        }
        Kind::Hide => {
            let hidden = ResourceChange { hidden: Some(true), ..ResourceChange::default() };
            a.change_resource(&target, &hidden).await?;
        }
        Kind::Delete => ensure!(a.delete_resource(&target).await?, "{target} is not there"),
    }
    let acknowledged = Instant::now();
    let delay = loop {
        let asked = acknowledged.elapsed();
        if !lists(&answer_again(b, &user).await?, &target) {
            break asked;
        }
        ensure!(asked < MAX_DELAY, "{kind:?} was not seen within {MAX_DELAY:?}");
    };
    if matches!(kind, Kind::Hide | Kind::Delete) {
        a.ingest(vec![resource(n % RESOURCES)?]).await?;
        while !lists(&answer_again(b, &user).await?, &target) {
            ensure!(acknowledged.elapsed() < MAX_DELAY, "{target} did not come back");
        }
    }
    Ok(delay)
}

/// Records interactions at a rate, through both engines in turn, until `ends` is set.
async fn load(engines: [Engine; 2], rate: f64, ends: Arc<AtomicBool>, taken: Arc<AtomicU64>) -> Result<()> {
    let mut due = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    for n in 0usize.. {
        due.tick().await;
        if ends.load(Ordering::Relaxed) {
            break;
        }
        let [first, second] = &engines;
        let (engine, taken) = (if n.is_multiple_of(2) { first } else { second }.clone(), Arc::clone(&taken));
        let reader = UserId::new(format!("reader-{}", n % 5_000))?;
        let event = NewInteraction::collection_add(reader, id(n % RESOURCES)?, Utc::now());
        tokio::spawn(async move {
            if engine.record(&[event]).await.is_ok() {
                taken.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    Ok(())
}

/// Returns a value of the command line, or its default.
fn argument(place: usize, default: f64) -> Result<f64> {
    let Some(given) = std::env::args().nth(place) else { return Ok(default) };
    let number: f64 = given.parse().with_context(|| format!("expected a number, got {given}"))?;
    ensure!(number > 0.0, "expected a number above 0, got {given}");
    Ok(number)
}

#[tokio::main]
async fn main() -> Result<()> {
    let (rate, writes) = (argument(1, 300.0)?, argument(2, 100.0)? as usize);
    let database = Database::postgres().await?;
    let folder = tempfile::tempdir()?;
    let config = EngineConfig {
        database_url: database.url().to_owned(),
        // Nothing but the log of changes may be fast.
        cached_user_seconds: 86_400,
        ..EngineConfig::in_folder(folder.path())
    };
    let (a, b) = (Engine::open(config.clone()).await?, Engine::open(config).await?);
    a.ingest((0..RESOURCES).map(resource).collect::<Result<_>>()?).await?;
    let reader = UserId::new("reader")?;
    while answer_again(&b, &reader).await?.recommendations.len() < RESOURCES {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (ends, taken) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let loading = tokio::spawn(load([a.clone(), b.clone()], rate, Arc::clone(&ends), Arc::clone(&taken)));
    let begun = Instant::now();
    println!("| write | writes | p50 ms | p99 ms | max ms |\n|---|---|---|---|---|");
    for kind in KINDS {
        let mut delays = Vec::with_capacity(writes);
        for n in 0..writes {
            delays.push(measure(kind, n, &a, &b).await?.as_secs_f64() * 1e3);
        }
        delays.sort_by(f64::total_cmp);
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| {
            let rank = (delays.len() as f64 * share).ceil() as usize;
            delays.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        });
        println!("| {kind:?} | {writes} | {p50:.1} | {p99:.1} | {max:.1} |");
    }
    ends.store(true, Ordering::Relaxed);
    loading.await??;
    let each_second = taken.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
    println!("\nmeanwhile {each_second:.0} interactions a second through both engines together");
    a.close().await?;
    Ok(b.close().await?)
}
