//! Every metric that Docent emits. The help text of each is what Prometheus shows.

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations in seconds.
    Histogram,
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// Its help text.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident: $kind:ident = $name:literal, $help:literal;)*) => {
        $(#[doc = $help] pub const $constant: &str = $name;)*

        /// All of them.
        pub const ALL: &[Metric] = &[$(Metric { name: $name, kind: Kind::$kind, help: $help },)*];
    };
}

metrics! {
    HTTP_REQUESTS: Counter = "docent_http_requests_total",
        "HTTP requests answered, by method, route template and status class.";
    HTTP_DURATION: Histogram = "docent_http_request_duration_seconds",
        "Time from the head of an HTTP request to its answer, by method, route template and status class.";
    HTTP_IN_FLIGHT: Gauge = "docent_http_requests_in_flight",
        "HTTP requests being answered at this moment, by method and route template.";
    HTTP_PANICS: Counter = "docent_http_panics_total", "Handlers that panicked; each was answered with a 500.";
    RECOMMEND_DURATION: Histogram = "docent_recommend_duration_seconds", "Time to make one recommendation answer.";
    RECOMMEND_STAGE_DURATION: Histogram = "docent_recommend_stage_duration_seconds",
        "Time that one stage of a recommendation answer took, by stage.";
    RECOMMEND_CANDIDATES: Counter = "docent_recommend_candidates_total",
        "Candidates gathered for recommendation answers, by source; what several sources bring is counted for each.";
    RECOMMEND_EXPLORED: Counter = "docent_recommend_explored_total",
        "Recommendations whose place was kept for what nobody has interacted with.";
    IMPRESSIONS_WRITTEN: Counter = "docent_impressions_written_total", "Recommendations shown and written down.";
    IMPRESSIONS_DROPPED: Counter = "docent_impressions_dropped_total",
        "Recommendations shown whose record was lost: the queue was full or the database away.";
    USER_CACHE_HITS: Counter = "docent_user_cache_hits_total", "Requests whose user was in memory.";
    USER_CACHE_MISSES: Counter = "docent_user_cache_misses_total", "Requests whose user was read from the database.";
    DATABASE_QUERY_DURATION: Histogram = "docent_database_query_duration_seconds",
        "Time that the database took for one statement.";
    DATABASE_QUERY_FAILURES: Counter = "docent_database_query_failures_total", "Statements that the database refused.";
    DATABASE_SLOW_QUERIES: Counter = "docent_database_slow_queries_total",
        "Statements that took longer than the configured slow_query_seconds.";
    RESOURCES: Gauge = "docent_resources", "Resources in memory, hidden ones included.";
    VECTORS: Gauge = "docent_vectors", "Resources in memory that can be found by their content.";
    GRAPH_EDGES: Gauge = "docent_graph_edges", "Edges of the graph of resources in memory.";
    MODEL_LIVE: Gauge = "docent_model_live", "1 while a published model is live, else 0.";
    MODEL_SWAPS: Counter = "docent_model_swaps_total", "Published models that went live since the start.";
    RELOAD_FAILURES: Counter = "docent_reload_failures_total",
        "Times that the published model or changes of the catalogue could not be taken up.";
}

#[cfg(test)]
mod tests {
    use super::{ALL, Kind};

    #[test]
    fn names_are_unique_and_end_in_their_unit() {
        let mut names: Vec<&str> = ALL.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        for metric in ALL {
            assert!(metric.name.starts_with("docent_"), "{metric:?}");
            let (total, seconds) = (metric.name.ends_with("_total"), metric.name.ends_with("_seconds"));
            assert_eq!(
                (total, seconds),
                (metric.kind == Kind::Counter, metric.kind == Kind::Histogram),
                "{metric:?}"
            );
        }
    }
}
