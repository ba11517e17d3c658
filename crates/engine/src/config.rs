use std::{path::PathBuf, time::Duration};

use docent_domain::{DEFAULT_EXPLORATION, Experiments, InteractionRules, UnitInterval, Weights};
use serde::{Deserialize, Serialize};

use crate::Retention;

/// Where an [`Engine`](crate::Engine) finds its data, and how it serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineConfig {
    /// `sqlite://PATH` or `postgres://USER@HOST/DATABASE`.
    pub database_url: String,
    /// Folder of published models.
    pub snapshots: PathBuf,
    /// Where the sentence transformer of the live model lies on this machine, if elsewhere than where the trainer found it.
    pub sentence_transformer: Option<PathBuf>,
    /// Interaction types of the team's own.
    pub interactions: InteractionRules,
    /// How much each component counts where neither the model nor the request says otherwise.
    pub weights: Weights,
    /// How many candidates each source brings.
    pub candidates: CandidateCounts,
    /// Share of the places of a hybrid answer, 0 to 1, for resources that nobody has interacted with.
    pub exploration: UnitInterval,
    /// How many users' states are kept in memory.
    pub cached_users: u64,
    /// How long a user's state may be out of date where another process writes, in seconds. What this process writes
    /// is seen at once.
    pub cached_user_seconds: u64,
    /// How many answers may wait for their impressions to be written before further ones are dropped.
    pub impression_queue: usize,
    /// How many days impressions are kept on which nobody gave a verdict: 90 or more, or `"keep"`.
    pub impression_retention_days: Retention,
    /// A statement of the database that takes longer is shown as slow, in seconds.
    pub slow_query_seconds: f64,
    /// Experiments: who is served how, to compare what comes of it.
    pub experiments: Experiments,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            database_url: "sqlite://docent-data/docent.db".into(),
            snapshots: "docent-data/snapshots".into(),
            sentence_transformer: None,
            interactions: InteractionRules::default(),
            weights: Weights::default(),
            candidates: CandidateCounts::default(),
            exploration: DEFAULT_EXPLORATION,
            cached_users: 100_000,
            cached_user_seconds: 30,
            impression_queue: 10_000,
            impression_retention_days: Retention::default(),
            slow_query_seconds: 0.05,
            experiments: Experiments::default(),
        }
    }
}

impl EngineConfig {
    /// Everything in one folder: a SQLite database and the snapshots.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self {
            database_url: docent_storage::StoreConfig::sqlite(folder.join("docent.db")).url,
            snapshots: folder.join("snapshots"),
            ..Self::default()
        }
    }

    pub(crate) fn slow_query_time(&self) -> Duration {
        Duration::try_from_secs_f64(self.slow_query_seconds).unwrap_or(Duration::MAX)
    }

    pub(crate) fn cached_user_time(&self) -> Duration {
        Duration::from_secs(self.cached_user_seconds)
    }
}

/// How many candidates each source brings to an answer, before filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CandidateCounts {
    /// Nearest to the user's folded-in vector.
    pub collaborative: usize,
    /// Nearest to the user's content profile.
    pub content: usize,
    /// Nearest in the graph.
    pub graph: usize,
    /// Most chosen by all.
    pub popular: usize,
    /// Newest.
    pub new: usize,
}

impl Default for CandidateCounts {
    fn default() -> Self {
        Self { collaborative: 200, content: 200, graph: 100, popular: 100, new: 50 }
    }
}
