//! Cache of users between requests, and its invalidation.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use docent_domain::{InteractionType, Profile, ResourceId, USEFUL_STRENGTH, UserId};
use docent_storage::{ForeignWrites, Freshness, PositiveResource, Store, UserState, Verdict, hash_of_user};
use moka::sync::Cache;
use roaring::RoaringBitmap;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    EngineConfig, Error,
    catalogue::Catalogue,
    prepared::PreparedUsers,
    state::{SharedState, State},
};

/// Maximum number of positives that represent a user, the newest.
pub(crate) const MAX_POSITIVES: usize = 500;
const WRITE_COUNTERS: usize = 1024;
/// Time in which the database must give a cached user again. Otherwise the cached one is used,
/// however old.
const MAX_RELOAD: Duration = Duration::from_millis(100);

/// A positive interaction with a resource of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Positive {
    pub key: u32,
    pub strength: f32,
    /// Time of the interaction, if it is known.
    pub at: Option<DateTime<Utc>>,
}

impl Positive {
    /// Returns the age at `now` in days. Without a time, a positive is as old as the oldest one of
    /// the user that has a time, so that it outweighs none of them; without any time, all are
    /// equally old. `oldest` is that of [`UserView::oldest_time`].
    pub(crate) fn age_days(&self, now: DateTime<Utc>, oldest: Option<DateTime<Utc>>) -> f64 {
        self.at.or(oldest).map_or(0.0, |at| (now - at).as_seconds_f64() / 86_400.0)
    }
}

/// The part of a user's data that ranking needs, under the keys of the catalogue.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct UserView {
    pub profile: Profile,
    /// Positive interactions, the newest first, those without a time last.
    pub positives: Vec<Positive>,
    /// Resources that the user interacted with in any way.
    pub seen: RoaringBitmap,
    /// Resources that the user likes.
    pub liked: RoaringBitmap,
    pub disliked: RoaringBitmap,
    /// Resources with a verdict of not useful.
    pub not_useful: RoaringBitmap,
}

impl UserView {
    fn new(stored: UserState, state: &State) -> Self {
        let catalogue = &state.catalogue;
        let positives = stored.positives.iter().filter_map(|positive: &PositiveResource| {
            let key = catalogue.key_of_row_id(positive.row_id)?;
            Some(Positive { key, strength: positive.strength.value() as f32, at: positive.at })
        });
        let mut positives: Vec<Positive> = positives.collect();
        add_neutral(&mut positives, &stored, &state.neutral_strengths(), catalogue);
        Self {
            positives,
            seen: stored.seen_rows.iter().filter_map(|row| catalogue.key_of_row_id(*row)).collect(),
            liked: stored.liked_rows.iter().filter_map(|row| catalogue.key_of_row_id(*row)).collect(),
            disliked: stored.rejected_rows.iter().filter_map(|row| catalogue.key_of_row_id(*row)).collect(),
            profile: stored.profile,
            ..Self::default()
        }
    }

    /// Returns the time of the oldest positive that has one.
    pub(crate) fn oldest_time(&self) -> Option<DateTime<Utc>> {
        self.positives.iter().rev().find_map(|positive| positive.at)
    }

    /// Returns the user with a history of a request's own, oldest first, as the newest positives.
    pub(crate) fn with_history(&self, history: &[ResourceId], state: &State, now: DateTime<Utc>) -> Self {
        let mut user = self.clone();
        let mut own: Vec<u32> =
            history.iter().rev().filter_map(|id| state.catalogue.key(id.as_str())).collect();
        let mut known = FxHashSet::default();
        own.retain(|key| known.insert(*key));
        user.positives.retain(|positive| !known.contains(&positive.key));
        let newest = own.iter().map(|&key| Positive { key, strength: 1.0, at: Some(now) });
        user.positives.splice(0..0, newest);
        user.profile.total_interactions += own.len() as u64;
        user.seen.extend(own.iter().copied());
        user.liked.extend(own);
        user
    }

    /// Applies the user's verdicts on recommendations. A useful resource counts as a positive
    /// unless the user has interacted with it. One that was not useful is no longer a positive
    /// unless the user chose it again later, at a known time.
    fn with_verdicts(mut self, verdicts: &[Verdict], state: &State) -> Self {
        for verdict in verdicts {
            let Some(key) = state.catalogue.key_of_row_id(verdict.resource_row) else { continue };
            if !verdict.was_useful {
                self.not_useful.insert(key);
                self.positives.retain(|positive| positive.key != key || positive.at > Some(verdict.at));
            } else if !self.disliked.contains(key) && self.liked.insert(key) {
                self.seen.insert(key);
                let (strength, at) = (USEFUL_STRENGTH as f32, Some(verdict.at));
                let place = self.positives.partition_point(|positive| positive.at >= at);
                self.positives.insert(place, Positive { key, strength, at });
            }
        }
        self.positives.truncate(MAX_POSITIVES);
        self
    }
}

