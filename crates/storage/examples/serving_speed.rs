//! Measures the storage side of serving: the reads of a start, single interactions by 32 writers
//! against batches, the CPU time of impressions, and the state of a user.
//!
//! `cargo run --release -p docent-storage --example serving_speed [URL] [RESOURCES] [EVENTS]`;
//! without a URL, SQLite in a temporary folder. An empty store is filled first.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::{
    error::Error,
    fmt::Display,
    time::{Duration, Instant},
};

use chrono::DateTime;
use docent_domain::{
    Impression, InteractionRules, InteractionType, NewInteraction, ResourceId, Signals, Strategy, UserId,
};
use docent_storage::{ChangeCursor, Store, StoreConfig, TextColumn};

const WRITERS: u64 = 32;
const EVENTS_PER_WRITER: u64 = 125;
const EVENTS_PER_BATCH: u64 = 100;
const ANSWERS: u64 = 5_000;
const ANSWERS_AT_A_TIME: u64 = 100;
const DIM: usize = 128;
/// Ticks of the CPU clock in `/proc/self/stat`, per second.
const TICKS: f64 = 100.0;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut arguments = std::env::args().skip(1);
    let url =
        arguments.next().unwrap_or_else(|| format!("sqlite:{}", folder.path().join("store.db").display()));
    let resources = arguments.next().map_or(Ok(20_000), |n| n.parse::<u64>())?;
    let interactions = arguments.next().map_or(Ok(200_000), |n| n.parse::<u64>())?;
    let store = Store::connect(&StoreConfig::new(&url)).await?;
    store.migrate().await?;
    if store.counts().await?.resources == 0 {
        fill(&store, resources, interactions).await?;
        store.close().await?;
        println!("filled; run again to measure {url} if it lasts");
    }
    let store = Store::connect(&StoreConfig::new(&url)).await?;
    start(&store).await?;
    users(&store, resources).await?;
    singles_and_batches(&store, resources).await?;
    impressions(&store, resources).await?;
    Ok(store.close().await?)
}

