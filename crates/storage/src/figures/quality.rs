//! How good what was shown was, from its counts.

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;

use super::{Exposure, HOURS_A_DAY, begin_of, hour_of};
use crate::{Store, error::Result, sql, time::to_micros};

/// What came of recommendations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// How many were shown.
    pub shown: u64,
    /// How many of them were opened.
    pub clicked: u64,
    /// Of how many of them somebody said whether they were useful.
    pub rated: u64,
    /// How many of these were.
    pub useful: u64,
}

impl Marks {
    /// The sum of both.
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

/// What came of the recommendations of one strategy, model and variant.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupFigures {
    /// By which strategy they were chosen.
    pub strategy: String,
    /// By which model; empty without one.
    pub model_version: String,
    /// In which experiment; empty outside.
    pub experiment: String,
    /// By which of its variants.
    pub variant: String,
    /// What came of them.
    pub marks: Marks,
    /// Sum of their novelty, and of how many it is known.
    pub novelty: (f64, u64),
    /// Sum of the diversity of their answers, and of how many it is known.
    pub diversity: (f64, u64),
}

/// What came of the recommendations in one place of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankFigures {
    /// The place, from 1.
    pub rank: u64,
    /// What came of them.
    pub marks: Marks,
}

/// What was shown in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    /// When the window begins: a full hour. Ranks and exposure are counted from the beginning of its day.
    pub begin: DateTime<Utc>,
    /// By strategy, model and variant.
    pub groups: Vec<GroupFigures>,
    /// By place, from the first.
    pub ranks: Vec<RankFigures>,
    /// By resource.
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

pub(super) fn marks(shown: i64, clicked: i64, rated: i64, useful: i64) -> Marks {
    Marks { shown: count(shown), clicked: count(clicked), rated: count(rated), useful: count(useful) }
}

const SUMS: &str = "CAST(SUM(shown) AS bigint) AS shown, CAST(SUM(clicked) AS bigint) AS clicked, \
                    CAST(SUM(rated) AS bigint) AS rated, CAST(SUM(useful) AS bigint) AS useful";

impl Store {
    /// What was shown in the last `days` days and what came of it.
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
    fn figures(self) -> GroupFigures {
        GroupFigures {
            strategy: self.strategy,
            model_version: self.model_version,
            experiment: self.experiment,
            variant: self.variant,
            marks: marks(self.shown, self.clicked, self.rated, self.useful),
            novelty: (self.novelty_sum, count(self.novelty_count)),
            diversity: (self.diversity_sum, count(self.diversity_count)),
        }
    }
}

impl RankRow {
    fn figures(self) -> RankFigures {
        let marks = marks(self.shown, self.clicked, self.rated, self.useful);
        RankFigures { rank: count(self.rank), marks }
    }
}
