use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{count, drop_tables, index, owned_by, refers_to, unit_interval};

const TABLE: &str = "user_interactions";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let interactions = Table::create()
            .table(TABLE)
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
            .col(big_integer("created_at"))
            .col(big_integer("interaction_timestamp"))
            .foreign_key(&mut owned_by(TABLE, "user_id", "users"))
            .foreign_key(&mut refers_to(TABLE, "resource_id", "resources"))
            .take();
        manager.create_table(interactions).await?;
        let once = ["user_id", "resource_id", "interaction_type"];
        manager.create_index(index("uq_user_interactions", TABLE, once).unique().take()).await?;
        manager.create_index(index("ix_user_interactions_user_id", TABLE, ["user_id"])).await?;
        manager.create_index(index("ix_user_interactions_resource_id", TABLE, ["resource_id"])).await?;
        let pair = ["user_id", "resource_id"];
        manager.create_index(index("idx_user_interactions_user_resource", TABLE, pair)).await?;
        let newest = index("idx_user_interactions_timestamp", TABLE, ["interaction_timestamp"]);
        manager.create_index(newest).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &[TABLE]).await
    }
}
