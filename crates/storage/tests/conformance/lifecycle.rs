//! The life of a schema: verified, migrated or left alone.

use anyhow::{Result, ensure};
use docent_domain::{Assignment, Feedback, Impression};
use docent_storage::{SchemaPart, StorageError, Store};

use crate::support::{Database, at, dump, execute, filled, id, impression, revert, user};

/// Table that [`ERASURES`] creates; a table of that name in its way makes the upgrade fail
/// half-way.
const IN_THE_WAY: &str = "CREATE TABLE erased_users (only_this bigint)";

/// Counts that newer migrations keep in other tables, and restore when they are reverted.
const REPLACED: [&str; 4] =
    ["resource_exposures", "resource_exposure_totals", "experiment_users", "session_hours"];

const ERASURES: &str = "m20260501_000008_erasures";
const WINDOWS: &str = "m20260401_000007_windows";
const NEWEST: &str = "m20260801_000012_popularity";

/// Returns a store with data, without a migration and those after it.
async fn without(database: &Database, migration: &str) -> Result<Store> {
    let store = database.store().await?;
    filled(&store).await?;
    let variant = Some(Assignment { experiment: "x".into(), variant: "old".into() });
    let shown = [
        Impression { variant, ..impression("one", "ada", "b") },
        Impression { model_version: None, ..impression("one", "nobody yet", "linked") },
    ];
    store.put_impressions(&shown).await?;
    for (who, what, was_useful) in [
        ("ada", "b", Some(false)),
        ("nobody yet", "linked", None),
        ("bob", "b", Some(true)),
        ("bob", "a", None),
    ] {
        let said = Feedback {
            recommendation_id: "one".into(),
            user_id: Some(user(who)),
            resource_id: id(what),
            was_clicked: true,
            was_useful,
            notes: was_useful.map(|_| "It's {so} so, \"they\" said".into()),
            at: at(20),
        };
        store.put_feedback(&said).await?;
    }
    revert(&store, migration).await?;
    Ok(store)
}

pub(crate) async fn every_part_of_the_tables_is_verified(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let before = dump(&store).await?;
    let report = store.verify_schema().await?;
    let missing: Vec<String> = report.missing().map(ToString::to_string).collect();
    ensure!(report.is_sound(), "{missing:?}");
    let names =
        |part| report.checks.iter().filter(move |check| check.part == part).map(|check| check.name.as_str());
    let sqlite = store.backend() == "sqlite";
    let key = if sqlite { "user_interactions.user_id" } else { "fk_user_interactions_user_id" };
    let unique = if sqlite { "users.unique(external_id)" } else { "users_external_id_key" };
    for (part, expected) in [
        (SchemaPart::Table, "recommendation_feedback"),
        (SchemaPart::Table, "seaql_migrations"),
        (SchemaPart::Column, "user_profiles.diversity_preference"),
        (SchemaPart::Index, "idx_recommendation_feedback_strategy"),
        (SchemaPart::Index, unique),
        (SchemaPart::ForeignKey, key),
        (SchemaPart::Check, "ck_user_interactions_confidence"),
        (SchemaPart::Check, "ck_model_runs_status"),
        (SchemaPart::Migration, "m20260101_000001_users"),
    ] {
        ensure!(
            names(part).any(|name| name == expected),
            "{expected} is not among {:?}",
            names(part).collect::<Vec<_>>()
        );
    }
    ensure!(names(SchemaPart::ForeignKey).count() >= 7 && names(SchemaPart::Check).count() >= 10);
    ensure!(dump(&store).await? == before, "verifying changes nothing");
    Ok(())
}

pub(crate) async fn what_is_missing_is_named(database: &Database) -> Result<()> {
    let store = database.store().await?;
    let common = [
        "DROP INDEX ix_users_email",
        "DROP TABLE api_keys",
        "ALTER TABLE resources DROP COLUMN language",
        "DROP INDEX idx_recommendation_feedback_user",
        "CREATE INDEX idx_recommendation_feedback_user ON recommendation_feedback (user_id, rank)",
    ];
    execute(&store, &common).await?;
    let expected: &[&str] = if store.backend() == "sqlite" {
        let change = |from: &str, to: &str| {
            format!(
                "UPDATE sqlite_master SET sql = replace(sql, '{from}', '{to}') WHERE name = 'user_interactions'"
            )
        };
        let changes = [
            change("\"confidence\" BETWEEN 0 AND 1", "\"confidence\" BETWEEN 0 AND 2"),
            change("\"users\"", "\"resources\""),
        ];
        execute(&store, &["PRAGMA writable_schema = ON", &changes[0], &changes[1]]).await?;
        &[
            "missing check ck_user_interactions_confidence: on user_interactions (confidence BETWEEN 0 AND 1) \
             (found: on user_interactions (confidence BETWEEN 0 AND 2))",
            "missing foreign_key user_interactions.user_id: references users (id) on delete cascade \
             (found: references resources (id) on delete cascade)",
        ]
    } else {
        let statements = [
            "ALTER TABLE user_interactions DROP CONSTRAINT ck_user_interactions_confidence",
            "ALTER TABLE user_interactions DROP CONSTRAINT fk_user_interactions_user_id",
            "ALTER TABLE users ALTER COLUMN username TYPE varchar(3)",
        ];
        execute(&store, &statements).await?;
        &[
            "missing check ck_user_interactions_confidence: on user_interactions CHECK",
            "missing foreign_key fk_user_interactions_user_id: on user_interactions FOREIGN KEY (user_id) REFERENCES users(id)",
            "missing column users.username: text (found: character varying(3))",
        ]
    };
    store.close().await?;
    let store = Store::connect(&database.config()).await?;
    let report = store.verify_schema().await?;
    ensure!(!report.is_sound());
    let missing: Vec<String> = report.missing().map(ToString::to_string).collect();
    for line in [
        "missing index ix_users_email: on users",
        "missing table api_keys",
        "missing column api_keys.secret_hash: text not null",
        "missing column resources.language: text",
        "missing index idx_recommendation_feedback_user: on recommendation_feedback",
    ]
    .iter()
    .chain(expected)
    {
        ensure!(
            missing.iter().any(|found| found.starts_with(line)),
            "{line} is not in\n{}",
            missing.join("\n")
        );
    }
    ensure!(!missing.iter().any(|line| line.contains("ix_users_username")), "{missing:?}");
    Ok(())
}

