//! Other processes on the same PostgreSQL database: what they commit is applied here soon after,
//! from the log of changes. On SQLite, where one process serves, nothing is followed.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use docent_storage::{AloneTask, Changed, Feed, Followed, Position, ResourceTotal, Store};
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::{sync::Notify, task::AbortHandle};

use super::{Changes, Engine, Inner};
use crate::Error;

/// Pause before everything is read again after a failure.
const RETRY_PAUSE: Duration = Duration::from_millis(200);
/// Pause between looks at whether another process still embeds.
const TURN_PAUSE: Duration = Duration::from_millis(200);

/// Right to change the catalogue in memory.
type ChangesGuard<'a> = tokio::sync::MutexGuard<'a, Changes>;

/// State of following the log: changes that wait to be applied, and the tasks.
pub(super) struct Replicas {
    is_following: bool,
    /// Sums of resources that the catalogue in memory lacks, by their row ids.
    early_totals: Mutex<FxHashMap<i64, ResourceTotal>>,
    early_users: Mutex<EarlyUsers>,
    catalogue_changed: Arc<Notify>,
    tasks: Mutex<Vec<AbortHandle>>,
}

/// Users who changed while changes of the catalogue were waiting: they may have interacted with
/// resources that the catalogue in memory lacks, and must be read again once it has them.
#[derive(Default)]
struct EarlyUsers {
    users: BTreeSet<i64>,
    /// Number of changes of the catalogue that were noticed.
    noticed: u64,
    /// Number of those that the catalogue in memory has.
    applied: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Replicas {
    pub(super) fn of(store: &Store) -> Self {
        // On PostgreSQL the feed says soon whether that is so.
        metrics::gauge!("docent_changes_notified").set(1.0);
        Self {
            is_following: store.backend() == "postgresql",
            early_totals: Mutex::default(),
            early_users: Mutex::default(),
            catalogue_changed: Arc::default(),
            tasks: Mutex::default(),
        }
    }

    /// Returns true if sums come from the log of changes, those of this process too: each is
    /// counted once then, whichever process it comes from.
    pub(super) fn is_following(&self) -> bool {
        self.is_following
    }

    pub(super) fn stop(&self) {
        lock(&self.tasks).drain(..).for_each(|task| task.abort());
    }
}

impl Drop for Replicas {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Engine {
    /// Starts to follow changes from a position.
    pub(super) fn follow(&self, position: Position) -> Result<(), Error> {
        let Some(feed) = Feed::open(&self.inner.store, position)? else { return Ok(()) };
        let engine = Arc::downgrade(&self.inner);
        let catalogue_changed = Arc::clone(&self.inner.replicas.catalogue_changed);
        let feed = tokio::spawn(follow_log(feed, Weak::clone(&engine)));
        let catalogue = tokio::spawn(follow_catalogue(catalogue_changed, engine));
        lock(&self.inner.replicas.tasks).extend([feed.abort_handle(), catalogue.abort_handle()]);
        Ok(())
    }

    fn apply(&self, changed: Changed) {
        let replicas = &self.inner.replicas;
        {
            let mut early = lock(&replicas.early_users);
            early.noticed += u64::from(changed.catalogue);
            if early.noticed > early.applied {
                early.users.extend(&changed.users);
            }
        }
        changed.users.iter().for_each(|hash| self.inner.users.hash_changed(*hash));
        if !changed.totals.is_empty() {
            let mut early = lock(&replicas.early_totals);
            for (row_id, change) in changed.totals {
                *early.entry(row_id).or_default() += change;
            }
            self.count_early(&mut early);
        }
        if changed.catalogue {
            replicas.catalogue_changed.notify_one();
        }
    }

    /// Adds the sums of resources that the catalogue has by now.
    pub(super) fn count_early_totals(&self) {
        self.count_early(&mut lock(&self.inner.replicas.early_totals));
    }

    fn count_early(&self, early: &mut FxHashMap<i64, ResourceTotal>) {
        let state = self.inner.state.read();
        early.retain(|row_id, change| {
            let key = state.catalogue.key_of_row_id(*row_id);
            let Some(entry) = key.and_then(|key| state.catalogue.get(key)) else { return true };
            entry.add(*change);
            false
        });
        self.summary_is_due();
    }

