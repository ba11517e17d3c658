//! Rollups for any window that need neither a row per user nor a look-up per resource, sessions
//! whose events arrive in any order, and impressions that can be deleted.

mod experiments;
mod exposures;
mod running_totals;
mod sessions;

use sea_orm_migration::prelude::*;

use crate::m20260301_000006_feedback_loop::run;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20260401_000007_windows"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, INDEXES).await?;
        exposures::up(manager).await?;
        experiments::up(manager).await?;
        sessions::up(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sessions::down(manager).await?;
        experiments::down(manager).await?;
        exposures::down(manager).await?;
        run(manager, FORMER_INDEXES).await
    }
}

/// Impressions to delete are found by the time when they were shown; those with a verdict stay, and
/// are not read.
const INDEXES: &[&str] = &[
    "DROP INDEX idx_recommendation_feedback_shown_at",
    "CREATE INDEX idx_recommendation_feedback_shown_at ON recommendation_feedback (shown_at) \
     WHERE was_useful IS NULL",
    "CREATE INDEX idx_resources_hidden ON resources (id) WHERE hidden",
];

const FORMER_INDEXES: &[&str] = &[
    "DROP INDEX idx_resources_hidden",
    "DROP INDEX idx_recommendation_feedback_shown_at",
    "CREATE INDEX idx_recommendation_feedback_shown_at ON recommendation_feedback (shown_at)",
];
