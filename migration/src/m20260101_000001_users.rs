use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{count, drop_tables, index, owned_by, unit_interval};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let users = Table::create()
            .table("users")
            .col(big_pk_auto("id"))
            .col(text("external_id").unique_key())
            .col(text_null("username"))
            .col(text_null("email"))
            .col(big_integer("created_at"))
            .take();
        manager.create_table(users).await?;
        manager.create_index(index("ix_users_email", "users", ["email"])).await?;
        manager.create_index(index("ix_users_username", "users", ["username"])).await?;

        let profiles = Table::create()
            .table("user_profiles")
            .col(big_pk_auto("id"))
            .col(big_integer("user_id"))
            .col(unit_interval("user_profiles", "diversity_preference"))
            .col(unit_interval("user_profiles", "novelty_preference"))
            .col(unit_interval("user_profiles", "recency_bias"))
            .col(text("research_domains"))
            .col(text_null("active_domain"))
            .col(text("preferred_authors"))
            .col(text("preferred_sources"))
            .col(text("excluded_sources"))
            .col(count("user_profiles", "total_interactions"))
            .col(big_integer_null("last_active_at"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .foreign_key(&mut owned_by("user_profiles", "user_id", "users"))
            .take();
        manager.create_table(profiles).await?;
        manager
            .create_index(index("idx_user_profiles_user", "user_profiles", ["user_id"]).unique().take())
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["user_profiles", "users"]).await
    }
}
