//! Expiry and last use of API keys, and the audit log.

use sea_orm_migration::{prelude::*, schema::*};

use crate::{
    columns::{drop_tables, index},
    m20260301_000006_feedback_loop::run,
};

const TABLE: &str = "audit_log";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, WIDEN).await?;
        // A user is a hash here, so that an erased one is not named for as long as the log is kept.
        let audit = Table::create()
            .table(TABLE)
            .col(big_pk_auto("id"))
            .col(big_integer("at"))
            .col(text("actor"))
            .col(text("action"))
            .col(text_null("subject"))
            .col(text_null("request_id"))
            .take();
        manager.create_table(audit).await?;
        manager.create_index(index("idx_audit_log_at", TABLE, ["at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &[TABLE]).await?;
        run(manager, NARROW).await
    }
}

const WIDEN: &[&str] = &[
    "ALTER TABLE api_keys ADD COLUMN expires_at bigint",
    "ALTER TABLE api_keys ADD COLUMN last_used_at bigint",
];

const NARROW: &[&str] =
    &["ALTER TABLE api_keys DROP COLUMN last_used_at", "ALTER TABLE api_keys DROP COLUMN expires_at"];
