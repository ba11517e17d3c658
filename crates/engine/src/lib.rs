//! The engine: serves recommendations live, from memory, over one store and one folder of models.
//!
//! This crate never trains a model, and never knows HTTP, command lines or SQL.
//!
//! ```
//! use docent_domain::Resource;
//! use docent_engine::{Engine, EngineConfig, RecommendRequest};
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

mod blocking;
mod candidates;
mod catalogue;
mod choose;
mod component_scores;
mod config;
mod engine;
mod error;
mod explain;
pub mod monitoring;
mod pool;
mod prepared;
pub mod replay;
mod request_history;
mod shortfall;
mod state;
mod user_cache;
mod user_context;

pub use config::{CandidateCounts, EngineConfig};
pub use docent_impressions::{ImpressionQueue, ImpressionRetention};
pub use docent_requests::{
    Answer, AudienceMember, Cursor, CursorError, Degradation, MAX_BOOSTS, MAX_COST, MAX_IDS, MAX_LIMIT,
    MAX_SHOWN, RecommendRequest, Recommendation, Seen, Shortfall, ShortfallReason, SimilarPage,
    SimilarRequest, SimilarResource, limit_checked,
};
pub use docent_timings::{QueryTimings, SlowQuery, Stage, Timing};
pub use engine::{Engine, EngineStatus, IngestOutcome, Reloaded, document};
pub use error::{Cause, Error, InvalidInput};
