use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{check_name, drop_tables};

const RUN_STATUSES: [&str; 6] =
    ["running", "published", "rejected", "failed", "interrupted", "insufficient_data"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let known_status = Expr::col("status").is_in(RUN_STATUSES);
        let runs = Table::create()
            .table("model_runs")
            .col(big_pk_auto("id"))
            .col(text("run_id").unique_key())
            .col(big_integer("started_at"))
            .col(big_integer_null("finished_at"))
            .col(text("status").check((check_name("model_runs", "status"), known_status)))
            .col(text_null("model_version"))
            .col(boolean("forced"))
            .col(text("config"))
            .col(text("metrics"))
            .col(text_null("message"))
            .take();
        manager.create_table(runs).await?;

        let keys = Table::create()
            .table("api_keys")
            .col(big_pk_auto("id"))
            .col(text("key_id").unique_key())
            .col(text("secret_hash"))
            .col(text("name"))
            .col(text("scopes"))
            .col(big_integer("created_at"))
            .col(big_integer_null("revoked_at"))
            .take();
        manager.create_table(keys).await?;

        let idempotency = Table::create()
            .table("idempotency_keys")
            .col(text("scope"))
            .col(text("key"))
            .col(text("request_hash"))
            .col(text("response"))
            .col(big_integer("created_at"))
            .primary_key(Index::create().col("scope").col("key"))
            .take();
        manager.create_table(idempotency).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["idempotency_keys", "api_keys", "model_runs"]).await
    }
}
