use std::{fmt, path::PathBuf, time::Duration};

use docent_domain::{DEFAULT_EXPLORATION, DomainError, Experiments, InteractionRules, UnitInterval, Weights};
use docent_snapshot::Place;
use serde::{Deserialize, Serialize};

use crate::{ImpressionRetention, Seen};

/// Maximum number of candidates of one source. More would only make every request slower.
const MAX_CANDIDATES: usize = 100_000;

/// Settings of an [`Engine`](crate::Engine): its data, and how it serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EngineConfig {
    /// Address of the database: `sqlite://PATH` or `postgres://USER@HOST/DATABASE`.
    pub database_url: String,
    /// Folder of published models, or their place in an object store: `s3://BUCKET/PREFIX`,
    /// `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`, with credentials from the environment.
    /// Object stores need a build with the feature `object-store`.
    pub snapshots: PathBuf,
    /// Folder of the copies of models that are published in an object store.
    pub snapshot_cache: PathBuf,
    /// Size in MiB above which the oldest copies are removed, at least 1. The copies of the live
    /// model, of the next one and of models of experiments always stay.
    #[schemars(range(min = 1))]
    pub snapshot_cache_mib: u64,
    /// Folder of the live model's sentence transformer on this machine, if it differs from the one
    /// at training.
    pub sentence_transformer: Option<PathBuf>,
    /// Interaction types and their strengths, in addition to the built-in ones.
    pub interactions: InteractionRules,
    /// Weights of the component scores, unless the model or the request brings its own.
    pub weights: Weights,
    /// Number of candidates from each source.
    pub candidates: CandidateCounts,
    /// Resources that count as seen and are not recommended again: `any` that the user interacted
    /// with, or only `positive` ones.
    pub seen: Seen,
    /// If true, resources are recommended before their publication date.
    pub include_unpublished: bool,
    /// Share of a hybrid answer that is reserved for resources without any interaction, 0 to 1.
    pub exploration: UnitInterval,
    /// Maximum number of answers that are computed at the same time, at least 1; by default as many
    /// as there are cores.
    #[schemars(range(min = 1))]
    pub answers_at_once: Option<usize>,
    /// Maximum number of answers that wait until another one is computed. More are refused at once.
    pub answers_waiting: usize,
    /// Maximum number of users kept in memory, at least 1.
    #[schemars(range(min = 1))]
    pub cached_users: u64,
    /// Memory in MiB for candidates and scores that are kept from one answer to the next, about
    /// 7 KiB a user; 0 keeps none. A server fills it with the users who were active last, while
    /// answers leave the processor idle.
    pub prepared_users_mib: u32,
    /// Time in seconds after which a cached user may be out of date. On PostgreSQL changes by other
    /// servers reach it at once, and it is read again after this time. On SQLite users stay in
    /// memory until another process writes, which is noticed after this time.
    pub cached_user_seconds: u64,
    /// Maximum number of answers in the queue of impressions, at least 1. If the queue is more than
    /// half full, the impressions of a share of the answers only are kept, and counted; if it is
    /// full, answers wait.
    #[schemars(range(min = 1))]
    pub impression_queue: usize,
    /// Number of days after which impressions without a verdict are deleted: at least 90, or
    /// `"keep"`.
    pub impression_retention_days: ImpressionRetention,
    /// Duration in seconds above which a database statement is reported as slow, above 0.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub slow_query_seconds: f64,
    /// Experiments that compare variants of serving.
    pub experiments: Experiments,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            database_url: "sqlite://docent-data/docent.db".into(),
            snapshots: "docent-data/snapshots".into(),
            snapshot_cache: "docent-data/snapshot-cache".into(),
            snapshot_cache_mib: 10_240,
            sentence_transformer: None,
            interactions: InteractionRules::default(),
            weights: Weights::default(),
            candidates: CandidateCounts::default(),
            seen: Seen::default(),
            include_unpublished: false,
            exploration: DEFAULT_EXPLORATION,
            answers_at_once: None,
            answers_waiting: 64,
            cached_users: 100_000,
            prepared_users_mib: 192,
            cached_user_seconds: 30,
            impression_queue: 10_000,
            impression_retention_days: ImpressionRetention::default(),
            slow_query_seconds: 0.05,
            experiments: Experiments::default(),
        }
    }
}

