//! Sums of users by resource, for popularity. The strength of a rating becomes that of the newest
//! one; before, it was the largest.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

use crate::{
    columns::{drop_tables, primary_key},
    m20260301_000006_feedback_loop::run,
    m20260701_000010_resource_totals as former,
};

const TABLE: &str = "resource_totals";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &[NEWEST_RATINGS, CONFIDENCE]).await?;
        drop_tables(manager, &[TABLE]).await?;
        let totals = Table::create()
            .table(TABLE)
            .col(big_integer("resource_id"))
            .col(big_integer("slot"))
            .col(big_integer("interactions"))
            .col(big_integer("events"))
            .col(big_integer("positive_users"))
            .col(big_integer("accepting_users"))
            .primary_key(&mut primary_key(["resource_id", "slot"]))
            .take();
        manager.create_table(totals).await?;
        let slot = match manager.get_database_backend() {
            DbBackend::Postgres => "user_id % 8",
            _ => "0",
        };
        let fill = format!(
            "INSERT INTO resource_totals \
             (resource_id, slot, interactions, events, positive_users, accepting_users) \
             SELECT resource_id, {slot}, SUM(interactions), SUM(events), \
             SUM(CASE WHEN liked_at IS NOT NULL AND (rejected_at IS NULL OR liked_at > rejected_at) THEN 1 ELSE 0 END), \
             SUM(CASE WHEN rejected_at IS NULL OR liked_at > rejected_at THEN 1 ELSE 0 END) \
             FROM (SELECT user_id, resource_id, COUNT(*) AS interactions, SUM(1 + return_visits) AS events, \
             MAX(CASE WHEN is_positive THEN COALESCE(interaction_timestamp, -9223372036854775807) END) AS liked_at, \
             MAX(CASE WHEN is_negative THEN COALESCE(interaction_timestamp, -9223372036854775807) END) AS rejected_at \
             FROM user_interactions GROUP BY user_id, resource_id) pairs GROUP BY 1, 2"
        );
        run(manager, &[fill.as_str()]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &[TABLE]).await?;
        former::Migration.up(manager).await
    }
}

const NEWEST_RATINGS: &str = "UPDATE user_interactions SET interaction_strength = rating * 2 / 10, \
     is_positive = (rating > 2) WHERE interaction_type = 'rating' AND rating IS NOT NULL";
const CONFIDENCE: &str = "UPDATE user_interactions SET confidence = \
     CASE WHEN 0.2 * return_visits + 0.5 * interaction_strength > 1 THEN 1 \
     ELSE 0.2 * return_visits + 0.5 * interaction_strength END \
     WHERE interaction_type = 'rating' AND rating IS NOT NULL";
