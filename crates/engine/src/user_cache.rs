//! What the engine keeps of a user between requests, and how it stays true.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::{DateTime, Utc};
use docent_domain::{Profile, USEFUL_STRENGTH, UserId};
use docent_storage::{PositiveResource, Store, UserState, Verdict};
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
    /// Recommended to them, and not useful.
    pub not_useful: FxHashSet<u32>,
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
            ..Self::default()
        }
    }

    /// Takes up what the user said of recommendations. What was useful speaks for itself like a positive interaction,
    /// unless the user has others with it; what was not no longer speaks for it, unless they turned to it since.
    fn judged(mut self, verdicts: &[Verdict], state: &State) -> Self {
        for verdict in verdicts {
            let Some(key) = state.catalogue.key_of_row_id(verdict.resource_row) else { continue };
            if !verdict.was_useful {
                self.not_useful.insert(key);
                self.positives.retain(|positive| positive.key != key || positive.at > verdict.at);
            } else if !self.disliked.contains(&key) && self.seen.insert(key) {
                let (strength, at) = (USEFUL_STRENGTH as f32, verdict.at);
                let place = self.positives.partition_point(|positive| positive.at >= at);
                self.positives.insert(place, Positive { key, strength, at });
            }
        }
        self.positives.truncate(NEWEST_POSITIVES as usize);
        self
    }
}

/// Users that were asked for lately. A write of this process drops its user at once; what other processes write is seen
/// after the configured time.
pub(crate) struct Users {
    cache: Cache<UserId, Arc<UserView>>,
    /// Counts writes by a hash of the user, so that a load that a write overtook is not kept.
    writes: Vec<AtomicU64>,
    hasher: RandomState,
    hits: AtomicU64,
    misses: AtomicU64,
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
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// How often a user was found in memory, and how often not.
    pub(crate) fn hits_and_misses(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    pub(crate) async fn get(
        &self,
        id: &UserId,
        store: &Store,
        state: &RwLock<State>,
    ) -> Result<Arc<UserView>, Error> {
        if let Some(user) = self.cache.get(id) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("docent_user_cache_hits_total").increment(1);
            return Ok(user);
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("docent_user_cache_misses_total").increment(1);
        let before = self.written(id);
        let (stored, verdicts) =
            tokio::try_join!(store.user_state(id, NEWEST_POSITIVES), store.verdicts_of(id))?;
        let user = {
            let state = read(state);
            let view = stored.map(|stored| UserView::new(stored, &state)).unwrap_or_default();
            Arc::new(view.judged(&verdicts, &state))
        };
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
