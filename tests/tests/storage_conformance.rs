//! One suite for the store, run on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use docent_domain::{
    Feedback, Impression, Interaction, InteractionRules, InteractionType, Link, NewInteraction, Preference,
    Profile, Resource, ResourceId, Signals, Strategy, UserId,
};
use docent_storage::{
    ApiKey, ChangeCursor, Counts, IdempotencyKey, ImportReport, NewEmbedding, NewModelRun, Recorded, RunEnd,
    RunStatus, StorageError, Store, StoreConfig, TextColumn, UpsertOutcome,
};
use docent_tests::Postgres;
use serde_json::json;
use tempfile::TempDir;

/// A fresh database that goes with this value.
struct Database {
    url: String,
    _guard: Guard,
}

#[allow(dead_code, reason = "held, never read")]
enum Guard {
    Folder(TempDir),
    Server(Postgres),
}

impl Database {
    fn sqlite() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite:{}", folder.path().join("made/on/demand.db").display());
        Ok(Self { url, _guard: Guard::Folder(folder) })
    }

    async fn postgresql() -> Result<Option<Self>> {
        let server = Postgres::start().await?;
        Ok(server.map(|server| Self { url: server.url(), _guard: Guard::Server(server) }))
    }

    fn config(&self) -> StoreConfig {
        StoreConfig::new(self.url.as_str())
    }

    async fn store(&self) -> Result<Store> {
        let store = Store::connect(&self.config()).await?;
        store.migrate().await?;
        Ok(store)
    }
}

macro_rules! conformance {
    ($($test:ident,)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() -> anyhow::Result<()> {
                super::$test(&super::Database::sqlite()?).await
            })*
        }

        mod postgresql {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() -> anyhow::Result<()> {
                match super::Database::postgresql().await? {
                    Some(database) => super::$test(&database).await,
                    None => {
                        eprintln!("SKIPPED, no PostgreSQL here: {}", stringify!($test));
                        Ok(())
                    }
                }
            })*
        }
    };
}

