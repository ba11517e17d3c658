//! The durable store of resources, users, interactions and what came of recommendations, on SQLite or PostgreSQL.
//!
//! [`Store`] is the one entry: cheap to clone, safe to share. What it has acknowledged is on disk. Callers speak domain
//! types and the small structs of this crate; rows and SQL stay inside, and no rule of the domain is decided here: how
//! a repeated interaction is merged, what is positive, which authors are preferred are functions of `docent-domain`
//! that run inside this crate's transactions.
//!
//! This crate must never score, rank or train, nor read the clock: time is an argument.
//!
//! ```
//! use chrono::DateTime;
//! use docent_domain::{Resource, ResourceId};
//! use docent_storage::{Store, StoreConfig};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Store::connect(&StoreConfig::new("sqlite::memory:")).await?;
//! store.migrate().await?;
//! let now = DateTime::from_timestamp_micros(1_800_000_000_000_000).unwrap_or_default();
//! let book = Resource::new(ResourceId::new("isbn:0140449132")?, "Crime and Punishment");
//! store.upsert_resources(&[book], now).await?;
//! assert_eq!(store.counts().await?.resources, 1);
//! # Ok(())
//! # }
//! ```

mod api_keys;
mod backup;
mod config;
mod embeddings;
mod entity;
mod error;
mod feedback;
mod figures;
mod health;
mod idempotency;
mod import;
mod interactions;
mod lock;
mod model_runs;
mod observe;
mod patience;
mod pools;
mod profiles;
mod resources;
mod schema;
mod sql;
mod store;
mod time;
mod user_state;
mod users;

pub use api_keys::ApiKey;
pub use backup::{Backup, BackupManifest, check as check_backup};
pub use config::StoreConfig;
pub use docent_migration::SchemaStatus;
pub use embeddings::{EmbeddingRow, NewEmbedding};
pub use error::StorageError;
pub use feedback::{FeedbackRow, TrainingVerdict, Verdict};
pub use figures::{
    Engagement, Exposure, GroupFigures, Marks, Newcomers, Quality, RankFigures, TypeCount, VariantFigures,
};
pub use health::Counts;
pub use idempotency::IdempotencyKey;
pub use import::{ImportReport, ImportSession};
pub use interactions::{InteractionCount, InteractionTotals, RecordOutcome, Recorded, TrainingRow};
pub use lock::SchemaLock;
pub use model_runs::{ModelRun, NewModelRun, RunEnd, RunStatus};
pub use observe::QuerySeen;
pub use pools::PoolStatus;
pub use profiles::StoredProfile;
pub use resources::{ChangeCursor, ResourcePage, StoredResource, TextColumn, UpsertOutcome, text_hash};
pub use schema::{SchemaCheck, SchemaPart, SchemaReport, SchemaShape};
pub use store::Store;
pub use user_state::{PositiveResource, UserState};
