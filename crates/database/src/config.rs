use std::{fmt, path::Path, path::PathBuf, time::Duration};

use crate::{
    error::{Result, StorageError},
    sqlite_path,
};

/// Address of the store, and how to reach it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// `sqlite:PATH`, `sqlite://PATH?mode=rwc` (created if absent, the default),
    /// `sqlite://PATH?mode=rw` (must exist), `sqlite::memory:`, or
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. In a SQLite path `?` is written as `%3F`, and
    /// `%` as `%25` where two hexadecimal digits follow it: see [`StoreConfig::sqlite`].
    pub url: String,
    /// Maximum number of connections: all of them on PostgreSQL; those for reading on SQLite, which
    /// has one more for writing.
    pub max_connections: u32,
    /// Time that a call waits for a connection, or for another process that writes to the same
    /// SQLite file, before it fails as [`StorageError::Unavailable`].
    pub wait: Duration,
    /// Largest cache of the writing connection to SQLite in MiB. An import changes the pages of the
    /// indexes again and again.
    pub sqlite_cache_mib: u32,
}

impl StoreConfig {
    /// Returns the store at an address, with 8 connections, a wait of 30 seconds and a cache for
    /// imports.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), max_connections: 8, wait: Duration::from_secs(30), sqlite_cache_mib: 64 }
    }

    /// Returns the SQLite store in a file, whichever characters its path has.
    ///
    /// ```
    /// use docent_database::StoreConfig;
    ///
    /// let config = StoreConfig::sqlite("what?/100%/docent.db");
    /// assert_eq!(config.sqlite_file().as_deref(), Some("what?/100%/docent.db".as_ref()));
    /// ```
    #[must_use]
    pub fn sqlite(path: impl AsRef<Path>) -> Self {
        Self::new(format!("sqlite://{}", sqlite_path::encode(path.as_ref())))
    }

    /// Returns the path of a SQLite database; `None` for one in memory, on PostgreSQL, or at an
    /// invalid address.
    #[must_use]
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        match self.place() {
            Ok(Place::File { path, .. }) => Some(path),
            _ => None,
        }
    }

    /// Returns the place that the address names.
    ///
    /// # Errors
    /// [`StorageError::InvalidUrl`].
    pub fn place(&self) -> Result<Place> {
        if self.max_connections == 0 {
            return Err(StorageError::InvalidUrl("max_connections must be at least 1".to_owned()));
        }
        match self.url.split_once(':') {
            Some(("sqlite", rest)) => sqlite_place(rest),
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                if cfg!(feature = "postgres") {
                    return Ok(Place::Postgres);
                }
                let why = "this program is built without PostgreSQL; build it with the feature postgres";
                Err(StorageError::InvalidUrl(why.to_owned()))
            }
            _ => Err(StorageError::InvalidUrl("expected it to start with sqlite: or postgres://".to_owned())),
        }
    }
}

/// Shows no password.
impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split_once(':').map_or("", |(scheme, _)| scheme);
        f.debug_struct("StoreConfig")
            .field("url", &format_args!("{scheme}:..."))
            .field("max_connections", &self.max_connections)
            .field("wait", &self.wait)
            .finish()
    }
}

/// Place of a database.
#[derive(Debug, PartialEq)]
pub enum Place {
    /// A SQLite database in memory.
    Memory,
    /// A SQLite file.
    File {
        /// Path of the file.
        path: PathBuf,
        /// Create the file if it is absent.
        create: bool,
    },
    /// A PostgreSQL server.
    Postgres,
}

fn sqlite_place(rest: &str) -> Result<Place> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    if path == ":memory:" {
        return Ok(Place::Memory);
    }
    if path.is_empty() {
        return Err(StorageError::InvalidUrl("expected a path after sqlite:".to_owned()));
    }
    let create = match parameters {
        "" | "mode=rwc" => true,
        "mode=rw" => false,
        // The text that was found may be a secret.
        _ => {
            let why = "expected mode=rwc or mode=rw after the question mark; a question mark that belongs to the \
                       path is written %3F";
            return Err(StorageError::InvalidUrl(why.to_owned()));
        }
    };
    Ok(Place::File { path: sqlite_path::decode(path), create })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused() {
        let file = |path: &str, create| Some(Place::File { path: path.into(), create });
        for (url, place) in [
            ("sqlite::memory:", Some(Place::Memory)),
            ("sqlite://:memory:", Some(Place::Memory)),
            ("sqlite:a b/c.db", file("a b/c.db", true)),
            ("sqlite:///var/lib/c.db?mode=rwc", file("/var/lib/c.db", true)),
            ("sqlite://c.db?mode=rw", file("c.db", false)),
            ("sqlite:a%3Fb%23c%25.db?mode=rw", file("a?b#c%.db", false)),
            ("sqlite:100% #1.db", file("100% #1.db", true)),
            ("sqlite:", None),
            ("sqlite://c.db?mode=ro", None),
            ("postgres://u:p@h/d", cfg!(feature = "postgres").then_some(Place::Postgres)),
            ("postgres:h", None),
            ("mysql://h/d", None),
            ("docent.db", None),
        ] {
            assert_eq!(StoreConfig::new(url).place().ok(), place, "{url}");
        }
    }

    #[test]
    fn a_path_is_taken_whatever_is_in_it() {
        for path in ["a?b.db", "a#b.db", "100%/41%41.db", "/a b/ü?mode=rw", ":memory:", "//x"] {
            let place = StoreConfig::sqlite(path).place().ok();
            assert_eq!(place, Some(Place::File { path: path.into(), create: true }), "{path}");
        }
    }

    #[test]
    fn a_password_is_shown_neither_by_debug_nor_by_errors() {
        let config = StoreConfig { max_connections: 0, ..StoreConfig::new("postgres://u:s3cret@h/d") };
        let shown = format!("{config:?} {:?}", config.place());
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
