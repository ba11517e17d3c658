//! The trainer: learns from the store, proves that the new model is better, and publishes it.
//!
//! This crate never serves a request, and never knows HTTP, command lines or SQL. It replays
//! requests through `docent-engine`, so a model is judged by the code that will serve it.
//!
//! ```no_run
//! use docent_training::{TrainConfig, Trainer};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let trainer = Trainer::open("sqlite://docent.db", "snapshots", TrainConfig::default()).await?;
//! let report = trainer.run().await?;
//! println!("published {:?}", report.published);
//! # Ok(()) }
//! ```

mod audit;
mod blend;
mod config;
mod content;
mod dataset;
mod edge_kind_weights;
mod error;
pub mod external;
pub mod fit;
mod gate;
mod holdout;
mod holdout_evaluation;
mod hybrid_weights;
mod observer;
mod offline;
mod replay;
mod run;
mod settings_search;
mod signal;
mod significance;
mod similarity_edges;
mod store_evaluation;
mod sweep;
mod trainer;
mod upkeep;
mod weak;

pub use config::TrainConfig;
pub use docent_als::AlsConfig;
pub use docent_domain::InteractionMatrix;
pub use docent_embeddings::LsaConfig;
pub use docent_item_item::{EaseConfig, KnnConfig};
pub use docent_ncf::{Loss, NcfConfig, TrainDevice};
pub use error::TrainError;
pub use holdout::{HeldOut, NoMoment, TimeSplit};
pub use observer::{TrainEvent, TrainObserver};
pub use offline::Offline;
pub use run::MIN_POSITIVES;
pub use settings_search::SearchedModel;
pub use signal::Signal;
pub use store_evaluation::{EvaluatedModel, EvaluatedPart, EvaluationOptions, StoreEvaluation};
pub use sweep::SweepPoint;
pub use trainer::{EngineTrainer, TrainReport, Trainer};
