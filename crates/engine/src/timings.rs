//! How long the stages of answers and the statements of the store take, since the engine was opened.

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

/// Percentiles are right to so many digits.
const DIGITS: u8 = 2;
const LONGEST_MICROS: u64 = 3_600_000_000;
/// How many slow statements are kept to be shown.
const SLOW_KEPT: usize = 20;
/// So much of their text.
const SLOW_CHARS: usize = 300;

/// A part of making an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Finding the user's state, in memory or in the database.
    UserState,
    /// Making what stands for the user: history, content profile, walk in the graph.
    Vectors,
    /// Gathering candidates.
    Candidates,
    /// Scoring them.
    Scoring,
    /// Ranking them.
    Ranking,
    /// Saying why.
    Explain,
    /// All of it.
    Total,
}

impl Stage {
    /// All, in the order in which they come.
    pub const ALL: [Self; 7] = [
        Self::UserState,
        Self::Vectors,
        Self::Candidates,
        Self::Scoring,
        Self::Ranking,
        Self::Explain,
        Self::Total,
    ];

    /// The name in metrics and reports.
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

/// How long something took, each time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Timing {
    /// How many times.
    pub count: u64,
    /// The mean, in seconds.
    pub mean_seconds: f64,
    /// Half of the times it took no longer.
    pub p50_seconds: f64,
    /// 95 of 100 times it took no longer.
    pub p95_seconds: f64,
    /// 99 of 100 times it took no longer.
    pub p99_seconds: f64,
    /// The longest.
    pub max_seconds: f64,
}

/// A statement that took longer than it should.
#[derive(Debug, Clone, PartialEq)]
pub struct SlowQuery {
    /// Its text, cut; values are not in it.
    pub sql: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// When it ended.
    pub at: DateTime<Utc>,
}

/// Statements of the store.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryTimings {
    /// All of them.
    pub timing: Timing,
    /// How many failed.
    pub failed: u64,
    /// What takes longer is slow, in seconds.
    pub slow_from_seconds: f64,
    /// How many were slow.
    pub slow_count: u64,
    /// The newest of these, newest first.
    pub slow: Vec<SlowQuery>,
}

struct Clock(Mutex<Option<Histogram<u64>>>);

impl Clock {
    fn new() -> Self {
        // The bounds are right, so there always is one.
        Self(Mutex::new(Histogram::new_with_bounds(1, LONGEST_MICROS, DIGITS).ok()))
    }

    fn observe(&self, elapsed: Duration) {
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(LONGEST_MICROS);
        if let Some(histogram) = lock(&self.0).as_mut() {
            histogram.saturating_record(micros);
        }
    }

    fn timing(&self) -> Timing {
        let held = lock(&self.0);
        let Some(histogram) = held.as_ref().filter(|histogram| !histogram.is_empty()) else {
            return Timing::default();
        };
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e6;
        Timing {
            count: histogram.len(),
            mean_seconds: histogram.mean() / 1e6,
            p50_seconds: at(0.5),
            p95_seconds: at(0.95),
            p99_seconds: at(0.99),
            max_seconds: histogram.max() as f64 / 1e6,
        }
    }
}

/// The recorder: what it is told is also emitted through the `metrics` facade.
pub(crate) struct Timings {
    since: DateTime<Utc>,
    stages: [Clock; Stage::ALL.len()],
    queries: Clock,
    failed: AtomicU64,
    slow_from: Duration,
    slow_count: AtomicU64,
    slow: Mutex<VecDeque<SlowQuery>>,
}

impl Timings {
    pub(crate) fn new(since: DateTime<Utc>, slow_from: Duration) -> Self {
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

    pub(crate) fn since(&self) -> DateTime<Utc> {
        self.since
    }

    /// One pass through a stage.
    pub(crate) fn observe(&self, stage: Stage, elapsed: Duration) {
        if let Some(clock) = self.stages.get(stage as usize) {
            clock.observe(elapsed);
        }
        let histogram = match stage {
            Stage::Total => metrics::histogram!("docent_recommend_duration_seconds"),
            part => metrics::histogram!("docent_recommend_stage_duration_seconds", "stage" => part.as_str()),
        };
        histogram.record(elapsed.as_secs_f64());
    }

    /// One statement of the store.
    pub(crate) fn query(&self, seen: &QuerySeen<'_>, at: DateTime<Utc>) {
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
            let sql: String = seen.sql.chars().take(SLOW_CHARS).collect();
            let seconds = seen.elapsed.as_secs_f64();
            tracing::debug!(sql, seconds, "slow statement");
            let mut slow = lock(&self.slow);
            slow.truncate(SLOW_KEPT - 1);
            slow.push_front(SlowQuery { sql, seconds, at });
        }
    }

    pub(crate) fn stages(&self) -> Vec<(Stage, Timing)> {
        Stage::ALL.into_iter().zip(self.stages.iter().map(Clock::timing)).collect()
    }

    pub(crate) fn queries(&self) -> QueryTimings {
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

/// The verb that a statement begins with.
fn operation(sql: &str) -> &'static str {
    const VERBS: [&str; 4] = ["select", "insert", "update", "delete"];
    let first = sql.split_whitespace().next().unwrap_or_default();
    VERBS.into_iter().find(|verb| first.eq_ignore_ascii_case(verb)).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_observed() {
        let timings = Timings::new(DateTime::UNIX_EPOCH, Duration::from_millis(50));
        for millis in 1..=100 {
            timings.observe(Stage::Scoring, Duration::from_millis(millis));
        }
        let of = |stage| timings.stages().into_iter().find(|(s, _)| *s == stage).unwrap().1;
        let scoring = of(Stage::Scoring);
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
        assert_eq!(of(Stage::Total), Timing::default());
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
