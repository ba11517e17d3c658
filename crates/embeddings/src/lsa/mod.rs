//! The built-in embedder: latent semantic analysis (Deerwester et al. 1990), learned from the catalogue itself.
//!
//! [`LsaFit`] learns, [`LsaEmbedder`] embeds, [`LsaParts`] is what is saved.

mod config;
mod embedder;
mod fit;
mod parts;

pub use config::LsaConfig;
pub use embedder::LsaEmbedder;
pub use fit::LsaFit;
pub use parts::LsaParts;
