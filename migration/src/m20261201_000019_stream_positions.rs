//! How far the partitions of streams were read. Changes in the transactions that store what was
//! read.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, text},
};

use crate::columns::{count, drop_tables, primary_key};

const TABLE: &str = "stream_positions";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let positions = Table::create()
            .table(TABLE)
            .col(text("consumer_group"))
            .col(text("topic"))
            // A topic that is deleted and created again begins at offset 0 under another id.
            .col(text("topic_id"))
            .col(count(TABLE, "partition_number"))
            .col(count(TABLE, "next_offset"))
            .col(big_integer("updated_at"))
            .primary_key(&mut primary_key(["consumer_group", "topic", "topic_id", "partition_number"]))
            .take();
        manager.create_table(positions).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &[TABLE]).await
    }
}
