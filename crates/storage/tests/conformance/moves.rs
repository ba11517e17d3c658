//! A store that moves to another database.

use anyhow::{Result, ensure};
use docent_domain::{Feedback, Profile};
use docent_storage::{ApiKey, AuditEntry, ProfileChange, StorageError, Store};
use serde_json::Value;

use crate::support::{Database, at, dump, export, filled, id, record, user};

/// Returns all rows, with their tables.
async fn rows(store: &Store) -> Result<Vec<(&'static str, Value)>> {
    let mut rows = Vec::new();
    store
        .export_rows(&mut |table, row| {
            rows.push((table, row.clone()));
            Ok(())
        })
        .await?;
    Ok(rows)
}

async fn import(store: &Store, rows: &[(&'static str, Value)]) -> Result<()> {
    let import = store.begin_row_import().await?;
    for of_table in rows.chunk_by(|a, b| a.0 == b.0) {
        let table = of_table.first().map_or("", |(table, _)| table);
        import.write(table, of_table.iter().map(|(_, row)| row.clone()).collect()).await?;
    }
    Ok(import.commit().await?)
}

/// Returns the rows of a dump but those that stay where they are.
fn moved(dump: Vec<String>) -> Vec<String> {
    const STAY: [&str; 5] =
        ["api_keys:", "audit_log:", "idempotency_keys:", "model_runs:", "seaql_migrations:"];
    dump.into_iter().filter(|row| !STAY.iter().any(|table| row.starts_with(table))).collect()
}

pub(crate) async fn a_store_moves_to_either_database_as_it_is(database: &Database) -> Result<()> {
    let store = database.store().await?;
    filled(&store).await?;
    let key = ApiKey {
        key_id: "k".into(),
        secret_hash: "h".into(),
        name: "ours".into(),
        scopes: Vec::new(),
        created_at: at(0),
        revoked_at: None,
        expires_at: None,
        last_used_at: None,
    };
    let entry = AuditEntry {
        at: at(0),
        actor: "command".into(),
        action: "create_key".into(),
        subject: None,
        request_id: None,
    };
    store.create_api_key(&key, &entry).await?;
    let liked = ProfileChange::all_of(&Profile { excluded_sources: vec!["x".into()], ..Profile::default() });
    store.update_profile(&user("ada"), &liked, at(5)).await?;
    let feedback = Feedback {
        recommendation_id: "answer".into(),
        user_id: Some(user("ada")),
        resource_id: id("a"),
        was_clicked: true,
        was_useful: Some(false),
        notes: Some("no \u{1f41f}".into()),
        at: at(20),
    };
    store.put_feedback(&feedback).await?;
    store.delete_user(&user("bob"), at(30)).await?;
    let before = rows(&store).await?;

    let another = database.another().await?;
    let same = another.store().await?;
    import(&same, &before).await?;
    ensure!(moved(dump(&same).await?) == moved(dump(&store).await?), "{:#?}", dump(&same).await?);
    let fresh = docent_test_support::Database::sqlite()?;
    let sqlite = Database::of(&fresh).store().await?;
    import(&sqlite, &before).await?;
    ensure!(rows(&sqlite).await? == before);
    for moved in [&same, &sqlite] {
        ensure!(moved.verify_totals().await?.wrong.is_empty());
        // Row ids go on after those that came.
        record(moved, &[export("new", "linked", 40)]).await?;
        let refused = moved.begin_row_import().await;
        ensure!(matches!(refused, Err(StorageError::Conflict(_))), "{refused:?}");
    }
    Ok(())
}

pub(crate) async fn rows_of_another_form_are_refused(database: &Database) -> Result<()> {
    let store = database.store().await?;
    for (table, row) in [("users", "{\"id\": 1}"), ("people", "{}"), ("users", "[]")] {
        let import = store.begin_row_import().await?;
        let refused = import.write(table, vec![serde_json::from_str(row)?]).await;
        ensure!(matches!(refused, Err(StorageError::Corrupt { .. })), "{table} {row}: {refused:?}");
    }
    ensure!(rows(&store).await?.is_empty());
    Ok(())
}
