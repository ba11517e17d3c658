//! Sums over the interactions with each resource, so that a start need not read them all.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

use crate::{
    columns::{drop_tables, primary_key},
    m20260301_000006_feedback_loop::run,
};

const TABLE: &str = "resource_totals";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let totals = Table::create()
            .table(TABLE)
            .col(big_integer("resource_id"))
            .col(big_integer("slot"))
            .col(big_integer("interactions"))
            .col(big_integer("events"))
            .primary_key(&mut primary_key(["resource_id", "slot"]))
            .take();
        manager.create_table(totals).await?;
        let slot = match manager.get_database_backend() {
            DbBackend::Postgres => "user_id % 8",
            _ => "0",
        };
        let fill = format!(
            "INSERT INTO resource_totals (resource_id, slot, interactions, events) \
             SELECT resource_id, {slot}, COUNT(*), SUM(1 + return_visits) FROM user_interactions GROUP BY 1, 2"
        );
        run(manager, &[fill.as_str()]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &[TABLE]).await
    }
}
