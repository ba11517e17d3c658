//! The built-in embedder: latent semantic analysis (Deerwester et al. 1990, "Indexing by Latent
//! Semantic Analysis"), learned from the catalogue itself.
//!
//! [`LsaFit`] learns, [`LsaEmbedder`] embeds, and [`LsaParts`] is saved.

mod config;
mod embedder;
mod fit;
mod parts;
mod sparse;
mod svd;

pub use config::LsaConfig;
pub use embedder::LsaEmbedder;
pub use fit::LsaFit;
pub use parts::LsaParts;
