//! Durations of the stages of answers and of database statements, since the engine was opened.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use docent_storage::QuerySeen;
use hdrhistogram::Histogram;

/// Number of significant digits of percentiles.
const DIGITS: u8 = 2;
const MAX_MICROS: u64 = 3_600_000_000;
/// Maximum number of slow statements that are kept for reports.
const MAX_SLOW: usize = 20;
/// Maximum length of their text.
const MAX_SLOW_CHARS: usize = 300;

/// Stage of a request for recommendations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// Loading the user from the cache or the database.
    UserState,
    /// Computing the user's context: history, content profile and walk over the graph.
    Vectors,
    /// Gathering the candidates from all sources.
    Candidates,
    /// Scoring the candidates.
    Scoring,
    /// Ranking the candidates.
    Ranking,
    /// Finding the reasons for the recommendations.
    Explain,
    /// The whole request.
    Total,
}

impl Stage {
    /// All stages in their order.
    pub const ALL: [Self; 7] = [
        Self::UserState,
        Self::Vectors,
        Self::Candidates,
        Self::Scoring,
        Self::Ranking,
        Self::Explain,
        Self::Total,
    ];

    /// Returns the name in metrics and reports, for example `user_state`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UserState => "user_state",
            Self::Vectors => "vectors",
            Self::Candidates => "candidates",
            Self::Scoring => "scoring",
            Self::Ranking => "ranking",
            Self::Explain => "explain",
            Self::Total => "total",
        }
    }
}

/// Distribution of durations. All values are 0 if nothing was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Timing {
    /// Number of measurements.
    pub count: u64,
    /// Mean, in seconds.
    pub mean_seconds: f64,
    /// Median, in seconds.
    pub p50_seconds: f64,
    /// 95th percentile, in seconds.
    pub p95_seconds: f64,
    /// 99th percentile, in seconds.
    pub p99_seconds: f64,
    /// Maximum, in seconds.
    pub max_seconds: f64,
}

/// A slow database statement.
#[derive(Debug, Clone, PartialEq)]
pub struct SlowQuery {
    /// SQL text without values, truncated to 300 characters.
    pub sql: String,
    /// Duration in seconds.
    pub seconds: f64,
    /// Time when the statement ended.
    pub at: DateTime<Utc>,
}

/// Durations of database statements.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryTimings {
    /// Distribution over all statements.
    pub timing: Timing,
    /// Number of failed statements.
    pub failed: u64,
    /// Duration in seconds above which a statement is slow.
    pub slow_from_seconds: f64,
    /// Number of slow statements.
    pub slow_count: u64,
    /// Latest slow statements, at most 20, the newest first.
    pub slow: Vec<SlowQuery>,
}

struct Clock(Mutex<Option<Histogram<u64>>>);

impl Clock {
    fn new() -> Self {
        // Never `None`: the bounds are valid.
        Self(Mutex::new(Histogram::new_with_bounds(1, MAX_MICROS, DIGITS).ok()))
    }

    fn observe(&self, elapsed: Duration) {
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(MAX_MICROS);
        if let Some(histogram) = lock(&self.0).as_mut() {
            histogram.saturating_record(micros);
        }
    }

    fn timing(&self) -> Timing {
        let held = lock(&self.0);
        let Some(histogram) = held.as_ref().filter(|histogram| !histogram.is_empty()) else {
            return Timing::default();
        };
        Timing {
            count: histogram.len(),
            mean_seconds: histogram.mean() / 1e6,
            p50_seconds: quantile_seconds(histogram, 0.5),
            p95_seconds: quantile_seconds(histogram, 0.95),
            p99_seconds: quantile_seconds(histogram, 0.99),
            max_seconds: histogram.max() as f64 / 1e6,
        }
    }
}

fn quantile_seconds(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1e6
}

/// Recorder of durations, which it also emits through the `metrics` facade.
pub struct Timings {
    since: DateTime<Utc>,
    stages: [Clock; Stage::ALL.len()],
    queries: Clock,
    failed: AtomicU64,
    slow_from: Duration,
    slow_count: AtomicU64,
    slow: Mutex<VecDeque<SlowQuery>>,
}

impl Timings {
    /// Makes a recorder without durations, since a moment. Statements above `slow_from` are slow.
    #[must_use]
    pub fn new(since: DateTime<Utc>, slow_from: Duration) -> Self {
        Self {
            since,
            stages: Stage::ALL.map(|_| Clock::new()),
            queries: Clock::new(),
            failed: AtomicU64::new(0),
            slow_from,
            slow_count: AtomicU64::new(0),
            slow: Mutex::default(),
        }
    }