/// Adds the interactions that are neither positive nor negative and that the model sees, the newest
/// ones, as far as positives leave room; none with resources that the user likes or rejects.
fn add_neutral(
    positives: &mut Vec<Positive>,
    stored: &UserState,
    strengths: &BTreeMap<InteractionType, f32>,
    catalogue: &Catalogue,
) {
    let has = |rows: &[i64], row: i64| rows.binary_search(&row).is_ok();
    let room = MAX_POSITIVES.saturating_sub(positives.len());
    let mut places: FxHashMap<u32, usize> = FxHashMap::default();
    let mut added: Vec<Positive> = Vec::new();
    for of in &stored.neutral {
        let Some(&strength) = strengths.get(&of.interaction_type) else { continue };
        if has(&stored.liked_rows, of.row_id) || has(&stored.rejected_rows, of.row_id) {
            continue;
        }
        let Some(key) = catalogue.key_of_row_id(of.row_id) else { continue };
        let place = *places.entry(key).or_insert(added.len());
        match added.get_mut(place) {
            Some(held) => held.strength = held.strength.max(strength),
            None => added.push(Positive { key, strength, at: of.at }),
        }
    }
    positives.extend(added.into_iter().take(room));
    // Null is less than any time, and so comes last.
    positives.sort_by_key(|positive| Reverse(positive.at));
}

/// A user in the cache.
struct Cached {
    id: UserId,
    view: Arc<UserView>,
    loaded_at: Instant,
}