conformance! {
    migrations_go_up_down_and_up_again_with_data_in_the_tables,
    a_schema_of_a_newer_program_is_refused,
    two_programs_may_migrate_at_once,
    every_named_index_is_there,
    every_check_refuses_what_is_out_of_range,
    foreign_keys_are_enforced,
    concurrent_repeats_lose_no_count,
    repeats_within_a_batch_are_merged,
    unknown_resources_are_reported_item_by_item,
    an_invalid_item_is_named_and_nothing_is_recorded,
    a_retry_with_the_same_key_counts_nothing_twice,
    preferred_authors_are_learned_at_the_tenth_interaction,
    importing_twice_leaves_the_same_store,
    a_strict_import_that_stops_leaves_the_store_as_it_was,
    a_strict_import_that_ends_keeps_everything,
    upserts_create_update_and_leave_alone,
    links_are_replaced_and_come_back_in_order,
    of_a_deleted_resource_only_its_id_is_left,
    changes_are_followed_without_missing_any,
    search_ignores_case_in_every_script_and_knows_no_wildcards,
    the_catalogue_is_paged_without_its_text,
    embeddings_come_back_bit_for_bit_and_go_stale_with_the_text,
    the_state_of_a_user_tells_liked_from_rejected,
    an_erased_user_leaves_nothing,
    a_profile_of_zeros_is_kept,
    the_totals_of_a_profile_are_not_the_users_to_write,
    feedback_completes_the_row_of_its_impression,
    feedback_may_come_before_its_impression,
    feedback_on_an_unknown_resource_is_not_found,
    ids_may_be_255_bytes_of_any_script,
    times_are_exact_to_the_microsecond,
    a_store_that_is_opened_again_has_everything,
    a_corrupt_row_is_named,
    a_store_that_cannot_be_had_is_unavailable,
    training_reads_every_interaction_once,
    runs_and_keys_are_kept,
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn id(id: &str) -> ResourceId {
    ResourceId::new(id).unwrap()
}

fn resource(name: &str) -> Resource {
    Resource { text: format!("All about {name}."), ..Resource::new(id(name), format!("Title of {name}")) }
}

fn event(who: &str, what: &str, kind: InteractionType, seconds: i64) -> NewInteraction {
    NewInteraction {
        user_id: user(who),
        resource_id: id(what),
        interaction_type: kind,
        signals: Signals::default(),
        at: at(seconds),
    }
}

fn export(who: &str, what: &str, seconds: i64) -> NewInteraction {
    event(who, what, InteractionType::Export, seconds)
}

fn rules() -> InteractionRules {
    InteractionRules::default()
}

async fn record(store: &Store, events: &[NewInteraction]) -> Result<Vec<Recorded>> {
    Ok(store.record(events, &rules(), at(1_000_000), None).await?.items)
}

fn interaction(recorded: &Recorded) -> Result<&Interaction> {
    match recorded {
        Recorded::Merged { interaction, .. } => Ok(interaction),
        Recorded::UnknownResource => bail!("unknown resource"),
    }
}

const TABLES: [&str; 10] = [
    "users",
    "user_profiles",
    "resources",
    "resource_embeddings",
    "resource_links",
    "user_interactions",
    "recommendation_feedback",
    "model_runs",
    "api_keys",
    "idempotency_keys",
];

/// Every row of every table, as text.
async fn dump(store: &Store) -> Result<Vec<String>> {
    let mut rows = Vec::new();
    for table in TABLES {
        let row = if store.backend() == "sqlite" {
            let columns = format!(
                "SELECT group_concat('quote(' || name || ')', '||'' ''||') FROM pragma_table_info('{table}')"
            );
            store.raw_sql(&columns).await?.pop().context("no columns")?
        } else {
            "CAST(row_to_json(t) AS text)".to_owned()
        };
        let table_rows = store.raw_sql(&format!("SELECT {row} AS line FROM {table} t ORDER BY line")).await?;
        rows.extend(table_rows.into_iter().map(|row| format!("{table}: {row}")));
    }
    Ok(rows)
}

async fn filled(store: &Store) -> Result<()> {
    let mut linked = resource("linked");
    linked.links = vec![Link { target: id("b"), kind: "citation".into(), weight: 0.5 }];
    store.upsert_resources(&[resource("a"), resource("b"), linked], at(0)).await?;
    record(
        store,
        &[export("ada", "a", 1), export("bob", "b", 2), event("ada", "b", InteractionType::Dismiss, 3)],
    )
    .await?;
    store
        .put_embeddings(
            "test",
            &[NewEmbedding { resource_id: id("a"), text_hash: "h".into(), vector: vec![1.0] }],
            at(0),
        )
        .await?;
    store.put_impressions(&[impression("answer", "ada", "a")]).await?;
    Ok(())
}

fn impression(answer: &str, who: &str, what: &str) -> Impression {
    Impression {
        recommendation_id: answer.into(),
        user_id: user(who),
        resource_id: id(what),
        strategy: Strategy::Content,
        score: 0.1 + 0.2,
        rank: 3,
        model_version: Some("m1".into()),
        shown_at: at(10),
    }
}

fn feedback(answer: &str, who: Option<&str>, what: &str) -> Feedback {
    Feedback {
        recommendation_id: answer.into(),
        user_id: who.map(user),
        resource_id: id(what),
        was_clicked: true,
        was_useful: Some(false),
        notes: Some("too long".into()),
        at: at(20),
    }
}

async fn migrations_go_up_down_and_up_again_with_data_in_the_tables(database: &Database) -> Result<()> {
    let store = Store::connect(&database.config()).await?;
    let before = store.schema_status().await?;
    ensure!(before.applied.is_empty() && !before.pending.is_empty(), "{before:?}");
    store.migrate().await?;
    filled(&store).await?;
    let all = store.schema_status().await?;
    ensure!(all.is_current() && all.applied == before.pending, "{all:?}");

    store.rollback(1).await?;
    let status = store.schema_status().await?;
    ensure!(status.pending == all.applied[all.applied.len() - 1..], "{status:?}");
    ensure!(store.counts().await?.interactions == 3, "a rollback of the newest keeps what is older");
    store.rollback(u32::MAX).await?;
    ensure!(store.schema_status().await? == before);
    store.migrate().await?;
    store.migrate().await?;
    ensure!(store.counts().await? == Counts::default());
    filled(&store).await
}

async fn a_schema_of_a_newer_program_is_refused(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store
        .raw_sql("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99990101_future', 0)")
        .await?;
    ensure!(store.schema_status().await?.unknown == ["m99990101_future"]);
    for refused in [store.migrate().await, store.rollback(1).await] {
        ensure!(
            matches!(&refused, Err(StorageError::SchemaTooNew { unknown }) if unknown == &["m99990101_future"]),
            "{refused:?}"
        );
    }
    Ok(())
}

async fn two_programs_may_migrate_at_once(database: &Database) -> Result<()> {
    let (one, other) = (Store::connect(&database.config()).await?, Store::connect(&database.config()).await?);
    let (first, second) = tokio::join!(one.migrate(), other.migrate());
    first?;
    second?;
    ensure!(one.schema_status().await?.is_current());
    Ok(())
}

async fn every_named_index_is_there(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let catalogue = if store.backend() == "sqlite" {
        "SELECT name FROM sqlite_master WHERE type = 'index'"
    } else {
        "SELECT CAST(indexname AS text) FROM pg_indexes WHERE schemaname = 'public'"
    };
    let there: BTreeSet<String> = store.raw_sql(catalogue).await?.into_iter().collect();
    for name in [
        "ix_users_email",
        "ix_users_username",
        "idx_user_profiles_user",
        "ix_user_interactions_user_id",
        "ix_user_interactions_resource_id",
        "idx_user_interactions_user_resource",
        "idx_user_interactions_timestamp",
        "uq_user_interactions",
        "idx_recommendation_feedback_user",
        "idx_recommendation_feedback_resource",
        "idx_recommendation_feedback_strategy",
        "idx_recommendation_feedback_shown_at",
        "uq_recommendation_feedback",
        "idx_resources_updated_at",
        "idx_resource_links_target",
        "uq_resource_links",
    ] {
        ensure!(there.contains(name), "{name} is not among {there:?}");
    }
    Ok(())
}

async fn every_check_refuses_what_is_out_of_range(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let run = NewModelRun { run_id: "r".into(), started_at: at(0), forced: false, config: json!({}) };
    store.start_run(&run).await?;
    for (table, column, bad) in [
        ("resources", "quality_overall", &["-0.1", "1.1"][..]),
        ("resource_links", "weight", &["0", "-1"]),
        ("user_profiles", "diversity_preference", &["-0.1", "1.1"]),
        ("user_profiles", "novelty_preference", &["-0.1", "1.1"]),
        ("user_profiles", "recency_bias", &["-0.1", "1.1"]),
        ("user_profiles", "total_interactions", &["-1"]),
        ("user_interactions", "interaction_strength", &["-0.1", "1.1"]),
        ("user_interactions", "confidence", &["-0.1", "1.1"]),
        ("user_interactions", "return_visits", &["-1"]),
        ("model_runs", "status", &["'done'"]),
    ] {
        for value in bad {
            let refused = store.raw_sql(&format!("UPDATE {table} SET {column} = {value}")).await;
            let why =
                format!("{:?}", refused.err().with_context(|| format!("{table}.{column} took {value}"))?);
            ensure!(why.contains(&format!("ck_{table}_{column}")), "{why}");
        }
    }
    Ok(())
}

async fn foreign_keys_are_enforced(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    for broken in [
        "UPDATE user_profiles SET user_id = 999",
        "UPDATE user_interactions SET user_id = 999",
        "UPDATE user_interactions SET resource_id = 999",
        "UPDATE resource_links SET source_resource_id = 999",
        "UPDATE resource_embeddings SET resource_id = 999",
        "UPDATE recommendation_feedback SET user_id = 999",
        "UPDATE recommendation_feedback SET resource_id = 999",
        "DELETE FROM resources",
    ] {
        let refused = store.raw_sql(broken).await;
        ensure!(matches!(refused, Err(StorageError::Conflict(_))), "{broken}: {refused:?}");
    }
    Ok(())
}

async fn concurrent_repeats_lose_no_count(database: &Database) -> Result<()> {
    const WRITERS: i64 = 32;
    const EACH: i64 = 5;
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("b")], at(0)).await?;
    // Half of them as if from another process.
    let other = database.store().await?;
    let writers = (0..WRITERS).map(|writer| {
        let store = if writer % 2 == 0 { store.clone() } else { other.clone() };
        tokio::spawn(async move {
            for n in 0..EACH {
                let mut both = [export("ada", "a", writer * EACH + n), export("bob", "a", 0)];
                if writer % 3 == 0 {
                    both.reverse();
                }
                record(&store, &both).await?;
            }
            anyhow::Ok(())
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await??;
    }
    let last = record(&store, &[export("ada", "a", 0)]).await?;
    let last = interaction(&last[0])?;
    let events = WRITERS * EACH + 1;
    ensure!(i64::from(last.return_visits) == events - 1, "{last:?}");
    ensure!(last.first_at == at(0) && last.last_at == at(WRITERS * EACH - 1), "{last:?}");
    ensure!(last.confidence() == 1.0);
    let profile = store.get_profile(&user("ada")).await?.context("ada")?.profile;
    ensure!(i64::try_from(profile.total_interactions)? == events, "{profile:?}");
    ensure!(profile.last_active_at == Some(at(WRITERS * EACH - 1)));
    let bob = store.get_profile(&user("bob")).await?.context("bob")?.profile;
    ensure!(i64::try_from(bob.total_interactions)? == events - 1, "{bob:?}");
    let counts = store.interaction_counts().await?;
    ensure!(counts.len() == 1 && i64::try_from(counts[0].events)? == 2 * events - 1, "{counts:?}");
    ensure!(store.counts().await? == Counts { resources: 2, users: 2, interactions: 2 });
    Ok(())
}

async fn repeats_within_a_batch_are_merged(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a")], at(0)).await?;
    let view =
        |seconds, signals| NewInteraction { signals, ..event("ada", "a", InteractionType::View, seconds) };
    let long = Signals { dwell_seconds: Some(2_000.0), scroll_depth: Some(1.0), rating: None };
    let short = Signals { dwell_seconds: Some(7.0), ..Signals::default() };
    let recorded = record(&store, &[view(5, Signals::default()), view(6, long), view(7, short)]).await?;
    let visits =
        recorded.iter().map(|item| Ok(interaction(item)?.return_visits)).collect::<Result<Vec<_>>>()?;
    ensure!(visits == [0, 1, 2]);
    let last = interaction(&recorded[2])?;
    ensure!(last.strength.value() == 0.5 && last.is_positive());
    ensure!(last.signals == Signals { dwell_seconds: Some(7.0), scroll_depth: Some(1.0), rating: None });
    let again = record(&store, &[view(8, Signals::default())]).await?;
    ensure!(interaction(&again[0])?.return_visits == 3, "the merged row is the stored row");
    ensure!(interaction(&again[0])?.signals == last.signals);
    ensure!(store.counts().await?.interactions == 1);
    Ok(())
}

async fn unknown_resources_are_reported_item_by_item(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("gone")], at(0)).await?;
    store.delete_resource(&id("gone"), at(1)).await?;
    let batch = [export("ada", "nowhere", 1), export("ada", "a", 1), export("bob", "gone", 1)];
    let recorded = record(&store, &batch).await?;
    ensure!(
        recorded[0] == Recorded::UnknownResource && recorded[2] == Recorded::UnknownResource,
        "{recorded:?}"
    );
    interaction(&recorded[1])?;
    ensure!(
        store.counts().await? == Counts { resources: 1, users: 1, interactions: 1 },
        "bob did nothing and is not made"
    );
    let vain = record(&store, &[export("cy", "nowhere", 1)]).await?;
    ensure!(vain == [Recorded::UnknownResource] && store.get_profile(&user("cy")).await?.is_none());
    Ok(())
}