    /// Returns the moment since which durations are recorded.
    #[must_use]
    pub fn since(&self) -> DateTime<Utc> {
        self.since
    }

    /// Records the duration of a stage.
    pub fn observe(&self, stage: Stage, elapsed: Duration) {
        if let Some(clock) = self.stages.get(stage as usize) {
            clock.observe(elapsed);
        }
        let histogram = match stage {
            Stage::Total => metrics::histogram!("docent_recommend_duration_seconds"),
            part => metrics::histogram!("docent_recommend_stage_duration_seconds", "stage" => part.as_str()),
        };
        histogram.record(elapsed.as_secs_f64());
    }

    /// Records a statement of the store.
    pub fn query(&self, seen: &QuerySeen<'_>, at: DateTime<Utc>) {
        self.queries.observe(seen.elapsed);
        metrics::histogram!("docent_database_query_duration_seconds", "operation" => operation(seen.sql))
            .record(seen.elapsed.as_secs_f64());
        if seen.failed {
            self.failed.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("docent_database_query_failures_total").increment(1);
        }
        if seen.elapsed > self.slow_from {
            self.slow_count.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("docent_database_slow_queries_total").increment(1);
            let sql: String = seen.sql.chars().take(MAX_SLOW_CHARS).collect();
            let seconds = seen.elapsed.as_secs_f64();
            tracing::debug!(sql, seconds, "slow statement");
            let mut slow = lock(&self.slow);
            slow.truncate(MAX_SLOW - 1);
            slow.push_front(SlowQuery { sql, seconds, at });
        }
    }

    /// Returns the distribution of each stage.
    #[must_use]
    pub fn stages(&self) -> Vec<(Stage, Timing)> {
        Stage::ALL.into_iter().zip(self.stages.iter().map(Clock::timing)).collect()
    }

    /// Returns the durations of database statements.
    #[must_use]
    pub fn queries(&self) -> QueryTimings {
        QueryTimings {
            timing: self.queries.timing(),
            failed: self.failed.load(Ordering::Relaxed),
            slow_from_seconds: self.slow_from.as_secs_f64(),
            slow_count: self.slow_count.load(Ordering::Relaxed),
            slow: lock(&self.slow).iter().cloned().collect(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the verb that a statement begins with.
fn operation(sql: &str) -> &'static str {
    const VERBS: [&str; 4] = ["select", "insert", "update", "delete"];
    let first = sql.split_whitespace().next().unwrap_or_default();
    VERBS.into_iter().find(|verb| first.eq_ignore_ascii_case(verb)).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn percentiles_are_those_of_the_observed_durations() {
        let timings = Timings::new(DateTime::UNIX_EPOCH, Duration::from_millis(50));
        for millis in 1..=100 {
            timings.observe(Stage::Scoring, Duration::from_millis(millis));
        }
        let by_stage: HashMap<Stage, Timing> = timings.stages().into_iter().collect();
        let scoring = by_stage[&Stage::Scoring];
        assert_eq!(scoring.count, 100);
        for (found, expected) in [
            (scoring.mean_seconds, 0.0505),
            (scoring.p50_seconds, 0.050),
            (scoring.p95_seconds, 0.095),
            (scoring.p99_seconds, 0.099),
            (scoring.max_seconds, 0.100),
        ] {
            assert!((found / expected - 1.0).abs() < 0.02, "{found} {expected}");
        }
        assert_eq!(by_stage[&Stage::Total], Timing::default());
    }

    #[test]
    fn the_newest_slow_statements_are_kept_and_all_are_counted() {
        let timings = Timings::new(DateTime::UNIX_EPOCH, Duration::from_millis(50));
        for n in 0..30 {
            let sql = format!("SELECT {n}");
            let elapsed = Duration::from_millis(if n % 2 == 0 { 60 } else { 50 });
            timings.query(&QuerySeen { sql: &sql, elapsed, failed: n == 3 }, DateTime::UNIX_EPOCH);
        }
        let queries = timings.queries();
        assert_eq!((queries.timing.count, queries.failed, queries.slow_count), (30, 1, 15));
        assert_eq!(queries.slow.len(), 15);
        assert_eq!(queries.slow[0].sql, "SELECT 28");
    }
}
