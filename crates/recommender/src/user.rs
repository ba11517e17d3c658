//! What the engine keeps of a user between requests, and how it stays true.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::{DateTime, Utc};
use docent_domain::{Profile, UserId};
use docent_storage::{PositiveResource, Store, UserState};
use moka::sync::Cache;
use rustc_hash::FxHashSet;

use crate::{EngineConfig, Error, state::State};

/// How many of the newest positives represent a user.
pub(crate) const NEWEST_POSITIVES: u64 = 500;
const WRITE_COUNTERS: usize = 1024;

/// A positive interaction under the catalogue's key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Positive {
    pub key: u32,
    pub strength: f32,
    pub at: DateTime<Utc>,
}

/// A user as ranking sees them.
#[derive(Debug, Clone, Default)]
pub(crate) struct UserView {
    pub profile: Profile,
    /// Newest first.
    pub positives: Vec<Positive>,
    pub seen: FxHashSet<u32>,
    pub disliked: FxHashSet<u32>,
}

impl UserView {
    fn new(stored: UserState, state: &State) -> Self {
        let key = |row_id: &i64| state.catalogue.key_of_row_id(*row_id);
        let positive = |p: &PositiveResource| {
            Some(Positive { key: key(&p.row_id)?, strength: p.strength.value() as f32, at: p.at })
        };
        Self {
            positives: stored.positives.iter().filter_map(positive).collect(),
            seen: stored.liked_rows.iter().filter_map(key).collect(),
            disliked: stored.rejected_rows.iter().filter_map(key).collect(),
            profile: stored.profile,
        }
    }
}

/// Users that were asked for lately. A write of this process drops its user at once; what other processes write is seen
/// after the configured time.
pub(crate) struct Users {
    cache: Cache<UserId, Arc<UserView>>,
    /// Counts writes by a hash of the user, so that a load that a write overtook is not kept.
    writes: Vec<AtomicU64>,
    hasher: RandomState,
}

impl Users {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        Self {
            cache: Cache::builder()
                .max_capacity(config.cached_users)
                .time_to_live(config.cached_user_time())
                .build(),
            writes: (0..WRITE_COUNTERS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }

    pub(crate) async fn get(
        &self,
        id: &UserId,
        store: &Store,
        state: &RwLock<State>,
    ) -> Result<Arc<UserView>, Error> {
        if let Some(user) = self.cache.get(id) {
            metrics::counter!("docent_user_cache_hits_total").increment(1);
            return Ok(user);
        }
        metrics::counter!("docent_user_cache_misses_total").increment(1);
        let before = self.written(id);
        let stored = store.user_state(id, NEWEST_POSITIVES).await?;
        let user = Arc::new(stored.map(|stored| UserView::new(stored, &read(state))).unwrap_or_default());
        self.cache.insert(id.clone(), Arc::clone(&user));
        if self.written(id) != before {
            self.cache.invalidate(id);
        }
        Ok(user)
    }

    /// To be called after a write of this user was committed.
    pub(crate) fn changed(&self, id: &UserId) {
        if let Some(counter) = self.counter(id) {
            counter.fetch_add(1, Ordering::SeqCst);
        }
        self.cache.invalidate(id);
    }

    /// To be called after resources were added that users may already have interacted with.
    pub(crate) fn all_changed(&self) {
        self.writes.iter().for_each(|counter| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        self.cache.invalidate_all();
    }

    fn written(&self, id: &UserId) -> u64 {
        self.counter(id).map_or(0, |counter| counter.load(Ordering::SeqCst))
    }

    fn counter(&self, id: &UserId) -> Option<&AtomicU64> {
        let slot = self.hasher.hash_one(id) as usize % WRITE_COUNTERS;
        self.writes.get(slot)
    }
}

/// Reads the state; a writer that panicked left it whole, because every change is made by replacing.
pub(crate) fn read(state: &RwLock<State>) -> std::sync::RwLockReadGuard<'_, State> {
    state.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// As [`read`], to change it.
pub(crate) fn write(state: &RwLock<State>) -> std::sync::RwLockWriteGuard<'_, State> {
    state.write().unwrap_or_else(std::sync::PoisonError::into_inner)
}