/// Cache of served users, by the hash that the log of changes names them by. A write by this
/// process invalidates its user at once. Writes of other processes on PostgreSQL follow by the log,
/// and a user is read again after the configured time. SQLite tells whether others wrote, and users
/// stay until one does.
pub(crate) struct UserCache {
    cache: Cache<i64, Arc<Cached>>,
    /// Candidates that answers keep of these users, and that go when they go.
    pub prepared: PreparedUsers,
    /// `None` on PostgreSQL.
    foreign_writes: Option<ForeignWrites>,
    /// Age at which a user on PostgreSQL is read again.
    max_age: Duration,
    /// Number of writes by hash of the user. If it changes while a user is loaded, the result is
    /// not kept.
    writes: Vec<AtomicU64>,
    /// Number of times that all users were forgotten.
    times_forgotten: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl UserCache {
    pub(crate) fn new(config: &EngineConfig, store: &Store) -> Self {
        let max_age = config.cached_user_time();
        Self {
            cache: Cache::builder().max_capacity(config.cached_users).build(),
            prepared: PreparedUsers::new(config.prepared_users_mib),
            foreign_writes: (store.backend() == "sqlite").then(|| ForeignWrites::new(max_age)),
            max_age,
            writes: (0..WRITE_COUNTERS).map(|_| AtomicU64::new(0)).collect(),
            times_forgotten: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// Returns the numbers of cache hits and misses.
    pub(crate) fn hits_and_misses(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }

    /// Returns a user. One who is not in memory is read, if `begin_reading` allows it, and as long
    /// as what it returns exists.
    pub(crate) async fn get<T>(
        &self,
        id: &UserId,
        store: &Store,
        state: &SharedState,
        begin_reading: impl FnOnce() -> Result<T, Error>,
    ) -> Result<Arc<UserView>, Error> {
        // Before any user is read, so that the version is not newer than the users in memory.
        let is_current = self.is_current(store).await;
        let hash = hash_of_user(id.as_str());
        let cached = self.cache.get(&hash).filter(|cached| cached.id == *id);
        if let Some(cached) = cached.as_ref().filter(|cached| is_current && !self.is_old(cached)) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("docent_user_cache_hits_total").increment(1);
            return Ok(Arc::clone(&cached.view));
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("docent_user_cache_misses_total").increment(1);
        let former = cached.as_ref().map(|cached| Arc::clone(&cached.view));
        let loading = self.load(hash, id, former, store, state);
        let Some(cached) = cached.filter(|_| !self.max_age.is_zero()) else {
            let _reading = begin_reading()?;
            return loading.await;
        };
        match tokio::time::timeout(MAX_RELOAD, loading).await {
            Ok(Err(Error::Unavailable(_))) | Err(_) => Ok(Arc::clone(&cached.view)),
            Ok(loaded) => loaded,
        }
    }

    /// Returns a user for whom no caller waits, the one in memory whatever its age; `None` for one
    /// who is not in the store, and who does not come into memory.
    pub(crate) async fn get_ahead(
        &self,
        id: &UserId,
        store: &Store,
        state: &SharedState,
    ) -> Result<Option<Arc<UserView>>, Error> {
        let hash = hash_of_user(id.as_str());
        if let Some(cached) = self.cache.get(&hash).filter(|cached| cached.id == *id) {
            return Ok(Some(Arc::clone(&cached.view)));
        }
        let view = self.load(hash, id, None, store, state).await?;
        let is_known = *view != UserView::default();
        if !is_known {
            self.cache.invalidate(&hash);
        }
        Ok(is_known.then_some(view))
    }

    async fn load(
        &self,
        hash: i64,
        id: &UserId,
        former: Option<Arc<UserView>>,
        store: &Store,
        state: &SharedState,
    ) -> Result<Arc<UserView>, Error> {
        let (before, loaded_at) = (self.written(hash), Instant::now());
        let (stored, verdicts) = store.user_state_and_verdicts(id, MAX_POSITIVES).await?;
        let user = {
            let state = state.read();
            let view = stored.map(|stored| UserView::new(stored, &state)).unwrap_or_default();
            let view = view.with_verdicts(&verdicts, &state);
            // What answers keep of a user stays as long as the user does not change.
            former.filter(|former| **former == view).unwrap_or_else(|| Arc::new(view))
        };
        self.cache.insert(hash, Arc::new(Cached { id: id.clone(), view: Arc::clone(&user), loaded_at }));
        if self.written(hash) != before {
            self.cache.invalidate(&hash);
        }
        Ok(user)
    }

    /// Returns true if the users in memory are current as far as the database tells. Invalidates
    /// all if another process wrote.
    pub(crate) async fn is_current(&self, store: &Store) -> bool {
        let Some(foreign_writes) = &self.foreign_writes else { return true };
        let freshness = foreign_writes.check(store).await;
        if freshness == Freshness::Outdated {
            self.all_changed();
        }
        freshness == Freshness::Current
    }

    /// Returns true if a user must be read again because of its age.
    fn is_old(&self, cached: &Cached) -> bool {
        self.foreign_writes.is_none() && cached.loaded_at.elapsed() >= self.max_age
    }

    /// Invalidates a user after a committed write.
    pub(crate) fn changed(&self, id: &UserId) {
        self.hash_changed(hash_of_user(id.as_str()));
    }

    /// Invalidates a user, by hash, after a committed write.
    pub(crate) fn hash_changed(&self, hash: i64) {
        if let Some(counter) = self.counter(hash) {
            counter.fetch_add(1, Ordering::SeqCst);
        }
        self.cache.invalidate(&hash);
        self.prepared.forget(hash);
    }

    /// Returns true if this view of a user is the one in memory.
    pub(crate) fn holds(&self, hash: i64, view: &Arc<UserView>) -> bool {
        self.cache.get(&hash).is_some_and(|cached| Arc::ptr_eq(&cached.view, view))
    }

    /// Invalidates all users after the arrival of resources that they may have interacted with
    /// before.
    pub(crate) fn all_changed(&self) {
        self.writes.iter().for_each(|counter| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        self.times_forgotten.fetch_add(1, Ordering::Relaxed);
        self.cache.invalidate_all();
        self.prepared.forget_all();
    }

    /// Returns the number of times that all users were forgotten.
    pub(crate) fn times_forgotten(&self) -> u64 {
        self.times_forgotten.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    pub(crate) fn knows(&self, id: &UserId) -> bool {
        self.cache.contains_key(&hash_of_user(id.as_str()))
    }

    fn written(&self, hash: i64) -> u64 {
        self.counter(hash).map_or(0, |counter| counter.load(Ordering::SeqCst))
    }

    fn counter(&self, hash: i64) -> Option<&AtomicU64> {
        self.writes.get(hash.rem_euclid(WRITE_COUNTERS as i64) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_positive_without_a_time_is_as_old_as_the_oldest() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
        let days_ago = |days: i64| Some(now - chrono::TimeDelta::days(days));
        for (times, ages) in [
            (vec![days_ago(1), days_ago(7), None, None], vec![1.0, 7.0, 7.0, 7.0]),
            (vec![None, None], vec![0.0, 0.0]),
            (vec![days_ago(3)], vec![3.0]),
        ] {
            let positives = times.iter().map(|at| Positive { key: 0, strength: 1.0, at: *at }).collect();
            let user = UserView { positives, ..UserView::default() };
            let found: Vec<f64> =
                user.positives.iter().map(|p| p.age_days(now, user.oldest_time())).collect();
            assert_eq!(found, ages, "{times:?}");
        }
    }
}