async fn an_invalid_item_is_named_and_nothing_is_recorded(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a")], at(0)).await?;
    let batch = [export("ada", "a", 1), event("ada", "a", InteractionType::Rating, 1)];
    let refused = store.record(&batch, &rules(), at(0), None).await;
    ensure!(matches!(refused, Err(StorageError::Invalid { index: 1, .. })), "{refused:?}");
    let refused = store.import_interactions(&batch, &rules(), at(0)).await;
    ensure!(matches!(refused, Err(StorageError::Invalid { index: 1, .. })), "{refused:?}");
    let refused = store.upsert_resources(&[resource("b"), Resource::new(id("c"), " ")], at(0)).await;
    ensure!(matches!(refused, Err(StorageError::Invalid { index: 1, .. })), "{refused:?}");
    ensure!(store.counts().await? == Counts { resources: 1, users: 0, interactions: 0 });
    Ok(())
}

async fn a_retry_with_the_same_key_counts_nothing_twice(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a")], at(0)).await?;
    let key = |scope: &str, hash: &str| IdempotencyKey {
        scope: scope.into(),
        key: "k".into(),
        request_hash: hash.into(),
    };
    let batch = [export("ada", "a", 1), export("ada", "nowhere", 1)];

    let in_vain = store.record(&batch[1..], &rules(), at(5), Some(&key("team", "other"))).await?;
    ensure!(in_vain.items == [Recorded::UnknownResource], "keeps no key");
    let retries = (0..8).map(|_| {
        let (store, batch, key) = (store.clone(), batch.clone(), key("team", "hash"));
        tokio::spawn(async move { store.record(&batch, &rules(), at(5), Some(&key)).await })
    });
    let mut answers = Vec::new();
    for retry in retries.collect::<Vec<_>>() {
        answers.push(retry.await??);
    }
    ensure!(answers.iter().filter(|answer| !answer.replayed).count() == 1, "one of them recorded");
    ensure!(answers.iter().all(|answer| answer.items == answers[0].items), "{answers:?}");
    ensure!(interaction(&answers[0].items[0])?.return_visits == 0);

    let mismatch = store.record(&batch, &rules(), at(5), Some(&key("team", "other"))).await;
    ensure!(matches!(mismatch, Err(StorageError::IdempotencyMismatch)), "{mismatch:?}");
    let elsewhere = store.record(&batch, &rules(), at(5), Some(&key("other team", "other"))).await?;
    ensure!(!elsewhere.replayed && interaction(&elsewhere.items[0])?.return_visits == 1);
    ensure!(
        store.forget_idempotency_keys(at(5)).await? == 0 && store.forget_idempotency_keys(at(6)).await? == 2
    );
    Ok(())
}