pub(crate) async fn a_migration_that_fails_half_way_changes_nothing(database: &Database) -> Result<()> {
    let store = without(database, WINDOWS).await?;
    execute(&store, &[IN_THE_WAY]).await?;
    let (shape, rows) = (store.schema_shape().await?, dump(&store).await?);
    for refused in [store.migrate().await, store.migrate_verified().await.map(|_| ())] {
        ensure!(refused.is_err());
        ensure!(store.schema_shape().await? == shape && dump(&store).await? == rows, "{refused:?}");
    }
    execute(&store, &["DROP TABLE erased_users"]).await?;
    ensure!(store.migrate_verified().await?.is_sound());
    Ok(())
}

pub(crate) async fn tables_that_are_not_as_they_should_be_are_not_migrated(
    database: &Database,
) -> Result<()> {
    let store = without(database, NEWEST).await?;
    execute(&store, &["DROP INDEX ix_users_email"]).await?;
    let (shape, rows) = (store.schema_shape().await?, dump(&store).await?);
    let refused = store.migrate_verified().await;
    let Err(StorageError::SchemaUnsound { missing }) = &refused else { anyhow::bail!("{refused:?}") };
    ensure!(missing.len() == 1 && missing[0].contains("ix_users_email"), "{missing:?}");
    ensure!(store.schema_shape().await? == shape && dump(&store).await? == rows);
    Ok(())
}

pub(crate) async fn an_older_schema_is_upgraded_and_rolled_back_with_its_data(
    database: &Database,
) -> Result<()> {
    for (migration, feedback) in [
        (NEWEST, 4),
        ("m20260701_000011_answers", 5),
        ("m20260701_000010_resource_totals", 5),
        ("m20260601_000009_missing_times", 5),
        (ERASURES, 5),
        (WINDOWS, 5),
        ("m20260301_000006_feedback_loop", 4),
    ] {
        let database = database.another().await?;
        let store = without(&database, migration).await?;
        let (shape, rows) = (store.schema_shape().await?, dump(&store).await?);
        let of = |table: &str, rows: &[String]| {
            rows.iter().filter(|row| row.split(':').next() == Some(table)).count()
        };
        ensure!(of("user_interactions", &rows) == 3 && of("recommendation_feedback", &rows) == feedback);
        store.migrate_verified().await?;
        let upgraded = dump(&store).await?;
        // Columns are added behind those that were there.
        let kept = |row: &str| {
            let known = row.strip_suffix('}').unwrap_or(row);
            let same = |new: &String| {
                new == row || new.strip_prefix(known).is_some_and(|added| added.starts_with([' ', ',']))
            };
            upgraded.iter().any(same)
        };
        let lost: Vec<&String> = rows
            .iter()
            .filter(|row| !REPLACED.iter().any(|table| row.split(':').next() == Some(*table)) && !kept(row))
            .collect();
        ensure!(lost.is_empty(), "{lost:?} of {upgraded:#?}");
        ensure!(of("recommendation_feedback", &upgraded) == feedback, "none is added either");
        revert(&store, migration).await?;
        ensure!(store.schema_shape().await? == shape);
        let back = dump(&store).await?;
        ensure!(back == rows, "{back:#?} {rows:#?}");
    }
    Ok(())
}

pub(crate) async fn tables_are_made_and_never_changed_by_opening(database: &Database) -> Result<()> {
    let store = Store::connect(&database.config()).await?;
    store.create_schema().await?;
    ensure!(store.verify_schema().await?.is_sound());
    store.create_schema().await?;
    store.rollback(1).await?;
    let shape = store.schema_shape().await?;
    let refused = store.create_schema().await;
    ensure!(
        matches!(&refused, Err(StorageError::SchemaOutdated { pending }) if pending.len() == 1),
        "{refused:?}"
    );
    ensure!(store.schema_shape().await? == shape);
    store.migrate().await?;
    execute(&store, &["INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99990101_future', 0)"])
        .await?;
    store.create_schema().await?;
    ensure!(store.schema_status().await?.is_usable(), "a newer program has only added something");
    execute(&store, &["UPDATE schema_compatibility SET oldest_migration = 'm99990101_future'"]).await?;
    let refused = store.create_schema().await;
    ensure!(matches!(&refused, Err(StorageError::SchemaTooNew { .. })), "{refused:?}");
    ensure!(!store.verify_schema().await?.is_sound(), "what nobody knows is not sound");
    Ok(())
}
