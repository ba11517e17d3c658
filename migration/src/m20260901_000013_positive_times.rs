//! Time of the newest positive event of each interaction, by which a later positive takes a
//! dismissal back: a later weak view does not. For rows of before it is the time of the newest
//! event.
//!
//! Two indexes whose columns begin the unique one go, since each cost every written row a page. An
//! index on the resources that have authors tells at once that none has.

use sea_orm_migration::prelude::*;

use crate::m20260301_000006_feedback_loop::run;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(
            manager,
            &[
                "DROP INDEX ix_user_interactions_user_id",
                "DROP INDEX idx_user_interactions_user_resource",
                "ALTER TABLE user_interactions ADD COLUMN positive_at bigint",
                "UPDATE user_interactions SET positive_at = interaction_timestamp WHERE is_positive",
                "CREATE INDEX idx_resources_authors ON resources (id) WHERE authors <> '[]'",
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(
            manager,
            &[
                "DROP INDEX idx_resources_authors",
                "ALTER TABLE user_interactions DROP COLUMN positive_at",
                "CREATE INDEX ix_user_interactions_user_id ON user_interactions (user_id)",
                "CREATE INDEX idx_user_interactions_user_resource ON user_interactions (user_id, resource_id)",
            ],
        )
        .await
    }
}