async fn preferred_authors_are_learned_at_the_tenth_interaction(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let by = |name: &str, authors: &[&str]| Resource {
        authors: authors.iter().map(|author| (*author).to_owned()).collect(),
        ..resource(name)
    };
    let books = [
        by("old", &["Old"]),
        by("one", &["Zoë", "Ann"]),
        by("two", &["Zoë"]),
        by("bad", &["Bad"]),
        by("none", &[]),
    ];
    store.upsert_resources(&books, at(0)).await?;
    let day = 86_400;
    let mut events = vec![export("ada", "old", 0), event("ada", "bad", InteractionType::View, 100 * day)];
    events.extend(["one", "two", "none"].map(|name| export("ada", name, 100 * day)));
    events.push(event("ada", "two", InteractionType::Annotation, 100 * day));
    events.extend((0..3).map(|n| export("ada", "one", 100 * day + n)));
    record(&store, &events).await?;
    let authors =
        async || anyhow::Ok(store.get_profile(&user("ada")).await?.context("ada")?.profile.preferred_authors);
    ensure!(events.len() == 9 && authors().await?.is_empty(), "not before the tenth");
    record(&store, &[export("ada", "two", 100 * day)]).await?;
    ensure!(
        authors().await? == ["Zoë", "Ann"],
        "{:?}: resources count once, old ones and weak ones not at all",
        authors().await?
    );
    Ok(())
}

async fn importing_twice_leaves_the_same_store(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let resources: Vec<Resource> = (0..30)
        .map(|n| Resource {
            authors: vec![format!("Author {}", n % 4)],
            published_at: Some(at(n) + TimeDelta::nanoseconds(1_234)),
            quality: Some(0.1 * (n % 10) as f64),
            attributes: json!({"weight": 0.1 + 0.2, "n": n}).as_object().unwrap().clone(),
            links: vec![Link {
                target: id(&format!("r{}", n + 1)),
                kind: "citation".into(),
                weight: 1.0 / 3.0,
            }],
            ..resource(&format!("r{n}"))
        })
        .collect();
    // More than one statement's worth, newest first, with repeats and a few of unknown resources.
    let mut events: Vec<NewInteraction> =
        (0..3_000).map(|n| export(&format!("u{}", n % 70), &format!("r{}", n * 7 % 31), n * 60)).collect();
    events.reverse();
    let import = async |now| {
        store.upsert_resources(&resources, now).await?;
        store.import_interactions(&events, &rules(), now).await
    };
    let first = import(at(0)).await?;
    let unknown: Vec<usize> = (0..events.len()).filter(|n| events[*n].resource_id == id("r30")).collect();
    ensure!(first.unknown_resource == unknown && !unknown.is_empty(), "{first:?}");
    ensure!(first.new + first.repeated + unknown.len() as u64 == 3_000 && first.repeated > 0, "{first:?}");
    let before = dump(&store).await?;
    let learned = store.get_profile(&user("u1")).await?.context("u1")?.profile;
    ensure!(learned.total_interactions > 40 && !learned.preferred_authors.is_empty(), "{learned:?}");

    let second = import(at(1_000)).await?;
    let expected = ImportReport {
        already_known: first.new + first.repeated,
        unknown_resource: unknown,
        ..ImportReport::default()
    };
    ensure!(second == expected, "{second:?}");
    ensure!(dump(&store).await? == before);
    Ok(())
}

async fn a_strict_import_that_stops_leaves_the_store_as_it_was(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let before = dump(&store).await?;
    for explicitly in [true, false] {
        let session = store.begin_import().await?;
        session.write_resources(&[resource("a2"), Resource::new(id("a"), "Other")], at(9)).await?;
        let report = session
            .write_interactions(&[export("new", "a2", 9), export("ada", "a", 9)], &rules(), at(9))
            .await?;
        ensure!((report.new, report.repeated) == (1, 1), "{report:?}");
        if explicitly {
            session.rollback().await?;
        } else {
            let invalid = event("ada", "a", InteractionType::Rating, 9);
            ensure!(session.write_interactions(&[invalid], &rules(), at(9)).await.is_err());
            drop(session);
        }
        ensure!(dump(&store).await? == before, "explicitly: {explicitly}");
    }
    Ok(())
}

async fn a_strict_import_that_ends_keeps_everything(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let session = store.begin_import().await?;
    session.write_resources(&[resource("a")], at(9)).await?;
    session.write_interactions(&[export("ada", "a", 9)], &rules(), at(9)).await?;
    let seen_by_others = database.store().await?.counts().await?;
    ensure!(seen_by_others == Counts::default());
    session.commit().await?;
    ensure!(store.counts().await? == Counts { resources: 1, users: 1, interactions: 1 });
    Ok(())
}

async fn upserts_create_update_and_leave_alone(database: &Database) -> Result<()> {
    use UpsertOutcome::{Created, Unchanged, Updated};
    let store = database.store().await?;
    let full = Resource {
        authors: vec!["Ada \"the\" Müller".into()],
        subjects: vec!["x".into(), "y".into()],
        source: Some("Journal".into()),
        language: Some("en".into()),
        url: Some("https://example.org/?a=b".into()),
        published_at: Some(at(-5)),
        quality: Some(0.3),
        attributes: json!({"z": [1, 2.5, null], "a": {"b": "c"}}).as_object().unwrap().clone(),
        hidden: true,
        links: vec![Link { target: id("later"), kind: "citation".into(), weight: 0.7 }],
        ..resource("full")
    };
    ensure!(
        store.upsert_resources(&[full.clone(), resource("b"), full.clone()], at(0)).await?
            == [Created, Created, Unchanged]
    );
    let stored = store.get_resource(&id("full")).await?.context("full")?;
    ensure!(stored.resource == full, "{stored:?}");
    ensure!((stored.created_at, stored.updated_at) == (at(0), at(0)));

    let changed = Resource { title: "Other".into(), ..resource("b") };
    ensure!(store.upsert_resources(&[full.clone(), changed.clone()], at(5)).await? == [Unchanged, Updated]);
    ensure!(store.get_resource(&id("full")).await?.context("full")? == stored, "untouched");
    let b = store.get_resource(&id("b")).await?.context("b")?;
    ensure!(b.resource == changed && (b.created_at, b.updated_at) == (at(0), at(5)), "{b:?}");

    let relinked = Resource { links: Vec::new(), ..full.clone() };
    ensure!(
        store.upsert_resources(std::slice::from_ref(&relinked), at(6)).await? == [Updated],
        "links are content"
    );
    ensure!(store.get_resource(&id("full")).await?.context("full")?.updated_at == at(6));

    ensure!(store.delete_resource(&id("full"), at(7)).await?);
    ensure!(store.upsert_resources(std::slice::from_ref(&full), at(8)).await? == [Created], "revived");
    let revived = store.get_resource(&id("full")).await?.context("full")?;
    ensure!(revived.resource == full && revived.row_id == stored.row_id && !revived.deleted, "{revived:?}");
    let both = store.get_resources(&[id("b"), id("nowhere"), id("full")]).await?;
    ensure!(both.len() == 2 && both[0] == revived && both[1] == b);
    Ok(())
}

