//! Turns text into vectors, finds the nearest vectors, and computes the content profile of a user.
//!
//! This crate must never read or write files, use a network or download a model: callers hand it
//! text and get vectors back. [`LsaParts`] holds everything that an embedder has learned as plain
//! values; saving them is the caller's task.
//!
//! ```
//! use docent_embeddings::{Document, Embedder, LsaConfig, LsaEmbedder, VectorIndex};
//!
//! let texts = [
//!     "graph theory of social networks",
//!     "social networks and graph models",
//!     "baking sourdough bread",
//! ];
//! let documents: Vec<Document<'_>> = texts.iter().map(|text| Document::from_text(text)).collect();
//! let embedder = LsaEmbedder::fit(&documents, &LsaConfig::default(), 7)?;
//!
//! let mut index = VectorIndex::new(embedder.dim());
//! for (row, vector) in (0u32..).zip(embedder.embed(&documents)?) {
//!     if let Some(vector) = vector {
//!         index.set(row, &vector)?;
//!     }
//! }
//! let query = index.get(0).map(<[f32]>::to_vec).unwrap_or_default();
//! let nearest = index.nearest(&query, 1, |row| row != 0);
//! assert_eq!(nearest.first().map(|&(row, _)| row), Some(1));
//! # Ok::<(), docent_embeddings::EmbeddingError>(())
//! ```
#![forbid(unsafe_code)]

mod document;
mod error;
mod index;
mod lsa;
mod profile;
mod random_direction;
mod terms;

pub use document::{Document, Embedder};
pub use error::EmbeddingError;
pub use index::VectorIndex;
pub use lsa::{LsaConfig, LsaEmbedder, LsaFit, LsaParts};
pub use profile::{CONTENT_HALF_LIFE_DAYS, CONTENT_HISTORY_LEN, ContentSignal, content_profile};
pub use terms::term_counts;
