//! The log of changes that the processes on one PostgreSQL database follow. SQLite has none.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

use crate::columns::{drop_tables, index};

const TABLE: &str = "changes";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let changes = Table::create()
            .table(TABLE)
            .col(big_pk_auto("id"))
            .col(big_integer("xid"))
            .col(text("what"))
            .take();
        manager.create_table(changes).await?;
        manager.create_index(index("idx_changes_xid", TABLE, ["xid"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        drop_tables(manager, &[TABLE]).await
    }
}
