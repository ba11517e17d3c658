use std::{ops::Deref, sync::Arc};

use docent_database::{Database, StoreConfig, error::Result};

use crate::interactions::groups::Groups;

/// Store of resources, users and interactions. Cheap to clone; all clones share their connections.
///
/// Connections, migrations and health are those of its [`Database`], which it dereferences to.
#[derive(Debug, Clone)]
pub struct Store {
    database: Database,
    groups: Arc<Groups>,
}

impl Store {
    /// Opens the store, see [`Database::connect`].
    ///
    /// # Errors
    /// Same as [`Database::connect`].
    pub async fn connect(config: &StoreConfig) -> Result<Self> {
        Ok(Self { database: Database::connect(config).await?, groups: Arc::default() })
    }

    /// Returns the interactions that wait to be recorded together.
    pub(crate) fn groups(&self) -> &Arc<Groups> {
        &self.groups
    }
}

impl Deref for Store {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Callers spawn these onto other threads.
    #[test]
    fn futures_of_the_store_can_be_sent_between_threads() {
        fn sendable<T: Send>(_: T) {}
        fn all(store: &Store, now: chrono::DateTime<chrono::Utc>) {
            sendable(store.upsert_resources(&[], now));
            sendable(store.record(&[], &docent_domain::InteractionRules::default(), now, None));
            sendable(store.put_impressions(&[]));
            sendable(store.put_embeddings("", &[], now));
        }
        let _ = all;
    }
}
