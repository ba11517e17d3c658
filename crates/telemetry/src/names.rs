//! The table of every metric that Docent emits. The help texts are those that Prometheus shows, and
//! `docs/metrics.md` is generated from them.

pub use crate::metric::{Emitter, Kind, Label, Metric, Values};

macro_rules! metrics {
    ($($constant:ident: $kind:ident = $name:literal $({ $($label:ident),+ })?, $help:literal;)*) => {
        $(#[doc = $help] pub const $constant: &str = $name;)*

        /// All metrics, in the order of the documentation.
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

/// Values of the label `status` of training runs.
pub const RUN_STATUSES: &[&str] =
    &["running", "published", "rejected", "failed", "interrupted", "insufficient_data"];

labels! {
    METHOD = "method": Values::Of(&["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "other"]);
    ROUTE = "route": Values::Bounded("route templates, or `unknown` for any other path");
    STATUS_CLASS = "status": Values::Of(&["1xx", "2xx", "3xx", "4xx", "5xx"]);
    CONNECTION_END = "reason": Values::Of(&["malformed", "large_head", "slow", "handshake", "closed", "internal"]);
    STRATEGY = "strategy": Values::Of(&["collaborative", "content", "graph", "hybrid"]);
    COLD_START = "cold_start": Values::Of(&["true", "false"]);
    FALLBACK = "fallback": Values::Of(&["true", "false"]);
    DEGRADATION = "reason": Values::Of(&[
        "no_model", "popularity_for_collaborative", "no_content_profile", "no_graph_seeds", "cold_start_hybrid",
        "strategy_unavailable",
    ]);
    STAGE = "stage": Values::Of(&["user_state", "vectors", "candidates", "scoring", "ranking", "explain"]);
    SOURCE = "source": Values::Of(&["collaborative", "content", "graph", "popular", "trending", "new"]);
    OPERATION = "operation": Values::Of(&["select", "insert", "update", "delete", "other"]);
    INGEST_OUTCOME = "outcome": Values::Of(&["created", "updated", "unchanged"]);
    RECORD_OUTCOME = "outcome": Values::Of(&["recorded", "unknown_resource"]);
    RELOAD_RESULT = "result": Values::Of(&["swapped", "failed"]);
    UPKEEP_TASK = "task": Values::Of(&["reload", "refresh", "forget", "keys", "prepare_ahead"]);
    REFUSAL = "reason": Values::Of(&["unauthenticated", "forbidden"]);
    LIMIT = "limit": Values::Of(&["key", "user", "address"]);
    MIGRATION_STATE = "state": Values::Of(&["applied", "pending", "unknown"]);
    POOL = "pool": Values::Of(&["read", "write", "shared"]);
    CONNECTION_STATE = "state": Values::Of(&["idle", "in_use"]);
    PLACE = "place": Values::Of(&["store", "snapshots"]);
    EVALUATED = "model": Values::Bounded("models of the training: `popularity`, each collaborative model, `collaborative`, `hybrid`");
    MEASURE = "metric": Values::Of(&["hr", "ndcg", "recall", "precision", "mrr", "map"]);
    VERSION = "version": Values::Bounded("version of the live model (one series at a time)");
    PROGRAM_VERSION = "version": Values::Bounded("version of the server");
    DATABASE = "database": Values::Of(&["sqlite", "postgresql"]);
    RUN_STATUS = "status": Values::Of(RUN_STATUSES);
    CONTENT = "content": Values::Of(&["interactions", "resources"]);
    DEAD_LETTER = "reason": Values::Of(&["invalid_json", "invalid_value", "unknown_resource"]);
    RETRY = "cause": Values::Of(&["database", "dead_letters", "broker", "moved"]);
    TOPIC = "topic": Values::Bounded("topics of the configuration");
    PARTITION = "partition": Values::Bounded("partitions that this process reads now");
}

metrics! {
    HTTP_REQUESTS: Counter = "docent_http_requests_total" { METHOD, ROUTE, STATUS_CLASS },
        "Number of HTTP requests answered, by method, route template and status class.";
    HTTP_DURATION: Histogram = "docent_http_request_duration_seconds" { METHOD, ROUTE, STATUS_CLASS },
        "Time from receiving the head of an HTTP request to its response, by method, route template and status class.";
    HTTP_IN_FLIGHT: Gauge = "docent_http_requests_in_flight" { METHOD, ROUTE },
        "Number of HTTP requests in progress, by method and route template.";
    HTTP_CONNECTIONS_REFUSED: Counter = "docent_http_connections_refused_total" { CONNECTION_END },
        "Number of connections that ended otherwise than after an answer of a route, by reason: a malformed head (400), a large head (431), a slow peer (408, or closed), a failed TLS handshake, closed by the peer, or an internal failure.";
    ACCESS_REFUSED: Counter = "docent_access_refused_total" { REFUSAL },
        "Number of HTTP requests refused because of their API key or user token, by reason: none that is valid, or one that does not allow the request.";
    RATE_LIMITED: Counter = "docent_rate_limited_total" { LIMIT },
        "Number of HTTP requests refused by a rate limit, by the limit: that of an API key, of a user, or of an address.";
    PANICS: Counter = "docent_panics_total",
        "Number of panics in the server. A request that panics is answered with status 500.";

    RECOMMEND_DURATION: Histogram = "docent_recommend_duration_seconds", "Time to compute one recommendation answer.";
    RECOMMEND_ANSWERS: Counter = "docent_recommend_answers_total" { STRATEGY, COLD_START, FALLBACK },
        "Number of recommendation answers, by ranking strategy, cold start (fewer than 5 interactions of the user) and fallback (a part was left out or replaced).";
    RECOMMEND_DEGRADED: Counter = "docent_recommend_degraded_total" { DEGRADATION },
        "Number of recommendation answers with a part that was left out or replaced, by reason. One answer can count under several reasons.";
    RECOMMEND_EMPTY: Counter = "docent_recommend_empty_total", "Number of recommendation answers without any resource.";
    RECOMMEND_STAGE_DURATION: Histogram = "docent_recommend_stage_duration_seconds" { STAGE },
        "Time of one stage of a recommendation answer, by stage. The total is docent_recommend_duration_seconds.";
    RECOMMEND_CANDIDATES: Counter = "docent_recommend_candidates_total" { SOURCE },
        "Number of candidates gathered for recommendation answers, by source. A candidate from several sources counts for each of them.";
    RECOMMEND_EXPLORED: Counter = "docent_recommend_explored_total",
        "Number of recommendations in a place kept for resources that no user has interacted with.";
    ANSWERS_WAITING: Gauge = "docent_answers_waiting",
        "Number of answers that wait until another one is computed.";
    ANSWERS_REFUSED: Counter = "docent_answers_refused_total",
        "Number of answers that were refused because enough others waited.";
    ANSWERS_PREPARED: Counter = "docent_answers_prepared_total", "Number of answers whose candidates and scores were in memory, left by an earlier answer or prepared ahead.";
    USER_CACHE_HITS: Counter = "docent_user_cache_hits_total", "Number of requests that found their user in the user cache.";
    USER_CACHE_MISSES: Counter = "docent_user_cache_misses_total", "Number of requests that read their user from the database.";

    CHANGES_NOTIFIED: Gauge = "docent_changes_notified",
        "1 if notifications of changes by other servers on the same PostgreSQL database arrive, and on SQLite, which has no other servers; 0 if the changes are read ten times a second instead.";
    CHANGES_READ_AGAIN: Counter = "docent_changes_read_again_total",
        "Number of times that users and sums were read again, because changes by other servers may have been missed or were too many to name.";

    IMPRESSIONS_WRITTEN: Counter = "docent_impressions_written_total", "Number of impressions written to the database.";
    IMPRESSIONS_SAMPLED_OUT: Counter = "docent_impressions_sampled_out_total",
        "Number of impressions left out by sampling, because the queue was more than half full.";
    IMPRESSIONS_DROPPED: Counter = "docent_impressions_dropped_total",
        "Number of impressions lost because the queue was full or the database was unavailable.";
    IMPRESSION_QUEUE: Gauge = "docent_impression_queue_answers",
        "Number of answers whose impressions wait to be written.";
    IMPRESSION_QUEUE_CAPACITY: Gauge = "docent_impression_queue_capacity_answers",
        "Maximum number of answers whose impressions can wait. Further answers wait for room.";

    INGESTED: Counter = "docent_ingested_resources_total" { INGEST_OUTCOME }, "Number of resources ingested, by outcome.";
    INGESTED_UNEMBEDDED: Counter = "docent_ingested_resources_unembedded_total",
        "Number of resources ingested that had no embedding yet when the call returned.";
    INGEST_DURATION: Histogram = "docent_ingest_duration_seconds", "Time to ingest one batch of resources.";
    INTERACTIONS: Counter = "docent_interactions_total" { RECORD_OUTCOME },
        "Number of interactions received, by outcome. Replays of an idempotency key are not counted.";

    DATABASE_QUERY_DURATION: Histogram = "docent_database_query_duration_seconds" { OPERATION },
        "Time of one database statement, by operation.";
    DATABASE_QUERY_FAILURES: Counter = "docent_database_query_failures_total", "Number of database statements that failed.";
    DATABASE_SLOW_QUERIES: Counter = "docent_database_slow_queries_total",
        "Number of database statements that took longer than the configured slow_query_seconds.";
    RESOURCES: Gauge = "docent_resources", "Number of resources in memory, including hidden ones.";
    VECTORS: Gauge = "docent_vectors", "Number of resources in memory that have an embedding.";
    GRAPH_EDGES: Gauge = "docent_graph_edges", "Number of edges of the resource graph in memory.";

    MODEL_LIVE: Gauge = "docent_model_live", "1 if a published model is live, else 0.";
    MODEL_INFO: Gauge = "docent_model_info" { VERSION }, "Always 1; the label has the version of the live model.";
    MODEL_CREATED: Gauge = "docent_model_created_timestamp_seconds", "Time when the live model was published.";
    MODEL_WATERMARK: Gauge = "docent_model_watermark_timestamp_seconds",
        "Time of the newest interaction that the live model was trained on.";
    MODEL_SIZE: Gauge = "docent_model_size_bytes", "Size of the files of the live model.";
    MODEL_USERS: Gauge = "docent_model_users", "Number of users with positive interactions that the live model was trained on.";
    MODEL_RESOURCES: Gauge = "docent_model_resources", "Number of resources that the live model was trained on.";
    MODEL_POSITIVES: Gauge = "docent_model_positives", "Number of positive interactions that the live model was trained on.";
    MODEL_HOLDOUT: Gauge = "docent_model_holdout_ratio" { EVALUATED, MEASURE },
        "Accuracy of the live model on the holdout of its training: metrics at 10, from 0 to 1.";
    MODEL_RELOADS: Counter = "docent_model_reloads_total" { RELOAD_RESULT },
        "Number of attempts to load a newly published model, by result.";
    UPKEEP_FAILURES: Counter = "docent_upkeep_failures_total" { UPKEEP_TASK },
        "Number of failed background tasks: reload loads a new model, refresh follows changes of the catalogue, forget removes old idempotency keys, keys reads the API keys again, prepare_ahead prepares users for their next answers.";

    SCHEMA_READY: Gauge = "docent_schema_ready",
        "1 if the database schema is the one that this server expects, else 0. At 0 the server answers only probes and scrapes.";
    SCHEMA_MIGRATIONS: Gauge = "docent_schema_migrations" { MIGRATION_STATE },
        "Number of schema migrations: applied, pending (the schema is older than this server) and unknown (the schema is newer).";
    DATABASE_UP: Gauge = "docent_database_up", "1 if the database answers within 2 seconds, else 0.";
    DATABASE_CONNECTIONS: Gauge = "docent_database_connections" { POOL, CONNECTION_STATE },
        "Number of open database connections. SQLite has a read pool and one write connection; PostgreSQL has one shared pool.";
    DATABASE_CONNECTIONS_MAX: Gauge = "docent_database_connections_max" { POOL },
        "Maximum number of open database connections.";
    DISK_FREE: Gauge = "docent_disk_free_bytes" { PLACE },
        "Free space on the disks of the SQLite store and of the snapshots folder. The disk of a PostgreSQL store is not measured.";
    DISK_SIZE: Gauge = "docent_disk_size_bytes" { PLACE }, "Size of the disks of the SQLite store and of the snapshots folder.";

    BUILD_INFO: Gauge = "docent_build_info" { PROGRAM_VERSION, DATABASE },
        "Always 1; the labels have the version of the server and the kind of database.";
    PROCESS_CPU: Counter = "docent_process_cpu_seconds_total", "CPU time used by the server.";
    PROCESS_RESIDENT: Gauge = "docent_process_resident_memory_bytes", "Resident memory of the server.";
    PROCESS_VIRTUAL: Gauge = "docent_process_virtual_memory_bytes", "Virtual memory of the server.";
    PROCESS_THREADS: Gauge = "docent_process_threads", "Number of threads of the server.";
    PROCESS_FDS: Gauge = "docent_process_open_fds", "Number of open file descriptors of the server.";
    PROCESS_FDS_MAX: Gauge = "docent_process_max_fds", "Maximum number of open file descriptors of the server.";
    PROCESS_STARTED: Gauge = "docent_process_start_time_seconds", "Time when the server started to collect metrics.";

    TRAINING_RUNS: Counter = "docent_training_runs_total" { RUN_STATUS },
        "Number of training runs, by final status: the runs in the history of the store, and failed runs that could not be recorded there.";
    TRAINING_UNRECORDED: Counter = "docent_training_unrecorded_runs_total",
        "Number of training runs that failed before the store could record them, for example because the database was unavailable. They are included in docent_training_runs_total as failed.";
    TRAINING_LAST_STATUS: Gauge = "docent_training_last_status" { RUN_STATUS },
        "1 for the status of the last training run, else 0.";
    TRAINING_LAST_END: Gauge = "docent_training_last_end_timestamp_seconds", "Time when the last training run ended.";
    TRAINING_LAST_DURATION: Gauge = "docent_training_last_duration_seconds", "Duration of the last training run.";
    TRAINING_LAST_CHECK: Gauge = "docent_training_last_check_timestamp_seconds",
        "Time when the trainer last completed a check for new data: with a model, with too little data, or with too few new interactions. Failed and interrupted runs do not count.";
    TRAINING_LAST_IDLE: Gauge = "docent_training_last_idle_timestamp_seconds",
        "Time when the trainer last trained nothing because there were too few new interactions.";
    TRAINING_LAST_JUDGED: Gauge = "docent_training_last_judged_timestamp_seconds",
        "Time when a training run last ended with a published or a rejected model.";
    TRAINING_LAST_PUBLISHED: Gauge = "docent_training_last_published_timestamp_seconds",
        "Time when a training run last published a model.";
    TRAINING_LAST_HOLDOUT: Gauge = "docent_training_last_holdout_ratio" { EVALUATED, MEASURE },
        "Accuracy of the models of the last run that evaluated any, on its holdout: metrics at 10, from 0 to 1.";

    STREAM_STORED: Counter = "docent_stream_events_stored_total" { CONTENT },
        "Number of events of streams that this process stored, by content of the topic.";
    STREAM_REFUSED: Counter = "docent_stream_events_refused_total" { CONTENT, DEAD_LETTER },
        "Number of messages of streams that became dead letters, by content of the topic and reason.";
    STREAM_EXPIRED: Counter = "docent_stream_events_expired_total",
        "Number of offsets of streams that the brokers deleted before they were read: events that are lost, unless the topic is compacted.";
    STREAM_LAG: Gauge = "docent_stream_lag" { TOPIC, PARTITION },
        "Number of offsets between the last stored event and the end of a partition that this process reads.";
    STREAM_BATCH_DURATION: Histogram = "docent_stream_batch_duration_seconds",
        "Time to store one batch of events, with its retries.";
    STREAM_RETRIES: Counter = "docent_stream_retries_total" { RETRY },
        "Number of times that work was repeated, by cause: the database was away or ended a transaction, dead letters were not delivered, the brokers were away, or another process had moved the partition.";
}

/// Returns the metric with this name.
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
