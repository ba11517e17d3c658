//! Collaborative models behind one trait, their blend, and the published model: save and load.
//!
//! This crate never trains a model, never reads the store, and never knows a request: training is
//! the job of `docent-training`, serving that of `docent-engine`.
//!
//! ```
//! use docent_domain::InteractionMatrix;
//! use docent_models::{CollaborativeModel, Popularity};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Two users chose item 1, one user chose item 0.
//! let matrix = InteractionMatrix::from_triples(2, 2, [(0, 0, 1.0), (0, 1, 1.0), (1, 1, 1.0)])?;
//! let model = Popularity::of(&matrix);
//! assert_eq!(model.recommend(&[], 2)?, [1, 0]);
//! # Ok(()) }
//! ```

mod collaborative;
mod embedder;
mod error;
mod learned_weights;
mod published;

pub use collaborative::{
    AlsRecommender, Blend, CollaborativeModel, ItemItemRecommender, Member, ModelKind, NcfRecommender,
    Popularity, load,
};
pub use docent_embedders::{HttpConfig, SentenceTransformerConfig};
pub use embedder::{EmbedderConfig, EmbedderInfo, TextEmbedder, with_source};
pub use error::ModelError;
pub use learned_weights::{ActivityLevel, LearnedWeights, weights_for};
pub use published::{Audience, CO_INTERACTION_KIND, ModelInfo, PublishedModel};
