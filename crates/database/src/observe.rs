//! Observation of statements, for metrics.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use sea_orm::DatabaseConnection;

/// Statement that ran.
#[derive(Debug, Clone, Copy)]
pub struct QuerySeen<'a> {
    /// Text of the statement. Values travel apart from it, so it names no user.
    pub sql: &'a str,
    /// Time that the database took.
    pub elapsed: Duration,
    /// True if the database refused the statement.
    pub failed: bool,
}

type Observer = Arc<dyn Fn(&QuerySeen<'_>) + Send + Sync>;

/// Observer of statements, if there is one.
#[derive(Clone, Default)]
pub struct Observed(Arc<RwLock<Option<Observer>>>);

impl Observed {
    pub fn by(&self, observer: Observer) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(observer);
    }

    /// Returns a connection whose statements are reported to the observer.
    pub fn connection(&self, mut connection: DatabaseConnection) -> DatabaseConnection {
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
