//! Outcomes of the variants of an experiment, read from the rollups.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;

use super::{FeedbackCounts, begin_of, day_of, experiments::SUMS, quality::counts};
use crate::Store;
use docent_database::{
    error::{Result, StorageError},
    sql,
    time::to_micros,
};

/// Sums over the users of one variant in a window, from which ratios and their intervals follow.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantRollup {
    /// Name of the variant.
    pub variant: String,
    /// Number of users with an impression.
    pub users: u64,
    /// Counts of impressions and feedback.
    pub counts: FeedbackCounts,
    /// Sums of shown², clicked² and shown·clicked over users.
    pub clicks: [f64; 3],
    /// Number of users with a verdict.
    pub raters: u64,
    /// Sums of rated², useful² and rated·useful over users.
    pub verdicts: [f64; 3],
}

#[derive(FromQueryResult)]
struct VariantRow {
    variant: String,
    people: i64,
    shown: i64,
    clicked: i64,
    rated: i64,
    useful: i64,
    shown_shown: i64,
    clicked_clicked: i64,
    shown_clicked: i64,
    raters: i64,
    rated_rated: i64,
    useful_useful: i64,
    rated_useful: i64,
}

impl VariantRow {
    fn rollup(self) -> Result<VariantRollup> {
        let (users, raters) = (u64::try_from(self.people), u64::try_from(self.raters));
        let (Ok(users), Ok(raters)) = (users, raters) else {
            return Err(StorageError::corrupt(
                "experiment_days",
                &self.variant,
                "a negative number of users",
            ));
        };
        Ok(VariantRollup {
            users,
            counts: counts(self.shown, self.clicked, self.rated, self.useful),
            clicks: [self.shown_shown, self.clicked_clicked, self.shown_clicked].map(|sum| sum as f64),
            raters,
            verdicts: [self.rated_rated, self.useful_useful, self.rated_useful].map(|sum| sum as f64),
            variant: self.variant,
        })
    }
}

impl Store {
    /// Returns the outcomes of an experiment in the last `days` days by variant, in the order of
    /// their names. Like ranks, they are counted from the beginning of the first day.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn experiment(
        &self,
        experiment: &str,
        now: DateTime<Utc>,
        days: u32,
    ) -> Result<Vec<VariantRollup>> {
        let day = day_of(to_micros(begin_of(now, days)?));
        let sums: Vec<String> =
            SUMS.iter().map(|(_, name)| format!("CAST(SUM({name}) AS bigint) AS {name}")).collect();
        let query = format!(
            "SELECT variant, {} FROM experiment_days WHERE experiment = $1 AND day >= $2 GROUP BY variant \
             HAVING SUM(people) > 0 ORDER BY variant",
            sums.join(", ")
        );
        let rows: Vec<VariantRow> =
            sql::select(self.reader(), query, [experiment.into(), day.into()]).await?;
        rows.into_iter().map(VariantRow::rollup).collect()
    }
}
