use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

#[cfg(unix)]
use crate::Postgres;

/// Fresh, empty database, removed with this value.
#[derive(Debug)]
pub struct Database {
    url: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Sqlite(TempDir),
    #[cfg(unix)]
    Postgres(#[expect(dead_code, reason = "dropping it drops the database")] Postgres),
}

impl Database {
    /// Creates a temporary folder, and returns the address of a SQLite file below it. Neither the
    /// file nor its own folder exists yet.
    ///
    /// # Errors
    /// Fails if the temporary folder cannot be created.
    pub fn sqlite() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite:{}", file_in(folder.path()).display());
        Ok(Self { url, kind: Kind::Sqlite(folder) })
    }

    /// Creates a PostgreSQL database.
    ///
    /// # Errors
    /// Fails if this machine has no PostgreSQL, or if it does not start.
    pub async fn postgres() -> Result<Self> {
        #[cfg(unix)]
        {
            let postgres = Postgres::start().await?.context("no PostgreSQL is installed")?;
            Ok(Self { url: postgres.url(), kind: Kind::Postgres(postgres) })
        }
        #[cfg(not(unix))]
        anyhow::bail!("the PostgreSQL of tests runs on Unix only")
    }

    /// Returns the address of the database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the path of the SQLite file; `None` for PostgreSQL.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        match &self.kind {
            Kind::Sqlite(folder) => Some(file_in(folder.path())),
            #[cfg(unix)]
            Kind::Postgres(_) => None,
        }
    }

    /// Returns true for SQLite.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.sqlite_path().is_some()
    }
}

fn file_in(folder: &Path) -> PathBuf {
    folder.join("made/on/demand.db")
}
