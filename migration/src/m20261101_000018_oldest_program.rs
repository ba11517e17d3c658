//! The oldest program that may use the schema, so that servers of two releases can serve at once.

use sea_orm_migration::{
    prelude::*,
    schema::{integer, text},
};

use crate::columns::{check_name, drop_tables};

const TABLE: &str = "schema_compatibility";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One row, which is written after every change of the schema.
        let only_row = (check_name(TABLE, "id"), Expr::col("id").eq(1));
        let compatibility = Table::create()
            .table(TABLE)
            .col(integer("id").primary_key().check(only_row))
            .col(text("oldest_migration"))
            .take();
        manager.create_table(compatibility).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &[TABLE]).await
    }
}
