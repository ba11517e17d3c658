//! Remembers erasures, so that what arrives late about an erased user stays without a name.

use sea_orm_migration::{prelude::*, schema::big_integer};

use crate::columns::drop_tables;

const TABLE: &str = "erased_users";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // By the hash of the external id: the id itself is what was erased. Rows stay for good,
        // since feedback on an old answer may arrive at any time.
        let erased = Table::create()
            .table(TABLE)
            .col(big_integer("user_hash").primary_key())
            .col(big_integer("erased_at"))
            .take();
        manager.create_table(erased).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &[TABLE]).await
    }
}
