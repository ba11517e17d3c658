//! Collaborative models behind one trait, their blend, and the published model: save and load.
//!
//! This crate never trains a model, never reads the store, and never knows a request: training is
//! the job of `docent-training`, serving that of `docent-engine`.
//!
//! ```
//! use docent_domain::{Event, Histories};
//! use docent_models::{CollaborativeModel, Popularity};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Two users chose item 1, one user chose item 0.
//! let events = [(0, 0), (0, 1), (1, 1)].map(|(user, item)| (user, Event::of(item)));
//! let model = Popularity::of(&Histories::new(2, 2, events, false)?);
//! assert_eq!(model.recommend(&[], 2)?, [1, 0]);
//! # Ok(()) }
//! ```

mod collaborative;
mod embedder;
mod error;
mod learned_weights;
mod published;
mod snapshots;

pub use collaborative::{
    AlsRecommender, Blend, BlendScores, CollaborativeModel, ItemItemRecommender, Member, ModelKind,
    NcfRecommender, Popularity, Scale, UserScores, load,
};
pub use docent_embedders::{HttpConfig, SentenceTransformerConfig};
pub use embedder::{EmbedderConfig, EmbedderInfo, TextEmbedder, with_source};
pub use error::ModelError;
pub use learned_weights::{ActivityLevel, LearnedWeights, weights_for};
pub use published::{
    Audience, CO_INTERACTION_KIND, ContentMap, MappedItem, ModelInfo, PublishedModel, Trending,
};
pub use snapshots::open_snapshots;