async fn links_are_replaced_and_come_back_in_order(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let link = |target: &str, kind: &str, weight| Link { target: id(target), kind: kind.into(), weight };
    let mut source = resource("source");
    source.links = vec![
        link("z", "citation", 1.0),
        link("a", "temporal", 2.0),
        link("a", "citation", 3.0),
        link("z", "citation", 4.0),
    ];
    store.upsert_resources(std::slice::from_ref(&source), at(0)).await?;
    let sorted = vec![link("a", "citation", 3.0), link("a", "temporal", 2.0), link("z", "citation", 4.0)];
    ensure!(store.get_resource(&id("source")).await?.context("source")?.resource.links == sorted);
    ensure!(
        store.upsert_resources(std::slice::from_ref(&source), at(1)).await? == [UpsertOutcome::Unchanged]
    );
    source.links = vec![link("z", "citation", 4.5)];
    store.upsert_resources(std::slice::from_ref(&source), at(2)).await?;
    ensure!(store.get_resource(&id("source")).await?.context("source")?.resource.links == source.links);
    Ok(())
}

async fn of_a_deleted_resource_only_its_id_is_left(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let linked = store.get_resource(&id("linked")).await?.context("linked")?;
    ensure!(store.delete_resource(&id("linked"), at(50)).await?);
    ensure!(!store.delete_resource(&id("linked"), at(51)).await?, "there is none any more");
    ensure!(!store.delete_resource(&id("nowhere"), at(51)).await?);
    ensure!(store.delete_resource(&id("a"), at(52)).await?, "although interactions refer to it");
    ensure!(store.get_resource(&id("linked")).await?.is_none() && store.counts().await?.resources == 1);
    ensure!(store.embeddings_of("test", 0, 10).await?.is_empty());
    let rest = dump(&store)
        .await?
        .into_iter()
        .filter(|row| row.contains("Title of linked") || row.contains("resource_links"));
    ensure!(rest.collect::<Vec<_>>().is_empty());
    let cursor = ChangeCursor { updated_at: at(49), row_id: 0 };
    let changes = store.resources_changed_since(cursor, 10, TextColumn::Load).await?;
    ensure!(changes.len() == 2 && changes[0].deleted && changes[0].row_id == linked.row_id, "{changes:?}");
    ensure!(changes[0].resource.id == id("linked") && changes[0].resource.links.is_empty());
    ensure!(store.counts().await?.interactions == 3, "history stays");
    Ok(())
}

