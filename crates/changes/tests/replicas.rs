//! Two engines on one PostgreSQL database, which follow each other's commits. Users stay in their
//! caches for a day, and nothing calls `refresh`: all that is seen here has come through the log of
//! changes. Without PostgreSQL the tests are reported as ignored.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::{
    collections::HashMap,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use chrono::{TimeDelta, Utc};
use docent_domain::{
    Feedback, InteractionRules, NewInteraction, Resource, ResourceChange, ResourceId, UnitInterval, UserId,
};
use docent_engine::{Engine, EngineConfig, RecommendRequest};
use docent_storage::{AloneTask, IdempotencyKey, ProfileChange, Store, StoreConfig};
use docent_test_support::{Database, on_postgres, run};

const BOOKS: usize = 24;

fn id(id: &str) -> ResourceId {
    id.parse().unwrap()
}

fn user(id: &str) -> UserId {
    id.parse().unwrap()
}

fn book(n: usize) -> Resource {
    let source = Some(format!("press-{}", n % 2));
    Resource { source, ..Resource::new(id(&format!("book-{n}")), format!("Sailing for beginners, part {n}")) }
}

fn like(user_id: &str, resource: &str, minutes: i64) -> NewInteraction {
    let at = Utc::now() - TimeDelta::days(1) + TimeDelta::minutes(minutes);
    NewInteraction::collection_add(user(user_id), id(resource), at)
}

fn dismiss(user_id: &str, resource: &str) -> NewInteraction {
    NewInteraction::dismiss(user(user_id), id(resource), Utc::now() - TimeDelta::days(1))
}

fn request(user_id: &str) -> RecommendRequest {
    RecommendRequest::new(user(user_id))
}

/// Opens two engines on a database, with books.
async fn two(database: &Database) -> Result<(Engine, Engine)> {
    let folder = tempfile::tempdir()?.keep();
    let config = EngineConfig {
        database_url: database.url().to_owned(),
        cached_user_seconds: 86_400,
        ..EngineConfig::in_folder(folder)
    };
    let (a, b) = (Engine::open(config.clone()).await?, Engine::open(config).await?);
    a.ingest((0..BOOKS).map(book).collect()).await?;
    until("the other engine has the books", async || Ok(listed(&b, "nobody").await?.len() == BOOKS)).await?;
    Ok((a, b))
}

