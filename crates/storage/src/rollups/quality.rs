//! Quality of recommendations, read from the rollups.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;

use super::{Exposure, HOURS_A_DAY, begin_of, hour_of};
use crate::Store;
use docent_database::{error::Result, sql, time::to_micros};

/// Counts of impressions and their feedback.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FeedbackCounts {
    /// Number of impressions.
    pub shown: u64,
    /// Number of impressions that were clicked.
    pub clicked: u64,
    /// Number of impressions with a verdict.
    pub rated: u64,
    /// Number of impressions with the verdict "useful".
    pub useful: u64,
}

impl FeedbackCounts {
    /// Returns the sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            shown: self.shown + other.shown,
            clicked: self.clicked + other.clicked,
            rated: self.rated + other.rated,
            useful: self.useful + other.useful,
        }
    }
}

/// Outcomes of the recommendations of one strategy, model and variant.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRollup {
    /// Strategy that chose them.
    pub strategy: String,
    /// Version of the model; empty without a model.
    pub model_version: String,
    /// Experiment; empty outside of one.
    pub experiment: String,
    /// Variant of the experiment.
    pub variant: String,
    /// Counts of impressions and feedback.
    pub counts: FeedbackCounts,
    /// Sum of novelty, and the number of impressions with a novelty.
    pub novelty: (f64, u64),
    /// Sum of the diversity of their answers, and the number of impressions with a diversity.
    pub diversity: (f64, u64),
}

/// Outcomes of the recommendations at one rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankRollup {
    /// Rank in the answer, from 1.
    pub rank: u64,
    /// Counts of impressions and feedback.
    pub counts: FeedbackCounts,
}

/// Quality of recommendations in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    /// Time when the window begins, a full hour. Ranks and exposure are counted from the beginning
    /// of its day.
    pub begin: DateTime<Utc>,
    /// Outcomes by strategy, model and variant.
    pub groups: Vec<GroupRollup>,
    /// Outcomes by rank, in ascending order.
    pub ranks: Vec<RankRollup>,
    /// Impressions by resource.
    pub exposure: Exposure,
}

#[derive(FromQueryResult)]
struct GroupRow {
    strategy: String,
    model_version: String,
    experiment: String,
    variant: String,
    shown: i64,
    clicked: i64,
    rated: i64,
    useful: i64,
    novelty_sum: f64,
    novelty_count: i64,
    diversity_sum: f64,
    diversity_count: i64,
}

#[derive(FromQueryResult)]
struct RankRow {
    rank: i64,
    shown: i64,
    clicked: i64,
    rated: i64,
    useful: i64,
}

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

pub(super) fn counts(shown: i64, clicked: i64, rated: i64, useful: i64) -> FeedbackCounts {
    FeedbackCounts {
        shown: count(shown),
        clicked: count(clicked),
        rated: count(rated),
        useful: count(useful),
    }
}

const SUMS: &str = "CAST(SUM(shown) AS bigint) AS shown, CAST(SUM(clicked) AS bigint) AS clicked, \
                    CAST(SUM(rated) AS bigint) AS rated, CAST(SUM(useful) AS bigint) AS useful";

impl Store {
    /// Returns the quality of recommendations in the last `days` days.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn quality(&self, now: DateTime<Utc>, days: u32) -> Result<Quality> {
        let begin = begin_of(now, days)?;
        let hour = hour_of(to_micros(begin));
        let day = hour.div_euclid(HOURS_A_DAY);
        let groups = format!(
            "SELECT strategy, model_version, experiment, variant, {SUMS}, \
             SUM(novelty_sum) AS novelty_sum, CAST(SUM(novelty_count) AS bigint) AS novelty_count, \
             SUM(diversity_sum) AS diversity_sum, CAST(SUM(diversity_count) AS bigint) AS diversity_count \
             FROM impression_hours WHERE hour >= $1 GROUP BY strategy, model_version, experiment, variant \
             ORDER BY strategy, model_version, experiment, variant"
        );
        let groups: Vec<GroupRow> = sql::select(self.reader(), groups, [hour.into()]).await?;
        let ranks =
            format!("SELECT rank, {SUMS} FROM impression_ranks WHERE day >= $1 GROUP BY rank ORDER BY rank");
        let ranks: Vec<RankRow> = sql::select(self.reader(), ranks, [day.into()]).await?;
        Ok(Quality {
            begin,
            groups: groups.into_iter().map(GroupRow::figures).collect(),
            ranks: ranks.into_iter().map(RankRow::figures).collect(),
            exposure: self.exposure_since(day).await?,
        })
    }
}

impl GroupRow {
    fn figures(self) -> GroupRollup {
        GroupRollup {
            strategy: self.strategy,
            model_version: self.model_version,
            experiment: self.experiment,
            variant: self.variant,
            counts: counts(self.shown, self.clicked, self.rated, self.useful),
            novelty: (self.novelty_sum, count(self.novelty_count)),
            diversity: (self.diversity_sum, count(self.diversity_count)),
        }
    }
}

impl RankRow {
    fn figures(self) -> RankRollup {
        let counts = counts(self.shown, self.clicked, self.rated, self.useful);
        RankRollup { rank: count(self.rank), counts }
    }
}
