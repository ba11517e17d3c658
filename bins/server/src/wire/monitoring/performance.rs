use chrono::{DateTime, Utc};
use docent::monitoring;
use serde::Serialize;
use utoipa::ToSchema;

/// Performance of the server since its start.
#[derive(Debug, Serialize, ToSchema)]
pub struct Performance {
    /// Time when the server started (RFC 3339).
    since: DateTime<Utc>,
    /// Cache of user states.
    cache: UserCache,
    /// Durations of the stages of a recommendation, in the order in which they run.
    stages: Vec<StageTiming>,
    /// Durations of database queries.
    queries: QueryTiming,
    /// Queue of impressions to be written to the database.
    impressions: ImpressionQueue,
}

/// Cache of user states.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserCache {
    /// Number of requests served from the cache.
    hits: u64,
    /// Number of requests that read the user from the database.
    misses: u64,
    /// Share of requests served from the cache; null before the first request.
    #[schema(required = true, minimum = 0, maximum = 1)]
    hit_rate: Option<f64>,
}

/// Durations of one stage of a recommendation.
#[derive(Debug, Serialize, ToSchema)]
pub struct StageTiming {
    /// Stage that was timed.
    #[schema(value_type = Stage)]
    stage: &'static str,
    #[serde(flatten)]
    timing: Timing,
}

/// Stage of a recommendation; `total` covers all of them.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "lists the names that the engine returns")]
pub enum Stage {
    UserState,
    Vectors,
    Candidates,
    Scoring,
    Ranking,
    Explain,
    Total,
}

/// Distribution of durations.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timing {
    /// Number of measurements.
    count: u64,
    /// Mean duration in seconds.
    mean_seconds: f64,
    /// Median duration in seconds.
    p50_seconds: f64,
    /// 95th percentile in seconds.
    p95_seconds: f64,
    /// 99th percentile in seconds.
    p99_seconds: f64,
    /// Maximum duration in seconds.
    max_seconds: f64,
}

/// Durations of database queries.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueryTiming {
    #[serde(flatten)]
    timing: Timing,
    /// Number of queries that failed.
    failed: u64,
    /// Duration from which a query is slow, in seconds.
    slow_from_seconds: f64,
    /// Number of slow queries.
    slow_count: u64,
    /// Last 20 slow queries, newest first.
    slow: Vec<SlowQuery>,
}

/// Database query that exceeded the threshold for slow queries.
#[derive(Debug, Serialize, ToSchema)]
pub struct SlowQuery {
    /// SQL text without values, truncated to 300 characters.
    sql: String,
    /// Duration in seconds.
    seconds: f64,
    /// Time of the query (RFC 3339).
    at: DateTime<Utc>,
}

/// Queue of impressions to be written to the database.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImpressionQueue {
    /// Number of lists in the queue.
    waiting: usize,
    /// Maximum number of lists in the queue.
    capacity: usize,
    /// Number of impressions written.
    written: u64,
    /// Number of impressions left out by sampling, since the queue was more than half full.
    sampled_out: u64,
    /// Number of impressions lost because the queue was full or the database failed.
    dropped: u64,
}

impl From<monitoring::Performance> for Performance {
    fn from(found: monitoring::Performance) -> Self {
        let queries = found.queries;
        Self {
            since: found.since,
            cache: UserCache {
                hits: found.cache_hits,
                misses: found.cache_misses,
                hit_rate: found.cache_hit_rate,
            },
            stages: found
                .stages
                .into_iter()
                .map(|(stage, timing)| StageTiming { stage: stage.as_str(), timing: timing.into() })
                .collect(),
            queries: QueryTiming {
                timing: queries.timing.into(),
                failed: queries.failed,
                slow_from_seconds: queries.slow_from_seconds,
                slow_count: queries.slow_count,
                slow: queries.slow.into_iter().map(Into::into).collect(),
            },
            impressions: ImpressionQueue {
                waiting: found.impressions.queued,
                capacity: found.impressions.capacity,
                written: found.impressions.written,
                sampled_out: found.impressions.sampled_out,
                dropped: found.impressions.dropped,
            },
        }
    }
}

impl From<monitoring::Timing> for Timing {
    fn from(timing: monitoring::Timing) -> Self {
        let monitoring::Timing { count, mean_seconds, p50_seconds, p95_seconds, p99_seconds, max_seconds } =
            timing;
        Self { count, mean_seconds, p50_seconds, p95_seconds, p99_seconds, max_seconds }
    }
}

impl From<monitoring::SlowQuery> for SlowQuery {
    fn from(query: monitoring::SlowQuery) -> Self {
        Self { sql: query.sql, seconds: query.seconds, at: query.at }
    }
}
