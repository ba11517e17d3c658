use docent_database::{Database, error::Result};

use crate::{Followed, Position};

/// Feed of a program without PostgreSQL, of which there is none.
#[derive(Debug)]
pub enum Feed {}

impl Feed {
    /// Returns `None`: one process serves a SQLite database.
    ///
    /// # Errors
    /// None.
    pub fn open(_: &Database, _: Position) -> Result<Option<Self>> {
        Ok(None)
    }

    /// Waits for changes.
    pub async fn next(&mut self) -> Followed {
        match *self {}
    }

    /// Follows from another position.
    pub fn resume(&mut self, _: Position) {
        match *self {}
    }
}
