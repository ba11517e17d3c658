use chrono::{DateTime, Utc};

use super::share;
use crate::{Engine, ImpressionQueue, QueryTimings, Stage, Timing};

/// Performance of an engine since it was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Performance {
    /// Time when the engine was opened.
    pub since: DateTime<Utc>,
    /// Number of requests whose user was in the cache.
    pub cache_hits: u64,
    /// Number of requests whose user was read from the database.
    pub cache_misses: u64,
    /// Share of requests whose user was in the cache; `None` before the first request.
    pub cache_hit_rate: Option<f64>,
    /// Duration of each stage of an answer, in their order.
    pub stages: Vec<(Stage, Timing)>,
    /// Duration of database statements.
    pub queries: QueryTimings,
    /// State of the queue of impressions.
    pub impressions: ImpressionQueue,
}

impl Engine {
    /// Returns the performance since the engine was opened.
    #[must_use]
    pub fn performance(&self) -> Performance {
        let (hits, misses) = self.inner.users.hits_and_misses();
        Performance {
            since: self.inner.timings.since(),
            cache_hits: hits,
            cache_misses: misses,
            cache_hit_rate: share(hits, hits + misses),
            stages: self.inner.timings.stages(),
            queries: self.inner.timings.queries(),
            impressions: self.inner.impressions.status(),
        }
    }
}
