//! Docent: hybrid recommendations for libraries of things worth reading, watching or using.
//!
//! [`Engine`] takes in resources and behaviour and recommends; [`Trainer`] learns from the same store and publishes
//! models that engines pick up. Both work inside any tokio application: no server, no framework.
//!
//! This crate must never know HTTP, command lines or SQL.
//!
//! ```
//! use docent::{Engine, EngineConfig, RecommendRequest, Resource};
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let engine = Engine::open(EngineConfig::in_folder(folder.path())).await?;
//! let mut resource = Resource::new("isbn:0140449132".parse()?, "Crime and Punishment");
//! resource.subjects = vec!["novel".into(), "russia".into()];
//! engine.ingest(vec![resource]).await?;
//! let answer = engine.recommend(RecommendRequest::new("ada".parse()?)).await?;
//! assert_eq!(answer.recommendations[0].title, "Crime and Punishment");
//! engine.close().await?;
//! # Ok(()) }
//! ```

mod activity;
mod answer;
mod attributes;
mod blocking;
mod candidates;
mod catalogue;
pub mod collaborative;
mod components;
mod config;
mod cursor;
mod embedder;
mod engine;
mod error;
mod experiments;
mod explain;
mod impressions;
mod model;
mod monitoring;
mod retention;
mod state;
mod timings;
mod trainer;
mod user;

pub use activity::{Activity, LearnedWeights};
pub use answer::{Answer, Degradation, MAX_LIMIT, RecommendRequest, Recommendation, SimilarResource};
pub use config::{CandidateCounts, EngineConfig};
pub use cursor::{Cursor, CursorError, MAX_SHOWN};
pub use docent_als::AlsConfig;
pub use docent_domain::{
    Assignment, Component, ComponentScores, DomainError, Experiment, Experiments, Feedback, Interaction,
    InteractionRules, InteractionType, Link, NewInteraction, Preference, Profile, Resource, ResourceId,
    Signals, Strategy, Strength, UserId, Variant, Weights,
};
pub use docent_embedders::{HttpConfig, SentenceTransformerConfig};
pub use docent_embeddings::LsaConfig;
pub use docent_evaluation as evaluation;
pub use docent_evaluation::Metrics;
pub use docent_ncf::{Loss, NcfConfig, TrainDevice};
pub use docent_ranker::{Boost, Contributions, Filter, FilterError, MAX_BOOSTS, Reason};
pub use docent_snapshot::{SnapshotError, SnapshotStore};
pub use docent_storage::{
    Backup, BackupManifest, Counts, IdempotencyKey, ImportReport, ImportSession, Marks, ModelRun, PoolStatus,
    RecordOutcome, Recorded, ResourcePage, RunStatus, SchemaCheck, SchemaLock, SchemaPart, SchemaReport,
    SchemaShape, SchemaStatus, StorageError, Store, StoreConfig, StoredProfile, StoredResource, TextColumn,
    UpsertOutcome, check_backup,
};
pub use embedder::{EmbedderConfig, EmbedderInfo};
pub use engine::{Engine, EngineStatus, IngestOutcome, Reloaded, limit_checked};
pub use error::Error;
pub use impressions::ImpressionQueue;
pub use model::ModelInfo;
pub use monitoring::{
    Comparison, ComponentHealth, Drift, Engagement, ExperimentReport, Finding, Health, HealthStatus,
    Interval, ModelHealth, Performance, QualityGroup, QualityReport, RankQuality, VariantReport,
    window_checked,
};
pub use retention::Retention;
pub use timings::{QueryTimings, SlowQuery, Stage, Timing};
pub use trainer::{
    EvaluatedModel, EvaluatedPart, FEWEST_POSITIVES, Offline, StoreEvaluation, SweepPoint, TrainConfig,
    TrainError, TrainEvent, TrainObserver, TrainReport, Trainer,
};
