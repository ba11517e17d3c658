//! Deletion of what is too old for any window, a few rows at a time, so that no writer waits for
//! it.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend};

use super::{HOURS_A_DAY, KEPT, hour_of};
use crate::Store;
use docent_database::{error::Result, sql, time::to_micros, writer::AloneTask};

/// Number of rows deleted in one transaction.
const AT_A_TIME: i64 = 1_000;

impl Store {
    /// Deletes rollups that are older than the longest window, with sessions and days of users that
    /// only those covered. Writes in many short transactions. Returns the number of rows deleted;
    /// deletes nothing while another process does.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn forget_old_rollups(&self, now: DateTime<Utc>) -> Result<u64> {
        let since = to_micros(now - KEPT);
        let hour = hour_of(since);
        let day = hour.div_euclid(HOURS_A_DAY);
        let mut gone = 0;
        for (table, key, time, oldest) in [
            ("impression_hours", "hour, strategy, model_version, experiment, variant", "hour", hour),
            ("interaction_hours", "hour, interaction_type, slot", "hour", hour),
            ("session_hours", "hour, slot", "hour", hour),
            ("impression_ranks", "day, rank", "day", day),
            ("experiment_days", "experiment, variant, day", "day", day),
            ("experiment_people", "experiment, variant, user_hash", "last_day", day),
            ("resource_exposure_days", "resource_id", "last_day", day),
            ("user_sessions", "user_id, begin_at", "end_at", since),
        ] {
            let delete = format!(
                "DELETE FROM {table} WHERE {time} < $1 AND ({key}) IN \
                 (SELECT {key} FROM {table} WHERE {time} < $1 ORDER BY {time} LIMIT $2)"
            );
            loop {
                let alone = self.begin_alone(AloneTask::Retention).await?;
                let Some(transaction) = alone else { return Ok(gone) };
                let batch = sql::execute(&transaction, &delete, [oldest.into(), AT_A_TIME.into()]).await?;
                transaction.commit().await?;
                gone += batch;
                if batch < AT_A_TIME.unsigned_abs() {
                    break;
                }
            }
        }
        Ok(gone)
    }

    /// Deletes impressions that were shown before a time, and earlier feedback on what was never
    /// shown: at most `limit` rows, the oldest first, in one short transaction that waits for no
    /// lock. Impressions without feedback share the row of their answer. Returns the number of rows
    /// deleted, which is less than `limit` when none is left, and 0 while another process deletes.
    ///
    /// Rows with a verdict stay, because verdicts count in answers and in training; so do rows that
    /// were clicked since.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn forget_impressions(&self, before: DateTime<Utc>, limit: u64) -> Result<u64> {
        let alone = self.begin_alone(AloneTask::Retention).await?;
        let Some(transaction) = alone else { return Ok(0) };
        let locking = match transaction.get_database_backend() {
            DbBackend::Postgres => "FOR UPDATE SKIP LOCKED",
            _ => "",
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut gone = 0;
        for (table, old) in [
            ("recommendation_answers", "shown_at < $1"),
            (
                "recommendation_feedback",
                "was_useful IS NULL AND shown_at < $1 AND (feedback_at IS NULL OR feedback_at < $1)",
            ),
            ("recommendation_feedback", "was_useful IS NULL AND shown_at IS NULL AND feedback_at < $1"),
        ] {
            let left = limit - i64::try_from(gone).unwrap_or(limit);
            // Materialized, because otherwise PostgreSQL may run the query again for each row, skip
            // the rows that it has locked itself, and delete more than the limit.
            let delete = format!(
                "WITH old AS MATERIALIZED (SELECT id FROM {table} WHERE {old} ORDER BY shown_at LIMIT $2 {locking}) \
                 DELETE FROM {table} WHERE id IN (SELECT id FROM old)"
            );
            gone += sql::execute(&transaction, delete, [to_micros(before).into(), left.into()]).await?;
        }
        transaction.commit().await?;
        Ok(gone)
    }
}
