//! The tables themselves: made, undone, checked.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use docent_domain::Feedback;
use docent_storage::{
    ApiKey, AuditEntry, AuditRow, Counts, NewModelRun, RunEnd, RunStatus, StorageError, Store,
};
use serde_json::json;

use crate::support::{Database, at, filled, id, user};

fn said(answer: &str, who: &str, what: &str) -> Feedback {
    Feedback {
        recommendation_id: answer.into(),
        user_id: Some(user(who)),
        resource_id: id(what),
        was_clicked: true,
        was_useful: Some(true),
        notes: None,
        at: at(20),
    }
}

pub(crate) async fn migrations_go_up_down_and_up_again_with_data_in_the_tables(
    database: &Database,
) -> Result<()> {
    let store = Store::connect(&database.config()).await?;
    let before = store.schema_status().await?;
    ensure!(before.applied.is_empty() && !before.pending.is_empty(), "{before:?}");
    store.migrate().await?;
    filled(&store).await?;
    let all = store.schema_status().await?;
    ensure!(all.is_current() && all.applied == before.pending, "{all:?}");
    ensure!(all.oldest.as_ref().is_some_and(|oldest| all.applied.contains(oldest)), "{all:?}");

    store.rollback(1).await?;
    let status = store.schema_status().await?;
    ensure!(status.pending == all.applied[all.applied.len() - 1..], "{status:?}");
    let interactions = store.raw_sql("SELECT CAST(COUNT(*) AS text) FROM user_interactions").await?;
    ensure!(interactions == ["3"], "a rollback of the newest keeps what is older");
    store.rollback(u32::MAX).await?;
    ensure!(store.schema_status().await? == before);
    store.migrate().await?;
    store.migrate().await?;
    ensure!(store.counts().await? == Counts::default());
    filled(&store).await
}

pub(crate) async fn a_schema_of_a_newer_program_is_refused(database: &Database) -> Result<()> {
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

pub(crate) async fn two_programs_may_migrate_at_once(database: &Database) -> Result<()> {
    let (one, other) = (Store::connect(&database.config()).await?, Store::connect(&database.config()).await?);
    let (first, second) = tokio::join!(one.migrate(), other.migrate());
    first?;
    second?;
    ensure!(one.schema_status().await?.is_current());
    Ok(())
}

pub(crate) async fn every_named_index_is_there(database: &Database) -> Result<()> {
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
        "ix_user_interactions_resource_id",
        "idx_user_interactions_timestamp",
        "uq_user_interactions",
        "uq_recommendation_answers",
        "idx_recommendation_answers_user",
        "idx_recommendation_answers_shown_at",
        "idx_recommendation_feedback_user",
        "idx_recommendation_feedback_resource",
        "idx_recommendation_feedback_strategy",
        "idx_recommendation_feedback_shown_at",
        "uq_recommendation_feedback",
        "idx_recommendation_feedback_verdicts",
        "idx_recommendation_feedback_unnamed",
        "idx_experiment_people_hash",
        "idx_experiment_people_last_day",
        "idx_resource_exposure_days_last_day",
        "idx_resources_hidden",
        "idx_resources_authors",
        "idx_user_sessions_end_at",
        "idx_user_profiles_last_active_at",
        "idx_users_created_at",
        "idx_audit_log_at",
        "idx_resources_updated_at",
        "idx_resource_links_target",
        "uq_resource_links",
    ] {
        ensure!(there.contains(name), "{name} is not among {there:?}");
    }
    Ok(())
}