/// Fills an empty store by SQL, since only its size matters here.
async fn fill(store: &Store, resources: u64, interactions: u64) -> Outcome {
    let started = Instant::now();
    let users = resources;
    let words = "words ".repeat(60);
    let per_user = interactions.div_ceil(users);
    let (vector, hash) = match store.backend() {
        "sqlite" => (format!("randomblob({})", 4 * DIM), "hex(randomblob(32))"),
        _ => (format!("decode(repeat('3c23d70a', {DIM}), 'hex')"), "md5(CAST(n AS text))"),
    };
    let numbers =
        |to: u64| format!("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {to})");
    for statement in [
        format!(
            "{} INSERT INTO resources (external_id, hidden, created_at, updated_at, text_hash, title, authors, \
             subjects, attributes, search_text, text) SELECT 'resource-' || n, false, n, n, {hash}, 'Title ' || n, \
             '[\"Author ' || (n % 3000) || '\"]', '[\"Subject ' || (n % 200) || '\"]', '{{}}', 'title ' || n, '{words}' FROM c",
            numbers(resources)
        ),
        format!(
            "{} INSERT INTO users (external_id, created_at) SELECT 'user-' || n, n FROM c",
            numbers(users)
        ),
        format!(
            "INSERT INTO user_profiles (user_id, diversity_preference, novelty_preference, recency_bias, \
             research_domains, preferred_authors, preferred_sources, excluded_sources, total_interactions, \
             created_at, updated_at) SELECT id, .5, .5, .5, '[]', '[]', '[]', '[]', {per_user}, 1, 1 FROM users"
        ),
        format!(
            "{} INSERT INTO user_interactions (user_id, resource_id, interaction_type, interaction_strength, \
             is_positive, is_negative, return_visits, confidence, created_at, interaction_timestamp) \
             SELECT u, r, 'view', .5, true, false, 0, .5, at, at FROM \
             (SELECT u.n AS u, ((u.n * 7919 + c.n * c.n * 131) * c.n) % {resources} + 1 AS r, \
             1700000000000000 + c.n * 86400000000 + u.n AS at FROM c, \
             (SELECT id AS n FROM users) u) pairs WHERE true ON CONFLICT DO NOTHING",
            numbers(per_user)
        ),
        format!(
            "INSERT INTO resource_embeddings (resource_id, embedder, text_hash, vector, created_at) \
             SELECT id, 'test', text_hash, {vector}, 1 FROM resources"
        ),
    ] {
        store.raw_sql(&statement).await?;
    }
    store.recount_totals().await?;
    println!("filled in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

async fn start(store: &Store) -> Outcome {
    let started = Instant::now();
    let counts = store.interaction_counts().await?.len();
    report("popularity of a start", started, format_args!("{counts} resources"));

    let started = Instant::now();
    let counts = store.counts().await?;
    report("counts", started, format_args!("{} interactions", counts.interactions));

    let started = Instant::now();
    let mut cursor = ChangeCursor { updated_at: DateTime::UNIX_EPOCH, row_id: 0 };
    let (mut read, mut ids) = (0, Vec::new());
    loop {
        let page = store.resources_changed_since(cursor, 2_000, TextColumn::Skip).await?;
        let Some(last) = page.last() else { break };
        cursor = ChangeCursor { updated_at: last.updated_at, row_id: last.row_id };
        read += page.len();
        ids.extend(page.into_iter().map(|stored| stored.resource.id));
    }
    report("catalogue of a start", started, format_args!("{read} resources"));

    let started = Instant::now();
    let mut read = 0;
    for ids in ids.chunks(2_000) {
        read += store.embeddings_of_resources("test", ids).await?.len();
    }
    report("vectors of a start", started, format_args!("{read} vectors of {DIM}"));
    Ok(())
}

async fn users(store: &Store, users: u64) -> Outcome {
    let mut times = Vec::new();
    for n in 0..1_000 {
        let user = user(mixed(n) % users + 1)?;
        let started = Instant::now();
        let (state, verdicts) = tokio::try_join!(store.user_state(&user, 500), store.verdicts_of(&user))?;
        times.push(started.elapsed());
        assert!(verdicts.is_empty() && state.is_some(), "{user:?} has no state");
    }
    quantiles("state of a user", times);
    Ok(())
}

async fn singles_and_batches(store: &Store, resources: u64) -> Outcome {
    let mut times = Vec::new();
    for n in 0..100 {
        let started = Instant::now();
        record(store, &[event(n * 13, resources)?]).await?;
        times.push(started.elapsed());
    }
    quantiles("one interaction, one writer", times);
    for round in 0..3 {
        let first = round * 1_000_000;
        let (started, cpu) = (Instant::now(), cpu_seconds()?);
        let writers = (0..WRITERS).map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut times = Vec::new();
                for n in 0..EVENTS_PER_WRITER {
                    let event = event(first + writer * EVENTS_PER_WRITER + n, resources)?;
                    let started = Instant::now();
                    record(&store, &[event]).await?;
                    times.push(started.elapsed());
                }
                Outcome::Ok(times)
            })
        });
        let mut times = Vec::new();
        for writer in writers.collect::<Vec<_>>() {
            times.extend(writer.await??);
        }
        rate("single interactions, 32 writers", WRITERS * EVENTS_PER_WRITER, started, cpu)?;
        quantiles("  each", times);

        let first = first + 500_000;
        let (started, cpu) = (Instant::now(), cpu_seconds()?);
        for batch in 0..WRITERS * EVENTS_PER_WRITER / EVENTS_PER_BATCH {
            let events =
                (0..EVENTS_PER_BATCH).map(|n| event(first + batch * EVENTS_PER_BATCH + n, resources));
            record(store, &events.collect::<Outcome<Vec<_>>>()?).await?;
        }
        rate("batches of 100 interactions, one writer", WRITERS * EVENTS_PER_WRITER, started, cpu)?;
    }
    Ok(())
}

