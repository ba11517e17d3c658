//! Statements as they run, told to whoever measures them.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use sea_orm::DatabaseConnection;

/// A statement that ran.
#[derive(Debug, Clone, Copy)]
pub struct QuerySeen<'a> {
    /// Its text. Values travel apart from it, so it names nobody.
    pub sql: &'a str,
    /// How long the database took.
    pub elapsed: Duration,
    /// Whether the database refused it.
    pub failed: bool,
}

type Observer = Arc<dyn Fn(&QuerySeen<'_>) + Send + Sync>;

/// Where statements are told, if anywhere.
#[derive(Clone, Default)]
pub(crate) struct Observed(Arc<RwLock<Option<Observer>>>);

impl Observed {
    pub(crate) fn by(&self, observer: Observer) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(observer);
    }

    /// A connection whose statements are told.
    pub(crate) fn connection(&self, mut connection: DatabaseConnection) -> DatabaseConnection {
        let observed = Arc::clone(&self.0);
        connection.set_metric_callback(move |info| {
            let observer = observed.read().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(observer) = observer {
                observer(&QuerySeen { sql: &info.statement.sql, elapsed: info.elapsed, failed: info.failed });
            }
        });
        connection
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observed")
    }
}