/// Waits until a condition is true.
async fn until(what: &str, mut condition: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition().await? {
        ensure!(Instant::now() < deadline, "timed out waiting until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Returns the view counts of everything that an engine recommends to a user.
async fn listed(engine: &Engine, user_id: &str) -> Result<HashMap<String, u64>> {
    let answer = engine.recommend(request(user_id).limit(100)).await?;
    Ok(answer.recommendations.into_iter().map(|of| (of.resource_id.to_string(), of.view_count)).collect())
}

/// Waits until an engine recommends a resource to a user, or no longer does.
async fn until_listed(engine: &Engine, user_id: &str, resource: &str, is_listed: bool) -> Result<()> {
    let what = format!("{resource} is recommended to {user_id}: {is_listed}");
    until(&what, async || Ok(listed(engine, user_id).await?.contains_key(resource) == is_listed)).await
}

async fn until_viewed(engine: &Engine, resource: &str, views: u64) -> Result<()> {
    let what = format!("{resource} has {views} views");
    until(&what, async || Ok(listed(engine, "nobody").await?.get(resource) == Some(&views))).await
}

async fn every_write_through_one_engine_counts_in_the_answers_of_the_other(
    database: &Database,
) -> Result<()> {
    let (a, b) = two(database).await?;
    let ada = user("ada");
    ensure!(listed(&b, "ada").await?.len() == BOOKS, "ada is in the cache of the other engine");

    a.record(&[dismiss("ada", "book-0")]).await?;
    until_listed(&b, "ada", "book-0", false).await?;
    a.delete_interactions(&ada, &id("book-0"), None).await?;
    until_listed(&b, "ada", "book-0", true).await?;
    a.record(&[like("ada", "book-1", 0)]).await?;
    until_listed(&b, "ada", "book-1", false).await?;
    until_viewed(&b, "book-1", 1).await?;
    // Its own sums come from the log, too.
    until_viewed(&a, "book-1", 1).await?;

    let excluded = |sources: &[&str]| ProfileChange {
        excluded_sources: Some(sources.iter().map(|source| (*source).to_owned()).collect()),
        ..ProfileChange::default()
    };
    a.update_profile(&ada, &excluded(&["press-0"])).await?;
    until_listed(&b, "ada", "book-2", false).await?;
    a.update_profile(&ada, &excluded(&[])).await?;
    until_listed(&b, "ada", "book-2", true).await?;

    // The answer is that of the other engine, which has not stored its impressions yet.
    let answer = b.recommend(request("ada").limit(1)).await?;
    let shown = answer.recommendations.first().context("nothing is recommended")?.resource_id.to_string();
    a.feedback(&Feedback {
        recommendation_id: answer.recommendation_id.clone(),
        resource_id: id(&shown),
        user_id: None,
        was_clicked: true,
        was_useful: Some(true),
        notes: None,
        at: Utc::now(),
    })
    .await?;
    until_listed(&b, "ada", &shown, false).await?;
    let stored = a.store().feedback_of(&answer.recommendation_id).await?;
    let row = stored.iter().find(|row| row.resource_id.as_str() == shown).context("no feedback")?;
    ensure!(row.rank == Some(1) && row.was_useful == Some(true), "impression and feedback are one: {row:?}");

    let hidden = |hidden| ResourceChange { hidden: Some(hidden), ..ResourceChange::default() };
    a.change_resource(&id("book-14"), &hidden(true)).await?;
    until_listed(&b, "ada", "book-14", false).await?;
    a.change_resource(&id("book-14"), &hidden(false)).await?;
    until_listed(&b, "ada", "book-14", true).await?;
    a.delete_resource(&id("book-15")).await?;
    until_listed(&b, "ada", "book-15", false).await?;

    a.ingest(vec![Resource::new(id("new"), "Sailing for everyone")]).await?;
    until_listed(&b, "ada", "new", true).await?;
    a.record_creating(&[like("bob", "later", 0)], None).await?;
    until_viewed(&b, "later", 1).await?;

    a.record(&[dismiss("visitor", "book-17")]).await?;
    a.merge_users(&user("visitor"), &ada).await?;
    until_listed(&b, "ada", "book-17", false).await?;
    a.erase_user(&ada).await?;
    until_listed(&b, "ada", "book-17", true).await?;
    until_viewed(&b, "book-1", 0).await?;
    a.close().await?;
    Ok(b.close().await?)
}

/// Ends the connections over which engines follow the log.
async fn cut(store: &Store) -> Result<usize> {
    let cut = "SELECT CAST(pg_terminate_backend(pid) AS text) FROM pg_stat_activity \
               WHERE application_name = 'docent-changes' AND datname = current_database()";
    Ok(store.raw_sql(cut).await?.len())
}

async fn a_lost_connection_loses_no_change_and_counts_none_twice(database: &Database) -> Result<()> {
    let (a, b) = two(database).await?;
    let mut connections_cut = 0;
    for round in 0..60 {
        let events: Vec<NewInteraction> = (0..BOOKS)
            .map(|n| like(&format!("reader-{}", (round * n) % 7), &format!("book-{n}"), round as i64))
            .collect();
        let (first, second) = events.split_at(round % BOOKS);
        let (one, two) = tokio::join!(a.record(first), b.record(second));
        one?;
        two?;
        if round % 6 == 0 {
            connections_cut += cut(a.store()).await?;
        }
    }
    ensure!(connections_cut >= 2, "no connection was cut");
    a.delete_interactions(&user("reader-0"), &id("book-3"), None).await?;
    b.erase_user(&user("reader-1")).await?;

    let counts: HashMap<i64, u64> = a
        .store()
        .interaction_counts()
        .await?
        .iter()
        .map(|count| (count.resource_row, count.total.events.unsigned_abs()))
        .collect();
    let names: Vec<_> = (0..BOOKS).map(|n| id(&format!("book-{n}"))).collect();
    let stored: HashMap<String, u64> = a
        .store()
        .get_resources(&names)
        .await?
        .into_iter()
        .map(|of| (of.resource.id.to_string(), counts.get(&of.row_id).copied().unwrap_or(0)))
        .collect();
    for (name, engine) in [("the first", &a), ("the second", &b)] {
        let what = format!("{name} engine has the sums of the store");
        until(&what, async || Ok(listed(engine, "nobody").await? == stored)).await?;
    }
    a.close().await?;
    Ok(b.close().await?)
}

async fn a_transaction_that_commits_late_is_not_passed_over(database: &Database) -> Result<()> {
    let (a, b) = two(database).await?;
    for name in ["ada", "reader-29"] {
        ensure!(listed(&b, name).await?.contains_key("book-2"), "{name} is in the cache");
    }
    // A program that imports sends no notification, and commits after others that began later.
    let importer = Store::connect(&StoreConfig::new(database.url())).await?;
    let session = importer.begin_import().await?;
    let rules = InteractionRules::default();
    session.write_interactions(&[dismiss("ada", "book-2")], &rules, Utc::now()).await?;
    // Sums by hour are locked by the import, preferences of others are not.
    let excluded =
        ProfileChange { excluded_sources: Some(vec!["press-0".into()]), ..ProfileChange::default() };
    for n in 0..30 {
        a.update_profile(&user(&format!("reader-{n}")), &excluded).await?;
    }
    until_listed(&b, "reader-29", "book-2", false).await?;
    ensure!(listed(&b, "ada").await?.contains_key("book-2"), "nothing uncommitted is seen");
    session.commit().await?;
    until_listed(&b, "ada", "book-2", false).await?;
    until_viewed(&b, "book-2", 1).await?;
    importer.close().await?;
    a.close().await?;
    Ok(b.close().await?)
}

async fn an_import_of_many_users_is_followed(database: &Database) -> Result<()> {
    let (a, b) = two(database).await?;
    ensure!(listed(&b, "reader-7").await?.contains_key("book-7"), "a reader is in the cache");
    let importer = Store::connect(&StoreConfig::new(database.url())).await?;
    let events: Vec<NewInteraction> =
        (0..1_500).map(|n| dismiss(&format!("reader-{n}"), &format!("book-{}", n % BOOKS))).collect();
    importer.import_interactions(&events, &InteractionRules::default(), Utc::now()).await?;
    until_listed(&b, "reader-7", "book-7", false).await?;
    until_viewed(&b, "book-7", 63).await?;
    until_viewed(&a, "book-7", 63).await?;
    importer.close().await?;
    a.close().await?;
    Ok(b.close().await?)
}

async fn concurrent_changes_of_one_profile_lose_none(database: &Database) -> Result<()> {
    let (a, b) = two(database).await?;
    let ada = user("ada");
    let share = |n: u32| UnitInterval::new("preference", f64::from(n) / 100.0);
    for round in 0..25 {
        let diversity =
            ProfileChange { diversity_preference: Some(share(round)?), ..ProfileChange::default() };
        let novelty = ProfileChange { novelty_preference: Some(share(round)?), ..ProfileChange::default() };
        let recency = ProfileChange { recency_bias: Some(share(round)?), ..ProfileChange::default() };
        let sources = vec![format!("source-{round}")];
        let sources = ProfileChange { preferred_sources: Some(sources.clone()), ..ProfileChange::default() };
        let (one, two, three, four) = tokio::join!(
            a.update_profile(&ada, &diversity),
            b.update_profile(&ada, &novelty),
            a.update_profile(&ada, &recency),
            b.update_profile(&ada, &sources),
        );
        for changed in [one, two, three, four] {
            changed?;
        }
        let profile = a.profile(&ada).await?;
        let shares = [profile.diversity_preference, profile.novelty_preference, profile.recency_bias];
        ensure!(shares == [share(round)?; 3], "round {round}: {profile:?}");
        ensure!(profile.preferred_sources == [format!("source-{round}")], "round {round}: {profile:?}");
    }
    a.close().await?;
    Ok(b.close().await?)
}

async fn one_process_at_a_time_deletes_what_is_old(database: &Database) -> Result<()> {
    let (a, b) = two(database).await?;
    let key = IdempotencyKey { scope: "test".into(), key: "one".into(), request_hash: "hash".into() };
    a.record_once(&key, &[like("ada", "book-1", 0)]).await?;
    let later = Utc::now() + TimeDelta::days(1);
    let alone = a.store().begin_alone(AloneTask::Retention).await?.context("nobody else deletes")?;
    ensure!(b.store().begin_alone(AloneTask::Retention).await?.is_none());
    ensure!(b.store().forget_idempotency_keys(later).await? == 0, "the other deletes");
    alone.rollback().await?;
    ensure!(b.store().forget_idempotency_keys(later).await? == 1);
    a.close().await?;
    Ok(b.close().await?)
}

/// Builds the trials of tests on PostgreSQL.
macro_rules! postgres {
    ($($test:ident),* $(,)?) => {
        vec![$(on_postgres(stringify!($test), async |database: &Database| $test(database).await)),*]
    };
}

fn main() -> ExitCode {
    run(postgres!(
        every_write_through_one_engine_counts_in_the_answers_of_the_other,
        a_lost_connection_loses_no_change_and_counts_none_twice,
        a_transaction_that_commits_late_is_not_passed_over,
        an_import_of_many_users_is_followed,
        concurrent_changes_of_one_profile_lose_none,
        one_process_at_a_time_deletes_what_is_old,
    ))
}