async fn changes_are_followed_without_missing_any(database: &Database) -> Result<()> {
    let store = database.store().await?;
    // All at the same instant of the callers' clocks, from two connections.
    let other = database.store().await?;
    let writers = (0..6).map(|n| {
        let store = if n % 2 == 0 { store.clone() } else { other.clone() };
        tokio::spawn(async move {
            let batch: Vec<Resource> = (0..5).map(|m| resource(&format!("r{n}-{m}"))).collect();
            store.upsert_resources(&batch, at(0)).await
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut seen = Vec::new();
    let mut cursor = ChangeCursor { updated_at: at(-1), row_id: 0 };
    let mut follow = async |seen: &mut Vec<String>| loop {
        let page = store.resources_changed_since(cursor, 4, TextColumn::Skip).await?;
        let Some(last) = page.last() else { break anyhow::Ok(()) };
        cursor = ChangeCursor { updated_at: last.updated_at, row_id: last.row_id };
        seen.extend(page.iter().map(|stored| stored.resource.id.to_string()));
    };
    for writer in writers {
        follow(&mut seen).await?;
        writer.await??;
    }
    follow(&mut seen).await?;
    ensure!(seen.len() == 30 && seen.iter().collect::<BTreeSet<_>>().len() == 30, "{seen:?}");
    store.upsert_resources(&[Resource::new(id("r0-0"), "Changed")], at(-100)).await?;
    seen.clear();
    follow(&mut seen).await?;
    ensure!(seen == ["r0-0"], "also with a clock that went back: {seen:?}");
    Ok(())
}

async fn search_ignores_case_in_every_script_and_knows_no_wildcards(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let titled = |name: &str, title: &str, author: &str| Resource {
        authors: vec![author.into()],
        ..Resource::new(id(name), title)
    };
    let books = [
        titled("1", "ÉTUDE in Blue", "Жук"),
        titled("2", "100% Wool_Socks", "O'Brien \"Bob\" \\ Co"),
        titled("3", "1000 Wool Socks", "Nobody"),
        titled("4", "Gone", "Жук"),
    ];
    store.upsert_resources(&books, at(0)).await?;
    store.delete_resource(&id("4"), at(1)).await?;
    for (query, expected) in [
        ("étude", &["1"][..]),
        ("жУК", &["1"]),
        ("100%", &["2"]),
        ("l_s", &["2"]),
        ("\"bob\" \\", &["2"]),
        ("o'brien", &["2"]),
        ("WOOL", &["2", "3"]),
        ("[\"", &[]),
        ("", &["1", "2", "3"]),
    ] {
        let found = store.search_resources(query, None, 10).await?;
        let ids: Vec<&str> = found.resources.iter().map(|stored| stored.resource.id.as_str()).collect();
        ensure!(ids == expected && found.next.is_none(), "{query}: {ids:?}");
    }
    let first = store.search_resources("", None, 2).await?;
    let second = store.search_resources("", first.next, 2).await?;
    ensure!(first.resources.len() == 2 && second.resources.len() == 1 && second.next.is_none());
    ensure!(second.resources[0].resource.id == id("3"));
    Ok(())
}

async fn the_catalogue_is_paged_without_its_text(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let all: Vec<Resource> = (0..25).map(|n| resource(&format!("r{n}"))).collect();
    store.upsert_resources(&all, at(0)).await?;
    store.delete_resource(&id("r3"), at(1)).await?;
    for text in [TextColumn::Load, TextColumn::Skip] {
        let (mut cursor, mut ids) = (0, Vec::new());
        loop {
            let page = store.resources_after(cursor, 10, text).await?;
            let Some(last) = page.last() else { break };
            cursor = last.row_id;
            ensure!(page.iter().all(|stored| stored.resource.text.is_empty() == (text == TextColumn::Skip)));
            ids.extend(page.into_iter().map(|stored| stored.resource.id));
        }
        let expected: Vec<ResourceId> = all.iter().map(|r| r.id.clone()).filter(|r| *r != id("r3")).collect();
        ensure!(ids == expected, "in the order of the input, without the deleted one: {ids:?}");
    }
    Ok(())
}

async fn embeddings_come_back_bit_for_bit_and_go_stale_with_the_text(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("b")], at(0)).await?;
    let todo = store.resources_to_embed("lsa", 0, 10).await?;
    ensure!(todo.len() == 2 && todo[0].resource.text == "All about a.", "{todo:?}");
    let vector = vec![0.1_f32, -0.0, f32::MIN_POSITIVE / 2.0, f32::MAX];
    let embedding = |name: &str, hash: &str| NewEmbedding {
        resource_id: id(name),
        text_hash: hash.into(),
        vector: vector.clone(),
    };
    let batch = [embedding("a", "superseded"), embedding("a", &todo[0].text_hash), embedding("nowhere", "h")];
    ensure!(store.put_embeddings("lsa", &batch, at(1)).await? == 1);
    store.put_embeddings("other", &[embedding("b", "h")], at(1)).await?;
    let rows = store.embeddings_of("lsa", 0, 10).await?;
    ensure!(rows.len() == 1 && rows[0].row_id == todo[0].row_id && rows[0].text_hash == todo[0].text_hash);
    let bits = |v: &[f32]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    ensure!(bits(&rows[0].vector) == bits(&vector));
    ensure!(store.embeddings_of("lsa", rows[0].row_id, 10).await?.is_empty());

    let names = async || {
        anyhow::Ok(
            store
                .resources_to_embed("lsa", 0, 10)
                .await?
                .into_iter()
                .map(|r| r.resource.id)
                .collect::<Vec<_>>(),
        )
    };
    ensure!(names().await? == [id("b")]);
    store.upsert_resources(&[Resource { hidden: true, ..resource("a") }], at(2)).await?;
    ensure!(names().await? == [id("b")], "what is not embedded does not matter");
    store.upsert_resources(&[Resource { text: "New.".into(), ..resource("a") }], at(3)).await?;
    ensure!(names().await? == [id("a"), id("b")]);
    Ok(())
}

async fn the_state_of_a_user_tells_liked_from_rejected(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let names = ["viewed", "exported", "both", "dismissed", "rated low", "rated high", "regretted"];
    store.upsert_resources(&names.map(resource), at(0)).await?;
    ensure!(store.user_state(&user("ada"), 10).await?.is_none());
    ensure!(store.counts().await?.users == 0, "reading makes no one");
    let rated = |what: &str, stars, seconds| NewInteraction {
        signals: Signals { rating: Some(stars), ..Signals::default() },
        ..event("ada", what, InteractionType::Rating, seconds)
    };
    let events = [
        event("ada", "viewed", InteractionType::View, 1),
        export("ada", "exported", 2),
        event("ada", "both", InteractionType::Annotation, 3),
        export("ada", "both", 9),
        event("ada", "dismissed", InteractionType::Dismiss, 4),
        rated("rated low", 2.0, 5),
        rated("rated high", 5.0, 6),
        export("ada", "regretted", 7),
        event("ada", "regretted", InteractionType::Dismiss, 8),
        export("bob", "viewed", 8),
    ];
    record(&store, &events).await?;
    let state = store.user_state(&user("ada"), 10).await?.context("ada")?;
    let rows = async |names: &[&str]| {
        let ids: Vec<ResourceId> = names.iter().map(|name| id(name)).collect();
        anyhow::Ok(store.get_resources(&ids).await?.into_iter().map(|r| r.row_id).collect::<Vec<_>>())
    };
    let liked: Vec<_> =
        state.positives.iter().map(|p| (p.resource_id.as_str(), p.strength.value(), p.at)).collect();
    ensure!(
        liked == [("both", 0.9, at(9)), ("rated high", 1.0, at(6)), ("exported", 0.9, at(2))],
        "{liked:?}"
    );
    ensure!(state.liked_rows == rows(&["exported", "both", "rated high"]).await?);
    ensure!(state.rejected_rows == rows(&["dismissed", "rated low", "regretted"]).await?);
    ensure!(state.profile.total_interactions == 9);
    let newest = store.user_state(&user("ada"), 1).await?.context("ada")?;
    ensure!(
        newest.positives == state.positives[..1] && newest.liked_rows == state.liked_rows,
        "only positives are cut"
    );
    Ok(())
}

async fn an_erased_user_leaves_nothing(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a")], at(0)).await?;
    record(&store, &[export("someone else", "a", 1)]).await?;
    store.put_impressions(&[impression("theirs", "someone else", "a")]).await?;
    let key = IdempotencyKey { scope: "s".into(), key: "k".into(), request_hash: "h".into() };
    let before = dump(&store).await?;
    store.record(&[export("ada lovelace", "a", 1)], &rules(), at(1), Some(&key)).await?;
    store.put_impressions(&[impression("hers", "ada lovelace", "a")]).await?;
    store.put_feedback(&feedback("hers", Some("ada lovelace"), "a")).await?;
    ensure!(dump(&store).await?.len() > before.len() + 3);
    ensure!(store.delete_user(&user("ada lovelace")).await?);
    ensure!(!store.delete_user(&user("ada lovelace")).await?);
    let mut after = dump(&store).await?;
    ensure!(!after.iter().any(|row| row.contains("lovelace")));
    after.retain(|row| !row.starts_with("idempotency_keys"));
    ensure!(after == before, "{after:#?}");
    Ok(())
}

async fn a_profile_of_zeros_is_kept(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let zero = Preference::new("zero", 0.0)?;
    let wished = Profile {
        diversity_preference: zero,
        novelty_preference: zero,
        recency_bias: zero,
        research_domains: vec!["logic".into(), "линии".into()],
        active_domain: Some("".into()),
        preferred_authors: vec!["Ann".into()],
        preferred_sources: vec!["A".into()],
        excluded_sources: vec!["B".into()],
        ..Profile::default()
    };
    let written = store.put_profile(&user("ada"), &wished, at(1)).await?;
    ensure!(written.profile == wished, "{written:?}");
    ensure!(store.get_profile(&user("ada")).await? == Some(written));
    let too_many = Profile { research_domains: vec!["d".into(); 11], ..Profile::default() };
    ensure!(matches!(
        store.put_profile(&user("bob"), &too_many, at(1)).await,
        Err(StorageError::Invalid { .. })
    ));
    ensure!(store.get_profile(&user("bob")).await?.is_none());
    Ok(())
}

async fn the_totals_of_a_profile_are_not_the_users_to_write(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let recorded = store.get_profile(&user("ada")).await?.context("ada")?;
    ensure!(recorded.profile.total_interactions == 2 && recorded.profile.last_active_at == Some(at(3)));
    let boast = Profile { total_interactions: 99, last_active_at: Some(at(99)), ..recorded.profile.clone() };
    let written = store.put_profile(&user("ada"), &boast, at(60)).await?;
    ensure!(written.profile == recorded.profile && written.created_at == recorded.created_at, "{written:?}");
    let new = store.put_profile(&user("new"), &boast, at(60)).await?.profile;
    ensure!((new.total_interactions, new.last_active_at) == (0, None));
    Ok(())
}

async fn feedback_completes_the_row_of_its_impression(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let twice = [
        impression("answer", "ada", "b"),
        impression("answer", "ada", "b"),
        impression("answer", "nobody yet", "linked"),
    ];
    ensure!(store.put_impressions(&twice).await? == 2);
    store.put_feedback(&feedback("answer", None, "b")).await?;
    store
        .put_feedback(&Feedback {
            was_useful: Some(true),
            notes: None,
            at: at(30),
            ..feedback("answer", None, "b")
        })
        .await?;
    // The same answer written again changes nothing.
    store.put_impressions(&[Impression { rank: 9, ..impression("answer", "ada", "b") }]).await?;
    let rows = store.feedback_of("answer").await?;
    ensure!(rows.len() == 3, "{rows:?}");
    let row = rows.iter().find(|row| row.resource_id == id("b")).context("b")?;
    ensure!(
        (row.strategy, row.score, row.rank) == (Some(Strategy::Content), Some(0.1 + 0.2), Some(3)),
        "{row:?}"
    );
    ensure!(
        row.user_id == Some(user("ada"))
            && row.model_version.as_deref() == Some("m1")
            && row.shown_at == Some(at(10))
    );
    ensure!(
        (row.was_clicked, row.was_useful, row.feedback_at) == (Some(true), Some(true), Some(at(30))),
        "{row:?}"
    );
    ensure!(row.notes.is_none(), "newer feedback replaces older");
    let untouched = rows.iter().find(|row| row.resource_id == id("linked")).context("linked")?;
    ensure!(untouched.was_clicked.is_none() && untouched.user_id.is_none(), "{untouched:?}");
    ensure!(store.get_profile(&user("nobody yet")).await?.is_none(), "an impression makes no user");
    Ok(())
}

async fn feedback_may_come_before_its_impression(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    store.put_feedback(&feedback("early", Some("bob"), "a")).await?;
    let row = store.feedback_of("early").await?.remove(0);
    ensure!(row.shown_at.is_none() && row.strategy.is_none() && row.user_id == Some(user("bob")), "{row:?}");
    ensure!(store.put_impressions(&[impression("early", "bob", "a")]).await? == 1);
    let row = store.feedback_of("early").await?.remove(0);
    ensure!(row.shown_at == Some(at(10)) && row.rank == Some(3) && row.was_clicked == Some(true), "{row:?}");
    Ok(())
}

async fn feedback_on_an_unknown_resource_is_not_found(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let refused = store.put_feedback(&feedback("answer", None, "nowhere")).await;
    ensure!(matches!(&refused, Err(StorageError::NotFound { id, .. }) if id == "nowhere"), "{refused:?}");
    Ok(())
}

async fn ids_may_be_255_bytes_of_any_script(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let names = [
        "漢".repeat(85),
        "é".repeat(127),
        "'; DROP TABLE users; --".into(),
        "\"[]{}\\%_?$1".into(),
        "🦀".repeat(63),
    ];
    let resources: Vec<Resource> = names.iter().map(|name| resource(name)).collect();
    store.upsert_resources(&resources, at(0)).await?;
    for name in &names {
        record(&store, &[export(name, name, 1)]).await?;
        let state = store.user_state(&user(name), 5).await?.context(name.clone())?;
        ensure!(state.positives.len() == 1 && state.positives[0].resource_id == id(name));
        ensure!(store.get_resource(&id(name)).await?.context(name.clone())?.resource.id == id(name));
    }
    ensure!(store.counts().await? == Counts { resources: 5, users: 5, interactions: 5 });
    Ok(())
}

async fn times_are_exact_to_the_microsecond(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let micros = |n| DateTime::from_timestamp_micros(n).unwrap();
    for (n, instant) in
        [-1, 0, 999_999, 1_000_000, 1_800_000_000_123_456, -62_000_000_000_000_001].into_iter().enumerate()
    {
        let name = format!("r{n}");
        let published = Resource { published_at: Some(micros(instant)), ..resource(&name) };
        store.upsert_resources(&[published], at(n as i64) + TimeDelta::microseconds(7)).await?;
        let stored = store.get_resource(&id(&name)).await?.context("stored")?;
        ensure!(stored.resource.published_at == Some(micros(instant)), "{instant}");
        ensure!(stored.created_at == at(n as i64) + TimeDelta::microseconds(7));
    }
    let just_after = NewInteraction { at: at(1) + TimeDelta::microseconds(1), ..export("ada", "r0", 1) };
    let same = NewInteraction { at: at(1) + TimeDelta::nanoseconds(1_900), ..export("ada", "r0", 1) };
    let report = store.import_interactions(&[export("ada", "r0", 1)], &rules(), at(0)).await?;
    ensure!(report.new == 1);
    let report = store.import_interactions(&[just_after], &rules(), at(0)).await?;
    ensure!(report.repeated == 1, "{report:?}");
    let report = store.import_interactions(&[same], &rules(), at(0)).await?;
    ensure!(report.already_known == 1, "what is below a microsecond is no newer: {report:?}");
    Ok(())
}

async fn a_store_that_is_opened_again_has_everything(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let before = dump(&store).await?;
    store.close().await?;
    let closed = store.record(&[export("ada", "a", 1)], &rules(), at(0), None).await;
    ensure!(matches!(closed, Err(StorageError::Unavailable(_))), "{closed:?}");
    let again = Store::connect(&database.config()).await?;
    again.ping().await?;
    ensure!(dump(&again).await? == before);
    Ok(())
}

async fn a_corrupt_row_is_named(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let lawless = if store.backend() == "sqlite" { "X'010203'" } else { "'\\x010203'" };
    for damage in [
        "UPDATE resources SET authors = 'no json'".to_owned(),
        "UPDATE user_profiles SET excluded_sources = '{}'".to_owned(),
        format!("UPDATE resource_embeddings SET vector = {lawless}"),
        "UPDATE user_interactions SET interaction_timestamp = 9223372036854775807".to_owned(),
        "UPDATE recommendation_feedback SET strategy = 'psychic'".to_owned(),
    ] {
        store.raw_sql(&damage).await?;
    }
    let reads = [
        ("resources", store.get_resource(&id("a")).await.err()),
        ("user_profiles", store.get_profile(&user("ada")).await.err()),
        ("resource_embeddings", store.embeddings_of("test", 0, 1).await.err()),
        ("user_interactions", store.interactions_after(0, 1).await.err()),
        ("recommendation_feedback", store.feedback_of("answer").await.err()),
    ];
    for (expected, error) in reads {
        let Some(StorageError::Corrupt { table, id, why }) = &error else { bail!("{expected}: {error:?}") };
        ensure!(*table == expected && !id.is_empty() && !why.is_empty(), "{error:?}");
    }
    Ok(())
}

async fn a_store_that_cannot_be_had_is_unavailable(database: &Database) -> Result<()> {
    let holder = database.store().await?;
    holder.upsert_resources(&[resource("a")], at(0)).await?;
    let impatient = StoreConfig { max_connections: 1, wait: Duration::from_millis(200), ..database.config() };
    let store = Store::connect(&impatient).await?;
    let session = if holder.backend() == "sqlite" {
        holder.begin_import().await?
    } else {
        store.begin_import().await?
    };
    let refused = store.record(&[export("ada", "a", 1)], &rules(), at(0), None).await;
    ensure!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
    session.rollback().await?;
    store.record(&[export("ada", "a", 1)], &rules(), at(0), None).await?;

    let nowhere = if holder.backend() == "sqlite" {
        "sqlite:/proc/no/such.db"
    } else {
        "postgres://docent@127.0.0.1:1/docent"
    };
    let refused =
        Store::connect(&StoreConfig { wait: Duration::from_millis(500), ..StoreConfig::new(nowhere) }).await;
    ensure!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
    Ok(())
}

async fn training_reads_every_interaction_once(database: &Database) -> Result<()> {
    let store = database.store().await?;
    store.upsert_resources(&[resource("a"), resource("b")], at(0)).await?;
    let events: Vec<_> =
        (0..100).map(|n| export(&format!("u{}", n / 2), ["a", "b"][n % 2], n as i64)).collect();
    record(&store, &events).await?;
    record(&store, &[event("u0", "a", InteractionType::Dismiss, 500)]).await?;
    let (mut cursor, mut seen) = (0, Vec::new());
    loop {
        let page = store.interactions_after(cursor, 7).await?;
        let Some(last) = page.last() else { break };
        cursor = last.row_id;
        seen.extend(page);
    }
    ensure!(seen.len() == 101);
    let mut triples: Vec<_> =
        seen.iter().map(|row| (row.user_id.to_string(), row.resource_id.to_string(), row.at)).collect();
    triples.sort_by_key(|triple| triple.2);
    let expected =
        events.iter().map(|event| (event.user_id.to_string(), event.resource_id.to_string(), event.at));
    ensure!(triples[..100] == expected.collect::<Vec<_>>());
    let dismissed = seen.last().context("last")?;
    ensure!(
        dismissed.is_negative
            && !dismissed.is_positive
            && dismissed.interaction_type == InteractionType::Dismiss
    );
    ensure!(
        seen[0].is_positive && seen[0].strength.value() == 0.9 && seen[0].confidence == 0.45,
        "{:?}",
        seen[0]
    );
    Ok(())
}

async fn runs_and_keys_are_kept(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let run = |name: &str, seconds| NewModelRun {
        run_id: name.into(),
        started_at: at(seconds),
        forced: true,
        config: json!({"lr": 0.001}),
    };
    store.start_run(&run("one", 1)).await?;
    store.start_run(&run("two", 2)).await?;
    ensure!(matches!(store.start_run(&run("one", 3)).await, Err(StorageError::Conflict(_))));
    let end = RunEnd {
        finished_at: at(9),
        status: RunStatus::InsufficientData,
        model_version: Some("m".into()),
        metrics: json!({"hr@10": 0.73}),
        message: Some("9 positives".into()),
    };
    store.finish_run("one", &end).await?;
    ensure!(matches!(store.finish_run("none", &end).await, Err(StorageError::NotFound { .. })));
    let runs = store.list_runs(10).await?;
    ensure!(
        runs.len() == 2
            && runs[0].run_id == "two"
            && runs[0].status == RunStatus::Running
            && runs[0].finished_at.is_none()
    );
    ensure!(
        runs[1].status == end.status
            && runs[1].metrics == end.metrics
            && runs[1].config == json!({"lr": 0.001})
            && runs[1].forced
    );
    ensure!(
        runs[1].finished_at == Some(at(9))
            && runs[1].model_version == end.model_version
            && runs[1].message == end.message
    );

    let key = ApiKey {
        key_id: "pub".into(),
        secret_hash: "digest".into(),
        name: "our app".into(),
        scopes: vec!["read".into()],
        created_at: at(1),
        revoked_at: None,
    };
    store.create_api_key(&key).await?;
    ensure!(matches!(store.create_api_key(&key).await, Err(StorageError::Conflict(_))));
    ensure!(
        store.get_api_key("pub").await? == Some(key.clone()) && store.get_api_key("other").await?.is_none()
    );
    ensure!(store.revoke_api_key("pub", at(5)).await? && !store.revoke_api_key("pub", at(6)).await?);
    ensure!(store.list_api_keys().await? == [ApiKey { revoked_at: Some(at(5)), ..key }]);
    Ok(())
}
