use chrono::{DateTime, Utc};
use docent::{Performance, Timing};
use serde::Serialize;
use utoipa::ToSchema;

/// How fast the server is, since it was started.
#[derive(Debug, Serialize, ToSchema)]
pub struct PerformanceView {
    /// When it was started.
    since: DateTime<Utc>,
    /// Users' states in memory.
    cache: CacheView,
    /// The stages of a recommendation, in their order.
    stages: Vec<StageView>,
    /// Statements of the database.
    queries: QueriesView,
    /// What was shown, on its way into the database.
    impressions: QueueView,
}

/// Users' states in memory.
#[derive(Debug, Serialize, ToSchema)]
pub struct CacheView {
    /// Requests whose user was there.
    hits: u64,
    /// Requests whose user was read from the database.
    misses: u64,
    /// The share of the former; null before the first request.
    hit_rate: Option<f64>,
}

/// A stage of a recommendation.
#[derive(Debug, Serialize, ToSchema)]
pub struct StageView {
    /// `user_state`, `vectors`, `candidates`, `scoring`, `ranking`, `explain` or `total`.
    stage: &'static str,
    /// How long it takes.
    #[serde(flatten)]
    timing: TimingView,
}

/// How long something takes.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimingView {
    /// How many times it was timed.
    count: u64,
    /// The mean.
    mean_seconds: f64,
    /// Half of the times it took no longer.
    p50_seconds: f64,
    /// 95 of 100 times it took no longer.
    p95_seconds: f64,
    /// 99 of 100 times it took no longer.
    p99_seconds: f64,
    /// The longest.
    max_seconds: f64,
}

impl From<Timing> for TimingView {
    fn from(timing: Timing) -> Self {
        let Timing { count, mean_seconds, p50_seconds, p95_seconds, p99_seconds, max_seconds } = timing;
        Self { count, mean_seconds, p50_seconds, p95_seconds, p99_seconds, max_seconds }
    }
}

/// Statements of the database.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueriesView {
    /// All of them.
    #[serde(flatten)]
    timing: TimingView,
    /// How many failed.
    failed: u64,
    /// What takes longer is slow.
    slow_from_seconds: f64,
    /// How many were slow.
    slow_count: u64,
    /// The newest 20 of these, newest first.
    slow: Vec<SlowQueryView>,
}

/// A slow statement.
#[derive(Debug, Serialize, ToSchema)]
pub struct SlowQueryView {
    /// Its text without values, cut at 300 characters.
    sql: String,
    /// How long it took.
    seconds: f64,
    /// When.
    at: DateTime<Utc>,
}

/// What was shown, on its way into the database.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueView {
    /// Answers that wait to be written.
    waiting: usize,
    /// How many may wait.
    capacity: usize,
    /// Recommendations that were written.
    written: u64,
    /// Recommendations whose record was lost.
    dropped: u64,
}

impl From<Performance> for PerformanceView {
    fn from(found: Performance) -> Self {
        let queries = found.queries;
        let slow = |of: docent::SlowQuery| SlowQueryView { sql: of.sql, seconds: of.seconds, at: of.at };
        let (hits, misses, hit_rate) = (found.cache_hits, found.cache_misses, found.cache_hit_rate);
        let queue = found.impressions;
        Self {
            since: found.since,
            cache: CacheView { hits, misses, hit_rate },
            stages: found
                .stages
                .into_iter()
                .map(|(stage, timing)| StageView { stage: stage.as_str(), timing: timing.into() })
                .collect(),
            queries: QueriesView {
                timing: queries.timing.into(),
                failed: queries.failed,
                slow_from_seconds: queries.slow_from_seconds,
                slow_count: queries.slow_count,
                slow: queries.slow.into_iter().map(slow).collect(),
            },
            impressions: QueueView {
                waiting: queue.waiting,
                capacity: queue.capacity,
                written: queue.written,
                dropped: queue.dropped,
            },
        }
    }
}
