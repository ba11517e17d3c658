//! Durable store of resources, users, interactions, impressions and feedback, on SQLite or
//! PostgreSQL.
//!
//! [`Store`] is the entry point: cheap to clone and safe to share. Acknowledged writes are on disk.
//! Callers use domain types and the small structs of this crate; rows and SQL stay inside. The
//! store decides no rule of the domain: the merging of repeats, the sign of an interaction and
//! preferred authors are functions of `docent-domain` that run inside its transactions.
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
mod audit;
mod counts;
mod embeddings;
mod entity;
mod feedback;
mod idempotency;
mod import;
mod interactions;
mod merge_users;
mod model_runs;
mod portable;
mod profiles;
mod resources;
mod rollups;
mod store;
mod user_export;
mod user_state;
mod users;

pub use api_keys::ApiKey;
pub use audit::{AuditEntry, AuditRow};
pub use counts::Counts;
pub use docent_changes::{Changed, Feed, Followed, Position, hash_of_user, user_reference};
pub use docent_database::backup::{
    Backup, BackupManifest, back_up, check as check_backup, restore as restore_backup,
};
pub use docent_database::{
    CommitPermit, DataVersion, ForeignWrites, Freshness, PoolStatus, Probe, QuerySeen, SchemaCheck,
    SchemaLock, SchemaPart, SchemaReport, SchemaShape, SchemaStatus, StorageError, StoreConfig,
    writer::AloneTask,
};
pub use embeddings::{EmbeddingRow, NewEmbedding};
pub use feedback::{FeedbackRow, TrainingVerdict, Verdict};
pub use idempotency::IdempotencyKey;
pub use import::{ImportReport, ImportSession};
pub use interactions::{
    DeletedInteractions, InteractionCount, InteractionTotals, RecordOutcome, Recorded, TrainingRow,
};
pub use merge_users::MergedUsers;
pub use model_runs::{ModelRun, NewModelRun, RunEnd, RunStatus};
pub use portable::RowImport;
pub use profiles::{ProfileChange, StoredProfile};
pub use resources::{ChangeCursor, ResourcePage, StoredResource, TextColumn, UpsertOutcome, text_hash};
pub use rollups::{
    Engagement, Exposure, FeedbackCounts, GroupRollup, Newcomers, Quality, RankRollup, ResourceTotal,
    TotalsReport, TypeCount, VariantRollup, WrongTotal,
};
pub use store::Store;
pub use user_export::{Participation, UserExport};
pub use user_state::{NeutralInteraction, PositiveResource, UserState};
