//! Every metric that Docent emits. The help text of each is what Prometheus shows; `docs/metrics.md` is made of this.

pub use crate::metric::{Kind, Label, Metric, Teller, Values};

macro_rules! metrics {
    ($($constant:ident: $kind:ident = $name:literal $({ $($label:ident),+ })?, $help:literal;)*) => {
        $(#[doc = $help] pub const $constant: &str = $name;)*

        /// All of them.
        pub const ALL: &[Metric] = &[$(Metric {
            name: $name,
            kind: Kind::$kind,
            labels: &[$($($label),+)?],
            help: $help,
        },)*];
    };
}

macro_rules! labels {
    ($($constant:ident = $name:literal: $values:expr;)*) => {
        $(const $constant: Label = Label { name: $name, values: $values };)*
    };
}

/// How a training run can have ended.
pub const RUN_STATUSES: &[&str] =
    &["running", "published", "rejected", "failed", "interrupted", "insufficient_data"];

labels! {
    METHOD = "method": Values::Of(&["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "other"]);
    ROUTE = "route": Values::Few("route templates, and `unknown` for all other paths");
    STATUS_CLASS = "status": Values::Of(&["1xx", "2xx", "3xx", "4xx", "5xx"]);
    STRATEGY = "strategy": Values::Of(&["collaborative", "content", "graph", "hybrid"]);
    COLD_START = "cold_start": Values::Of(&["true", "false"]);
    FALLBACK = "fallback": Values::Of(&["true", "false"]);
    DEGRADATION = "reason": Values::Of(&[
        "no_model", "popularity_for_collaborative", "no_content_profile", "no_graph_seeds", "cold_start_hybrid",
        "strategy_unavailable",
    ]);
    STAGE = "stage": Values::Of(&["user_state", "vectors", "candidates", "scoring", "ranking", "explain"]);
    SOURCE = "source": Values::Of(&["collaborative", "content", "graph", "popular", "new"]);
    OPERATION = "operation": Values::Of(&["select", "insert", "update", "delete", "other"]);
    INGEST_OUTCOME = "outcome": Values::Of(&["created", "updated", "unchanged"]);
    RECORD_OUTCOME = "outcome": Values::Of(&["recorded", "unknown_resource"]);
    RELOAD_RESULT = "result": Values::Of(&["swapped", "failed"]);
    UPKEEP_TASK = "task": Values::Of(&["reload", "refresh", "forget"]);
    MIGRATION_STATE = "state": Values::Of(&["applied", "pending", "unknown"]);
    POOL = "pool": Values::Of(&["read", "write", "shared"]);
    CONNECTION_STATE = "state": Values::Of(&["idle", "in_use"]);
    PLACE = "place": Values::Of(&["store", "snapshots"]);
    JUDGED = "model": Values::Few("what the training judged: `popularity`, each collaborative model, `collaborative`, `hybrid`");
    MEASURE = "metric": Values::Of(&["hr", "ndcg", "recall", "precision", "mrr", "map"]);
    VERSION = "version": Values::Few("the live model only: one series at a time");
    PROGRAM_VERSION = "version": Values::Few("this program's");
    DATABASE = "database": Values::Of(&["sqlite", "postgresql"]);
    RUN_STATUS = "status": Values::Of(RUN_STATUSES);
}

metrics! {
    HTTP_REQUESTS: Counter = "docent_http_requests_total" { METHOD, ROUTE, STATUS_CLASS },
        "HTTP requests answered, by method, route template and status class.";
    HTTP_DURATION: Histogram = "docent_http_request_duration_seconds" { METHOD, ROUTE, STATUS_CLASS },
        "Time from the head of an HTTP request to its answer, by method, route template and status class.";
    HTTP_IN_FLIGHT: Gauge = "docent_http_requests_in_flight" { METHOD, ROUTE },
        "HTTP requests being answered at this moment, by method and route template.";
    PANICS: Counter = "docent_panics_total", "Panics anywhere in the server. A request that meets one is answered with a 500.";

    RECOMMEND_DURATION: Histogram = "docent_recommend_duration_seconds", "Time to make one recommendation answer.";
    RECOMMEND_ANSWERS: Counter = "docent_recommend_answers_total" { STRATEGY, COLD_START, FALLBACK },
        "Recommendation answers, by the strategy that ranked, whether the user has fewer than 5 interactions, and whether anything was left out or replaced.";
    RECOMMEND_DEGRADED: Counter = "docent_recommend_degraded_total" { DEGRADATION },
        "Recommendation answers in which something was left out or replaced, by what that was; one answer may count under several.";
    RECOMMEND_EMPTY: Counter = "docent_recommend_empty_total", "Recommendation answers with nothing in them.";
    RECOMMEND_STAGE_DURATION: Histogram = "docent_recommend_stage_duration_seconds" { STAGE },
        "Time that one stage of a recommendation answer took, by stage; all of them together are docent_recommend_duration_seconds.";
    RECOMMEND_CANDIDATES: Counter = "docent_recommend_candidates_total" { SOURCE },
        "Candidates gathered for recommendation answers, by source; what several sources bring is counted for each.";
    RECOMMEND_EXPLORED: Counter = "docent_recommend_explored_total",
        "Recommendations whose place was kept for what nobody has interacted with.";
    USER_CACHE_HITS: Counter = "docent_user_cache_hits_total", "Requests whose user was in memory.";
    USER_CACHE_MISSES: Counter = "docent_user_cache_misses_total", "Requests whose user was read from the database.";

    IMPRESSIONS_WRITTEN: Counter = "docent_impressions_written_total", "Recommendations shown and written down.";
    IMPRESSIONS_DROPPED: Counter = "docent_impressions_dropped_total",
        "Recommendations shown whose record was lost: the queue was full or the database away.";
    IMPRESSION_QUEUE: Gauge = "docent_impression_queue_answers",
        "Answers whose recommendations wait to be written down.";
    IMPRESSION_QUEUE_CAPACITY: Gauge = "docent_impression_queue_capacity_answers",
        "Answers that may wait before further ones are dropped.";

    INGESTED: Counter = "docent_ingested_resources_total" { INGEST_OUTCOME }, "Resources taken in, by what became of each.";
    INGESTED_UNEMBEDDED: Counter = "docent_ingested_resources_unembedded_total",
        "Resources taken in that could not be found by their content yet when the call returned.";
    INGEST_DURATION: Histogram = "docent_ingest_duration_seconds", "Time to take in one batch of resources.";
    INTERACTIONS: Counter = "docent_interactions_total" { RECORD_OUTCOME },
        "Interactions handed in, by whether they were recorded; replays of an idempotency key are not counted.";

    DATABASE_QUERY_DURATION: Histogram = "docent_database_query_duration_seconds" { OPERATION },
        "Time that the database took for one statement, by the verb that the statement begins with.";
    DATABASE_QUERY_FAILURES: Counter = "docent_database_query_failures_total", "Statements that the database refused.";
    DATABASE_SLOW_QUERIES: Counter = "docent_database_slow_queries_total",
        "Statements that took longer than the configured slow_query_seconds.";
    RESOURCES: Gauge = "docent_resources", "Resources in memory, hidden ones included.";
    VECTORS: Gauge = "docent_vectors", "Resources in memory that can be found by their content.";
    GRAPH_EDGES: Gauge = "docent_graph_edges", "Edges of the graph of resources in memory.";

    MODEL_LIVE: Gauge = "docent_model_live", "1 while a published model is live, else 0.";
    MODEL_INFO: Gauge = "docent_model_info" { VERSION }, "1, with the version of the live model.";
    MODEL_CREATED: Gauge = "docent_model_created_timestamp_seconds", "When the live model was published.";
    MODEL_WATERMARK: Gauge = "docent_model_watermark_timestamp_seconds",
        "When the newest interaction happened that the live model has learned from.";
    MODEL_SIZE: Gauge = "docent_model_size_bytes", "Size of the live model's files.";
    MODEL_USERS: Gauge = "docent_model_users", "Users with positive interactions that the live model was trained on.";
    MODEL_RESOURCES: Gauge = "docent_model_resources", "Resources that the live model was trained on.";
    MODEL_POSITIVES: Gauge = "docent_model_positives", "Positive interactions that the live model was trained on.";
    MODEL_HOLDOUT: Gauge = "docent_model_holdout_ratio" { JUDGED, MEASURE },
        "How good the live model was at its training, on what was held out: metrics at 10, from 0 to 1.";
    MODEL_RELOADS: Counter = "docent_model_reloads_total" { RELOAD_RESULT },
        "Published models that were taken up, or could not be, since the start.";
    UPKEEP_FAILURES: Counter = "docent_upkeep_failures_total" { UPKEEP_TASK },
        "Failures of what the server does in the background: taking up a model, following changes of the catalogue, forgetting old idempotency keys.";

    SCHEMA_READY: Gauge = "docent_schema_ready",
        "1 while the tables are those that this server knows, else 0: then it answers probes and scrapes, and refuses all else.";
    SCHEMA_MIGRATIONS: Gauge = "docent_schema_migrations" { MIGRATION_STATE },
        "Migrations of the store: applied, pending (the schema is behind this server), unknown (it is ahead).";
    DATABASE_UP: Gauge = "docent_database_up", "1 while the database answers within 2 seconds, else 0.";
    DATABASE_CONNECTIONS: Gauge = "docent_database_connections" { POOL, CONNECTION_STATE },
        "Open connections to the database. SQLite has a pool for reading and one connection for writing; PostgreSQL has one shared pool.";
    DATABASE_CONNECTIONS_MAX: Gauge = "docent_database_connections_max" { POOL },
        "Most connections to the database that may be open.";
    DISK_FREE: Gauge = "docent_disk_free_bytes" { PLACE },
        "Space left on the disks of the SQLite store and of the folder of snapshots. A PostgreSQL store is not seen.";
    DISK_SIZE: Gauge = "docent_disk_size_bytes" { PLACE }, "Size of the disks of the SQLite store and of the folder of snapshots.";

    BUILD_INFO: Gauge = "docent_build_info" { PROGRAM_VERSION, DATABASE }, "1, with the version of the server and its kind of database.";
    PROCESS_CPU: Counter = "docent_process_cpu_seconds_total", "CPU time that the server has spent.";
    PROCESS_RESIDENT: Gauge = "docent_process_resident_memory_bytes", "Memory of the server that is in RAM.";
    PROCESS_VIRTUAL: Gauge = "docent_process_virtual_memory_bytes", "Address space of the server.";
    PROCESS_THREADS: Gauge = "docent_process_threads", "Threads of the server.";
    PROCESS_FDS: Gauge = "docent_process_open_fds", "Open file descriptors of the server.";
    PROCESS_FDS_MAX: Gauge = "docent_process_max_fds", "Most file descriptors that the server may open.";
    PROCESS_STARTED: Gauge = "docent_process_start_time_seconds", "When the server began to collect metrics.";

    TRAINING_RUNS: Counter = "docent_training_runs_total" { RUN_STATUS },
        "Training runs, by how they ended: those in the history of the store, and failed ones that it could not record.";
    TRAINING_UNRECORDED: Counter = "docent_training_unrecorded_runs_total",
        "Training runs that failed before the store could record them, such as with the database away: part of the failed ones of docent_training_runs_total.";
    TRAINING_LAST_STATUS: Gauge = "docent_training_last_status" { RUN_STATUS }, "1 for how the last training run ended, else 0.";
    TRAINING_LAST_END: Gauge = "docent_training_last_end_timestamp_seconds", "When the last training run ended.";
    TRAINING_LAST_DURATION: Gauge = "docent_training_last_duration_seconds", "How long the last training run took.";
    TRAINING_LAST_CHECK: Gauge = "docent_training_last_check_timestamp_seconds",
        "When the trainer last looked for something to learn and came to an end: with a model, with too little data, or because too little was new. Failed and interrupted runs do not count.";
    TRAINING_LAST_IDLE: Gauge = "docent_training_last_idle_timestamp_seconds",
        "When the trainer last found that too little was new, and trained nothing.";
    TRAINING_LAST_JUDGED: Gauge = "docent_training_last_judged_timestamp_seconds",
        "When a training run last ended with a model that was published or rejected.";
    TRAINING_LAST_PUBLISHED: Gauge = "docent_training_last_published_timestamp_seconds",
        "When a training run last published a model.";
    TRAINING_LAST_HOLDOUT: Gauge = "docent_training_last_holdout_ratio" { JUDGED, MEASURE },
        "How good the models of the last run that judged any were on what was held out: metrics at 10, from 0 to 1.";
}

/// The metric of a name.
#[must_use]
pub fn metric(name: &str) -> Option<&'static Metric> {
    ALL.iter().find(|metric| metric.name == name)
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
            assert!(metric.help.ends_with('.'), "{metric:?}");
            assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{metric:?}");
            assert!(metric.kind != Kind::Histogram || metric.name.ends_with("_seconds"), "{metric:?}");
        }
    }
}
