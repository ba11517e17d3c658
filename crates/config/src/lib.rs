//! Loads the configuration that the server, the trainer and embedding programs share: defaults,
//! then a TOML file, then `DOCENT_*` environment variables, then command-line flags.
//!
//! Unknown keys are refused with the nearest known key, and every value is checked against the
//! range of its key. Errors name the source, the key, what was read and what was expected; they
//! never show a password. This crate opens no database, loads no model, and never parses a command
//! line.
//!
//! ```
//! use docent_config::Loader;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("docent.toml");
//! std::fs::write(&file, "[engine]\nexploration = 0.1\n")?;
//! let loaded = Loader::new().file(&file).flag("--seed", "train.seed", 7).load()?;
//! assert_eq!(loaded.config.engine.exploration.value(), 0.1);
//! assert_eq!(loaded.config.train.seed, 7);
//! assert_eq!(loaded.origin("train.seed").to_string(), "--seed");
//! # Ok(()) }
//! ```

mod access;
mod check;
mod config;
mod error;
mod file;
mod kafka;
mod key;
mod loader;
mod nearest;
mod origin;
mod path;
mod reference;
mod renamed;
mod report;
mod schema;
mod secret;
mod tls;
mod variables;

pub use access::{AccessConfig, RateLimit};
pub use config::Config;
pub use error::ConfigError;
pub use kafka::{KafkaConfig, KafkaMechanism, KafkaProtocol, KafkaSasl, KafkaStart, KafkaTls};
pub use key::{Key, keys};
pub use loader::{Loaded, Loader};
pub use origin::Origin;
pub use reference::reference;
pub use report::{Setting, to_toml};
pub use secret::Secret;
pub use tls::TlsConfig;