    /// Sets all sums as the store has them, and returns the position in the log of changes at which
    /// they are; `None` on SQLite.
    pub(super) async fn load_counts(&self) -> Result<Option<Position>, Error> {
        let (counts, position) = self.inner.store.interaction_counts_at().await?;
        let mut early = lock(&self.inner.replicas.early_totals);
        *early = counts.iter().map(|count| (count.resource_row, count.total)).collect();
        let state = self.inner.state.read();
        for (key, entry) in state.catalogue.iter() {
            let row_id = state.catalogue.row_id(key);
            let total = row_id.and_then(|row_id| early.remove(&row_id)).unwrap_or_default();
            entry.add(total - entry.total());
        }
        self.summary_is_due();
        Ok(position)
    }

    /// Reads everything again that the log of changes may have missed, until that succeeds.
    /// Returns the position at which it is.
    async fn read_again(&self) -> Option<Position> {
        metrics::counter!("docent_changes_read_again_total").increment(1);
        loop {
            match self.load_counts().await {
                Ok(position) => {
                    // After the sums: what changes from here on is in the log after the position.
                    self.inner.users.all_changed();
                    self.apply(Changed::catalogue());
                    return position;
                }
                Err(error) => tracing::debug!(%error, "cannot read the sums of resources again"),
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// Applies changes of the catalogue by other processes, and then reads users again who may have
    /// interacted with resources that have just arrived. Returns the number of changed resources.
    pub(super) async fn catch_up_with_others(&self) -> Result<usize, Error> {
        let noticed = lock(&self.inner.replicas.early_users).noticed;
        let mut changes = self.inner.changes.lock().await;
        let changed = self.catch_up(&mut changes, &FxHashSet::default()).await?;
        drop(changes);
        let mut early = lock(&self.inner.replicas.early_users);
        early.users.iter().for_each(|hash| self.inner.users.hash_changed(*hash));
        early.applied = early.applied.max(noticed);
        if early.applied == early.noticed {
            early.users.clear();
        }
        Ok(changed)
    }

    /// Locks the catalogue before it is written on SQLite, so that what is created does not count
    /// as the work of another process. On PostgreSQL a write may wait for that of another process,
    /// and changes must be followed meanwhile.
    pub(super) async fn before_write(&self) -> Option<ChangesGuard<'_>> {
        match self.inner.replicas.is_following() {
            true => None,
            false => Some(self.inner.changes.lock().await),
        }
    }

    /// Locks the catalogue after it was written, unless it is locked.
    pub(super) async fn after_write<'a>(&'a self, before: Option<ChangesGuard<'a>>) -> ChangesGuard<'a> {
        match before {
            Some(locked) => locked,
            None => self.inner.changes.lock().await,
        }
    }

    /// Waits until no other process on the database embeds texts, and keeps the others from it
    /// until the result is dropped. `None` on SQLite.
    pub(super) async fn turn_to_embed(&self) -> Result<Option<impl Sized + use<>>, Error> {
        if !self.inner.replicas.is_following() {
            return Ok(None);
        }
        loop {
            let turn = self.inner.store.begin_alone(AloneTask::Embedding).await?;
            if turn.is_some() {
                return Ok(turn);
            }
            tokio::time::sleep(TURN_PAUSE).await;
        }
    }
}

/// Applies the changes of a feed, until the engine is gone.
async fn follow_log(mut feed: Feed, engine: Weak<Inner>) {
    loop {
        let followed = feed.next().await;
        let Some(inner) = engine.upgrade() else { return };
        let engine = Engine { inner };
        match followed {
            Followed::Changes(changed) if !changed.everything => engine.apply(changed),
            Followed::Changes(_) | Followed::Lost => {
                if let Some(position) = engine.read_again().await {
                    feed.resume(position);
                }
            }
        }
    }
}

/// Applies changes of the catalogue when there are some, until the engine is gone.
async fn follow_catalogue(changed: Arc<Notify>, engine: Weak<Inner>) {
    loop {
        changed.notified().await;
        let Some(inner) = engine.upgrade() else { return };
        if let Err(error) = (Engine { inner }).catch_up_with_others().await {
            // The regular refresh tries again, and reports failures that last.
            tracing::debug!(%error, "cannot apply changes of the catalogue");
        }
    }
}
