//! An OpenAI-compatible endpoint: `POST {base_url}/embeddings`.

#[cfg(feature = "http")]
mod call;
mod config;
#[cfg(feature = "http")]
mod embedder;
#[cfg(feature = "http")]
mod error;

pub use config::HttpConfig;
#[cfg(feature = "http")]
pub use embedder::HttpEmbedder;
#[cfg(feature = "http")]
pub use error::HttpError;