pub(crate) async fn every_check_refuses_what_is_out_of_range(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let run = NewModelRun { run_id: "r".into(), started_at: at(0), forced: false, config: json!({}) };
    store.start_run(&run).await?;
    store.put_feedback(&said("answer", "bob", "b")).await?;
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
        ("recommendation_feedback", "novelty", &["-0.1", "1.1"]),
        ("recommendation_feedback", "diversity", &["-0.1", "1.1"]),
        ("recommendation_answers", "diversity", &["-0.1", "1.1"]),
        ("recommendation_answers", "kept_share", &["0", "1.1"]),
        ("impression_hours", "shown", &["-1"]),
        ("interaction_hours", "events", &["-1"]),
        ("schema_compatibility", "id", &["2"]),
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

pub(crate) async fn foreign_keys_are_enforced(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    store.put_feedback(&said("answer", "bob", "b")).await?;
    for broken in [
        "UPDATE user_profiles SET user_id = 999",
        "UPDATE user_sessions SET user_id = 999",
        "UPDATE resource_exposure_days SET resource_id = 999",
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

pub(crate) async fn a_corrupt_row_is_named(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    store.put_feedback(&said("said", "bob", "b")).await?;
    let lawless = if store.backend() == "sqlite" { "X'010203'" } else { "'\\x010203'" };
    for damage in [
        "UPDATE resources SET authors = 'no json'".to_owned(),
        "UPDATE user_profiles SET excluded_sources = '{}'".to_owned(),
        format!("UPDATE resource_embeddings SET vector = {lawless}"),
        "UPDATE user_interactions SET interaction_timestamp = 9223372036854775807".to_owned(),
        "UPDATE recommendation_feedback SET strategy = 'psychic'".to_owned(),
        format!("UPDATE recommendation_answers SET items = {lawless}"),
    ] {
        store.raw_sql(&damage).await?;
    }
    let reads = [
        ("resources", store.get_resource(&id("a")).await.err()),
        ("user_profiles", store.get_profile(&user("ada")).await.err()),
        ("resource_embeddings", store.embeddings_of("test", 0, 1).await.err()),
        ("user_interactions", store.interactions_after(0, 1).await.err()),
        ("recommendation_feedback", store.feedback_of("said").await.err()),
        ("recommendation_answers", store.feedback_of("answer").await.err()),
    ];
    for (expected, error) in reads {
        let Some(StorageError::Corrupt { table, id, why }) = &error else { bail!("{expected}: {error:?}") };
        ensure!(*table == expected && !id.is_empty() && !why.is_empty(), "{error:?}");
    }
    Ok(())
}

pub(crate) async fn runs_and_keys_are_kept(database: &Database) -> Result<()> {
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
        expires_at: Some(at(100)),
        last_used_at: None,
    };
    let entry = |action: &str, seconds| AuditEntry {
        at: at(seconds),
        actor: "command".into(),
        action: action.into(),
        subject: Some("key:pub".into()),
        request_id: None,
    };
    store.create_api_key(&key, &entry("create_key", 1)).await?;
    let again = store.create_api_key(&key, &entry("create_key", 2)).await;
    ensure!(matches!(again, Err(StorageError::Conflict(_))));
    ensure!(
        store.get_api_key("pub").await? == Some(key.clone()) && store.get_api_key("other").await?.is_none()
    );
    ensure!(store.revoke_api_key("pub", &entry("revoke_key", 5)).await?);
    ensure!(!store.revoke_api_key("pub", &entry("revoke_key", 6)).await?);
    store.put_last_uses(&[("pub".into(), at(4)), ("other".into(), at(4))]).await?;
    store.put_last_uses(&[("pub".into(), at(3))]).await?;
    let expected = ApiKey { revoked_at: Some(at(5)), last_used_at: Some(at(4)), ..key };
    ensure!(store.list_api_keys().await? == [expected]);
    let actions: Vec<AuditEntry> =
        store.audit_before(None, 10).await?.into_iter().map(|row| row.entry).collect();
    ensure!(actions == [entry("revoke_key", 5), entry("create_key", 1)], "{actions:?}");
    Ok(())
}

pub(crate) async fn the_audit_log_is_paged_from_the_newest_and_forgotten_from_the_oldest(
    database: &Database,
) -> Result<()> {
    let store = database.store().await?;
    let entry = |n: i64| AuditEntry {
        at: at(n),
        actor: format!("key:{n}"),
        action: "delete_resource".into(),
        subject: None,
        request_id: Some(format!("request-{n}")),
    };
    for n in 0..5 {
        store.record_audit(&entry(n)).await?;
    }
    let newest = store.audit_before(None, 2).await?;
    let entries = |rows: &[AuditRow]| rows.iter().map(|row| row.entry.clone()).collect::<Vec<_>>();
    ensure!(entries(&newest) == [entry(4), entry(3)]);
    let older = store.audit_before(newest.last().map(|row| row.id), 10).await?;
    ensure!(entries(&older) == [entry(2), entry(1), entry(0)]);
    ensure!(store.forget_audit(at(2)).await? == 2);
    ensure!(entries(&store.audit_before(None, 10).await?) == [entry(4), entry(3), entry(2)]);
    Ok(())
}
