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

mod answer;
mod attributes;
mod blocking;
mod candidates;
mod catalogue;
mod choose;
mod component_scores;
mod config;
mod cursor;
mod engine;
mod error;
mod experiments;
mod explain;
mod impression_retention;
mod impression_sampling;
mod impressions;
pub mod monitoring;
pub mod replay;
mod request;
mod state;
mod timings;
mod user_cache;
mod user_context;
mod workload;

pub use answer::{Answer, Degradation, Recommendation, SimilarResource};
pub use config::{CandidateCounts, EngineConfig};
pub use cursor::{Cursor, CursorError, MAX_SHOWN};
pub use docent_ranker::MAX_BOOSTS;
pub use engine::{Engine, EngineStatus, IngestOutcome, Reloaded, document};
pub use error::{Cause, Error, InvalidInput};
pub use impression_retention::ImpressionRetention;
pub use impressions::ImpressionQueue;
pub use request::{MAX_HISTORY, MAX_LIMIT, RecommendRequest, limit_checked};
pub use timings::{QueryTimings, SlowQuery, Stage, Timing};
