//! Interactions may have no time. Imports wrote 2000-01-01T00:00:00Z for those; it becomes null.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

use crate::{
    columns::{count, index, owned_by, refers_to, unit_interval},
    m20260301_000006_feedback_loop::run,
};

const TABLE: &str = "user_interactions";
/// Name of the table while SQLite rebuilds it.
const REBUILT: &str = "user_interactions_rebuilt";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        match manager.get_database_backend() {
            DbBackend::Postgres => run(manager, &[DROP_NOT_NULL, EMPTY]).await?,
            _ => rebuild(manager, big_integer_null, EMPTIED).await?,
        }
        run(manager, &[EMPTY_PROFILES]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        match manager.get_database_backend() {
            DbBackend::Postgres => run(manager, &[FILL, SET_NOT_NULL]).await?,
            _ => rebuild(manager, big_integer, FILLED).await?,
        }
        run(manager, &[FILL_PROFILES]).await
    }
}

const DROP_NOT_NULL: &str = "ALTER TABLE user_interactions ALTER COLUMN created_at DROP NOT NULL, \
     ALTER COLUMN interaction_timestamp DROP NOT NULL";
const SET_NOT_NULL: &str = "ALTER TABLE user_interactions ALTER COLUMN created_at SET NOT NULL, \
     ALTER COLUMN interaction_timestamp SET NOT NULL";

/// 2000-01-01T00:00:00Z is 946684800000000. If only the first of several events has no time, the
/// first known time is that of the newest.
const EMPTIED: &str = "CASE WHEN created_at = 946684800000000 THEN NULLIF(interaction_timestamp, 946684800000000) \
     ELSE created_at END, NULLIF(interaction_timestamp, 946684800000000)";
const EMPTY: &str = "UPDATE user_interactions SET created_at = CASE WHEN created_at = 946684800000000 \
     THEN NULLIF(interaction_timestamp, 946684800000000) ELSE created_at END, \
     interaction_timestamp = NULLIF(interaction_timestamp, 946684800000000) \
     WHERE created_at = 946684800000000 OR interaction_timestamp = 946684800000000";
const EMPTY_PROFILES: &str =
    "UPDATE user_profiles SET last_active_at = NULL WHERE last_active_at = 946684800000000";

const FILLED: &str =
    "COALESCE(created_at, 946684800000000), COALESCE(interaction_timestamp, 946684800000000)";
const FILL: &str = "UPDATE user_interactions SET created_at = COALESCE(created_at, 946684800000000), \
     interaction_timestamp = COALESCE(interaction_timestamp, 946684800000000) \
     WHERE created_at IS NULL OR interaction_timestamp IS NULL";
const FILL_PROFILES: &str = "UPDATE user_profiles SET last_active_at = 946684800000000 \
     WHERE last_active_at IS NULL AND total_interactions > 0";

/// Rebuilds the table, since SQLite cannot change whether a column takes null. `time` makes the
/// columns of times, and `times` are the expressions that fill them.
async fn rebuild(
    manager: &SchemaManager<'_>,
    time: fn(&'static str) -> ColumnDef,
    times: &str,
) -> Result<(), DbErr> {
    let interactions = Table::create()
        .table(REBUILT)
        .col(big_pk_auto("id"))
        .col(big_integer("user_id"))
        .col(big_integer("resource_id"))
        .col(text("interaction_type"))
        .col(unit_interval(TABLE, "interaction_strength"))
        .col(boolean("is_positive"))
        .col(boolean("is_negative"))
        .col(double_null("dwell_seconds"))
        .col(double_null("scroll_depth"))
        .col(double_null("rating"))
        .col(count(TABLE, "return_visits"))
        .col(unit_interval(TABLE, "confidence"))
        .col(time("created_at"))
        .col(time("interaction_timestamp"))
        .foreign_key(&mut owned_by(TABLE, "user_id", "users"))
        .foreign_key(&mut refers_to(TABLE, "resource_id", "resources"))
        .take();
    manager.create_table(interactions).await?;
    let columns = "id, user_id, resource_id, interaction_type, interaction_strength, is_positive, is_negative, \
                   dwell_seconds, scroll_depth, rating, return_visits, confidence";
    let copy = format!(
        "INSERT INTO {REBUILT} ({columns}, created_at, interaction_timestamp) \
         SELECT {columns}, {times} FROM {TABLE} ORDER BY id"
    );
    let rename = format!("ALTER TABLE {REBUILT} RENAME TO {TABLE}");
    run(manager, &[KEEP_SEQUENCE, copy.as_str(), "DROP TABLE user_interactions", rename.as_str()]).await?;

    let once = ["user_id", "resource_id", "interaction_type"];
    manager.create_index(index("uq_user_interactions", TABLE, once).unique().take()).await?;
    manager.create_index(index("ix_user_interactions_user_id", TABLE, ["user_id"])).await?;
    manager.create_index(index("ix_user_interactions_resource_id", TABLE, ["resource_id"])).await?;
    let pair = ["user_id", "resource_id"];
    manager.create_index(index("idx_user_interactions_user_resource", TABLE, pair)).await?;
    let newest = index("idx_user_interactions_timestamp", TABLE, ["interaction_timestamp"]);
    manager.create_index(newest).await
}

/// An id that was given to a deleted row is never given again.
const KEEP_SEQUENCE: &str = "INSERT INTO sqlite_sequence (name, seq) \
     SELECT 'user_interactions_rebuilt', seq FROM sqlite_sequence WHERE name = 'user_interactions'";
