//! Loads configurations from files, variables and flags.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod precedence;
mod ranges;
mod reference;
mod report;
mod unknown_keys;

use std::path::PathBuf;

use docent_config::{Config, Loaded, Loader};
use tempfile::TempDir;

/// A configuration file in a folder of its own.
struct Toml {
    _folder: TempDir,
    path: PathBuf,
}

impl Toml {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docent.toml");
        std::fs::write(&path, text).unwrap();
        Self { _folder: folder, path }
    }

    fn loader(&self) -> Loader {
        Loader::new().file(&self.path)
    }
}

fn load(text: &str) -> Result<Config, String> {
    Toml::new(text).loader().load().map(|loaded| loaded.config).map_err(|error| error.to_string())
}

fn load_variable(name: &str, value: &str) -> Result<Loaded, String> {
    Loader::new().variables([(name, value)]).load().map_err(|error| error.to_string())
}