async fn impressions(store: &Store, resources: u64) -> Outcome {
    let before = size(store).await?;
    let (started, cpu) = (Instant::now(), cpu_seconds()?);
    for part in 0..ANSWERS / ANSWERS_AT_A_TIME {
        let answers = part * ANSWERS_AT_A_TIME..(part + 1) * ANSWERS_AT_A_TIME;
        let batch: Vec<Impression> =
            answers.map(|answer| shown(answer, resources)).collect::<Outcome<Vec<_>>>()?.concat();
        store.put_impressions(&batch).await?;
    }
    rate("answers of ten impressions", ANSWERS, started, cpu)?;
    let bytes = (size(store).await? - before) / (ANSWERS as f64 * 10.0);
    println!("{bytes:.0} bytes an impression");
    Ok(())
}

/// Returns the size of the database in bytes.
async fn size(store: &Store) -> Outcome<f64> {
    let query = match store.backend() {
        "sqlite" => "SELECT CAST(page_count * page_size AS text) FROM pragma_page_count, pragma_page_size",
        _ => "SELECT CAST(pg_database_size(current_database()) AS text)",
    };
    let size = store.raw_sql(query).await?;
    Ok(size.first().ok_or("no size")?.parse()?)
}

async fn record(store: &Store, events: &[NewInteraction]) -> Outcome {
    let now = DateTime::from_timestamp(1_800_000_000, 0).ok_or("no such time")?;
    store.record(events, &InteractionRules::default(), now, None).await?;
    Ok(())
}

fn report(what: &str, started: Instant, found: impl Display) {
    println!("{what}: {:.2} s, {found}", started.elapsed().as_secs_f64());
}

fn rate(what: &str, count: u64, started: Instant, cpu: f64) -> Outcome {
    let (count, seconds) = (count as f64, started.elapsed().as_secs_f64());
    let cpu = (cpu_seconds()? - cpu) * 1e3 / count;
    println!("{what}: {:.0}/s, {cpu:.3} ms of CPU each", count / seconds);
    Ok(())
}

fn quantiles(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!("{what}: p50 {:?}, p99 {:?}", at(50), at(99));
}

/// Returns the CPU time of this process: fields 14 and 15, counted from the end of its name.
fn cpu_seconds() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no name")?;
    let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

fn shown(answer: u64, resources: u64) -> Outcome<Vec<Impression>> {
    let user_id = user(mixed(answer) % resources + 1)?;
    let ranks = 1..=10_u32;
    ranks
        .map(|rank| {
            let draw = mixed(answer * 10 + u64::from(rank));
            // Popular resources are shown more often.
            let resource = (draw % resources) * (draw >> 32) % resources * (draw >> 40) % resources + 1;
            Ok(Impression {
                recommendation_id: format!("01JZZZZZZZ{:016}", answer),
                user_id: user_id.clone(),
                resource_id: ResourceId::new(format!("resource-{resource}"))?,
                strategy: Strategy::Hybrid,
                score: 0.5 / f64::from(rank),
                rank,
                model_version: Some("20260101T000000Z-0123456789ab".to_owned()),
                novelty: Some(0.3),
                diversity: Some(0.7),
                variant: None,
                shown_at: DateTime::from_timestamp(1_800_000_000 + answer as i64, 0).ok_or("no such time")?,
                kept_share: 1.0,
            })
        })
        .collect()
}

fn user(n: u64) -> Outcome<UserId> {
    Ok(UserId::new(format!("user-{n}"))?)
}

fn event(n: u64, resources: u64) -> Outcome<NewInteraction> {
    let draw = mixed(n);
    let kinds = [InteractionType::View, InteractionType::Export, InteractionType::CollectionAdd];
    Ok(NewInteraction {
        user_id: user(draw % resources + 1)?,
        resource_id: ResourceId::new(format!("resource-{}", (draw >> 20) % resources + 1))?,
        interaction_type: kinds.into_iter().nth((draw >> 50) as usize % 3).ok_or("no kind")?,
        signals: Signals { dwell_seconds: Some((draw >> 40) as f64 % 900.0), ..Signals::default() },
        at: Some(DateTime::from_timestamp(1_799_000_000 + (n % 100_000) as i64, 0).ok_or("no such time")?),
    })
}

/// SplitMix64: the same numbers at each run.
fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
