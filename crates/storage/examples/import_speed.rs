//! Measures the time to import interactions, a million by default, 50 a user and a resource.
//!
//! `cargo run --release -p docent-storage --example import_speed [URL] [EVENTS]`; without a URL,
//! SQLite in a temporary folder.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::{error::Error, time::Instant};

use chrono::DateTime;
use docent_domain::{
    InteractionRules, InteractionType, NewInteraction, Resource, ResourceId, Signals, UserId,
};
use docent_storage::{Store, StoreConfig, TextColumn};

/// Interactions of a user and of a resource, on average.
const EVENTS_OF_EACH: u64 = 50;
const EVENTS_PER_CALL: usize = 500_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut arguments = std::env::args().skip(1);
    let url =
        arguments.next().unwrap_or_else(|| format!("sqlite:{}", folder.path().join("store.db").display()));
    let count = arguments.next().map_or(Ok(1_000_000), |n| n.parse::<u64>())?;
    let store = Store::connect(&StoreConfig::new(url)).await?;
    store.migrate().await?;
    let now = DateTime::from_timestamp(1_800_000_000, 0).ok_or("no such time")?;

    let each = (count / EVENTS_OF_EACH).max(1);
    let resources = (0..each).map(resource).collect::<Result<Vec<_>, _>>()?;
    let started = Instant::now();
    for part in resources.chunks(1_000) {
        store.upsert_resources(part, now).await?;
    }
    println!("{each} resources written in {:.1} s", started.elapsed().as_secs_f64());

    let events = (0..count).map(|n| event(n, each)).collect::<Result<Vec<_>, _>>()?;
    for run in ["first", "second"] {
        let started = Instant::now();
        let (mut new, mut repeated, mut known) = (0, 0, 0);
        for part in events.chunks(EVENTS_PER_CALL) {
            let report = store.import_interactions(part, &InteractionRules::default(), now).await?;
            new += report.new;
            repeated += report.repeated;
            known += report.already_known;
        }
        let seconds = started.elapsed().as_secs_f64();
        println!("{run} import of {count}: {seconds:.1} s, {new} new, {repeated} repeated, {known} known");
    }

    let started = Instant::now();
    let (mut cursor, mut read) = (0, 0);
    loop {
        let page = store.interactions_after(cursor, 10_000).await?;
        let Some(last) = page.last() else { break };
        cursor = last.row_id;
        read += page.len();
    }
    println!("{read} read for training in {:.1} s", started.elapsed().as_secs_f64());

    let started = Instant::now();
    let counts = store.interaction_counts().await?.len();
    println!("{counts} resources counted in {:.2} s", started.elapsed().as_secs_f64());

    let started = Instant::now();
    let (mut cursor, mut read) = (0, 0);
    loop {
        let page = store.resources_after(cursor, 5_000, TextColumn::Skip).await?;
        let Some(last) = page.last() else { break };
        cursor = last.row_id;
        read += page.len();
    }
    println!("{read} resources loaded in {:.2} s", started.elapsed().as_secs_f64());

    let mut times = Vec::new();
    for n in 0..1_000 {
        let started = Instant::now();
        store.user_state(&user(n % each)?, 100).await?;
        times.push(started.elapsed());
    }
    times.sort();
    println!("state of a user: median {:?}, p99 {:?}", times.get(500), times.get(990));

    let mut times = Vec::new();
    for n in 0..200 {
        let one = NewInteraction { at: Some(now), ..event(n * 77, each)? };
        let started = Instant::now();
        store.record(&[one], &InteractionRules::default(), now, None).await?;
        times.push(started.elapsed());
    }
    times.sort();
    println!("recording one: median {:?}, p99 {:?}", times.get(100), times.get(198));
    Ok(())
}

fn resource(n: u64) -> Result<Resource, Box<dyn Error>> {
    let id = ResourceId::new(format!("resource-{n}"))?;
    let authors = vec![format!("Author {}", mixed(n) % 3_000), format!("Author {}", mixed(n + 7) % 3_000)];
    Ok(Resource { authors, text: "words ".repeat(200), ..Resource::new(id, format!("Title {n}")) })
}

fn user(n: u64) -> Result<UserId, Box<dyn Error>> {
    Ok(UserId::new(format!("user-{n}"))?)
}

fn event(n: u64, each: u64) -> Result<NewInteraction, Box<dyn Error>> {
    let draw = mixed(n);
    let kinds = [InteractionType::View, InteractionType::Export, InteractionType::CollectionAdd];
    Ok(NewInteraction {
        user_id: user(draw % each)?,
        resource_id: ResourceId::new(format!("resource-{}", (draw >> 20) % each))?,
        interaction_type: kinds.into_iter().nth((draw >> 50) as usize % 3).ok_or("no kind")?,
        signals: Signals { dwell_seconds: Some((draw >> 40) as f64 % 900.0), ..Signals::default() },
        at: Some(DateTime::from_timestamp(1_700_000_000 + n as i64 * 30, 0).ok_or("no such time")?),
    })
}

/// SplitMix64: the same numbers at each run.
fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
