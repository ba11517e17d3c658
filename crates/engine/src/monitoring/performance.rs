use chrono::{DateTime, Utc};

use super::share;
use crate::{Engine, ImpressionQueue, QueryTimings, Stage, Timing};

/// How fast an engine is, since it was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Performance {
    /// When it was opened.
    pub since: DateTime<Utc>,
    /// Requests whose user was in memory.
    pub cache_hits: u64,
    /// Requests whose user was read from the database.
    pub cache_misses: u64,
    /// The share of the former.
    pub cache_hit_rate: Option<f64>,
    /// How long each stage of an answer takes, in their order.
    pub stages: Vec<(Stage, Timing)>,
    /// How long the database takes.
    pub queries: QueryTimings,
    /// How the queue of impressions stands.
    pub impressions: ImpressionQueue,
}

impl Engine {
    /// How fast it is.
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