impl EngineConfig {
    /// Returns settings that keep everything in one folder: a SQLite database and the snapshots.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self {
            database_url: docent_storage::StoreConfig::sqlite(folder.join("docent.db")).url,
            snapshots: folder.join("snapshots"),
            snapshot_cache: folder.join("snapshot-cache"),
            ..Self::default()
        }
    }

    /// Checks the ranges of all settings whose type does not guarantee them.
    ///
    /// # Errors
    /// [`DomainError::OutOfRange`] that names the key, for example `engine.slow_query_seconds`.
    pub fn check(&self) -> Result<(), DomainError> {
        if self.database_url.trim().is_empty() {
            let expected = "sqlite://PATH or postgres://USER@HOST/DATABASE";
            return Err(out_of_range("database_url", expected, "an empty text"));
        }
        if Place::parse(&self.snapshots).is_err() {
            let expected =
                "a folder, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or file:///PATH";
            return Err(out_of_range("snapshots", expected, self.snapshots.display()));
        }
        if self.snapshot_cache_mib == 0 {
            return Err(out_of_range("snapshot_cache_mib", "at least 1", 0));
        }
        self.interactions.check().map_err(|error| match error {
            DomainError::OutOfRange { field, expected, got } => {
                let field = format!("engine.interactions.{field}");
                DomainError::OutOfRange { field, expected, got }
            }
            other => other,
        })?;
        if self.answers_at_once == Some(0) {
            return Err(out_of_range("answers_at_once", "at least 1", 0));
        }
        if self.cached_users == 0 {
            return Err(out_of_range("cached_users", "at least 1", 0));
        }
        if self.impression_queue == 0 {
            return Err(out_of_range("impression_queue", "at least 1", 0));
        }
        let is_duration = self.slow_query_seconds.is_finite() && self.slow_query_seconds > 0.0;
        if !is_duration {
            return Err(out_of_range("slow_query_seconds", "above 0", self.slow_query_seconds));
        }
        let CandidateCounts { collaborative, content, graph, popular, trending, new } = self.candidates;
        for (key, count) in [
            ("candidates.collaborative", collaborative),
            ("candidates.content", content),
            ("candidates.graph", graph),
            ("candidates.popular", popular),
            ("candidates.trending", trending),
            ("candidates.new", new),
        ] {
            if count > MAX_CANDIDATES {
                return Err(out_of_range(key, "at most 100,000", count));
            }
        }
        Ok(())
    }

    /// Returns the size of all copies above which the oldest are removed.
    #[must_use]
    pub fn max_snapshot_cache_bytes(&self) -> u64 {
        self.snapshot_cache_mib.saturating_mul(1 << 20)
    }

    pub(crate) fn slow_query_time(&self) -> Duration {
        Duration::try_from_secs_f64(self.slow_query_seconds).unwrap_or(Duration::MAX)
    }

    pub(crate) fn cached_user_time(&self) -> Duration {
        Duration::from_secs(self.cached_user_seconds)
    }
}

fn out_of_range(key: &str, expected: &'static str, got: impl fmt::Display) -> DomainError {
    DomainError::OutOfRange { field: format!("engine.{key}"), expected, got: got.to_string() }
}

/// Number of candidates that each source contributes to an answer, before filters; at most 100,000
/// each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CandidateCounts {
    /// Number of resources that the collaborative models rank highest.
    #[schemars(range(max = 100_000))]
    pub collaborative: usize,
    /// Number of resources nearest to the user's content profile.
    #[schemars(range(max = 100_000))]
    pub content: usize,
    /// Number of resources nearest in the graph.
    #[schemars(range(max = 100_000))]
    pub graph: usize,
    /// Number of the most popular resources.
    #[schemars(range(max = 100_000))]
    pub popular: usize,
    /// Number of the resources that were chosen most in the latest days before training.
    #[schemars(range(max = 100_000))]
    pub trending: usize,
    /// Number of the newest resources.
    #[schemars(range(max = 100_000))]
    pub new: usize,
}

impl CandidateCounts {
    /// Returns the number of candidates of all sources together.
    pub(crate) fn total(&self) -> usize {
        let Self { collaborative, content, graph, popular, trending, new } = *self;
        collaborative + content + graph + popular + trending + new
    }
}

impl Default for CandidateCounts {
    fn default() -> Self {
        Self { collaborative: 200, content: 200, graph: 100, popular: 100, trending: 50, new: 50 }
    }
}
