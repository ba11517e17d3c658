use sea_orm_migration::{prelude::*, schema::*};

use crate::columns::{drop_tables, index, owned_by, refers_to};

const TABLE: &str = "recommendation_feedback";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // `shown_at` is null for feedback without an impression on record.
        let feedback = Table::create()
            .table(TABLE)
            .col(big_pk_auto("id"))
            .col(text("recommendation_id"))
            .col(big_integer_null("user_id"))
            .col(big_integer("resource_id"))
            .col(text_null("strategy"))
            .col(double_null("score"))
            .col(big_integer_null("rank"))
            .col(text_null("model_version"))
            .col(big_integer_null("shown_at"))
            .col(boolean_null("was_clicked"))
            .col(boolean_null("was_useful"))
            .col(text_null("feedback_notes"))
            .col(big_integer_null("feedback_at"))
            .foreign_key(&mut owned_by(TABLE, "user_id", "users"))
            .foreign_key(&mut refers_to(TABLE, "resource_id", "resources"))
            .take();
        manager.create_table(feedback).await?;
        let once = ["recommendation_id", "resource_id"];
        manager.create_index(index("uq_recommendation_feedback", TABLE, once).unique().take()).await?;
        manager.create_index(index("idx_recommendation_feedback_user", TABLE, ["user_id"])).await?;
        manager.create_index(index("idx_recommendation_feedback_resource", TABLE, ["resource_id"])).await?;
        manager.create_index(index("idx_recommendation_feedback_strategy", TABLE, ["strategy"])).await?;
        manager.create_index(index("idx_recommendation_feedback_shown_at", TABLE, ["shown_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &[TABLE]).await
    }
}
