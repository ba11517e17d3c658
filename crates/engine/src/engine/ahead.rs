//! Prepares users ahead of their next answers, while answers leave the processor idle.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use docent_domain::UserId;
use docent_storage::hash_of_user;

use super::{Engine, Inner, now, recommend::answer};
use crate::{Error, RecommendRequest, blocking::spawn_blocking, choose::Terms, prepared::Slot};

/// Time without a change of the state after which users are prepared again. Each state needs work
/// of its own, so a catalogue that changes all the time would cost much for nothing.
const SETTLED: Duration = Duration::from_secs(60);
/// Share of the processors' time that answers may take while users are prepared.
const MAX_LOAD: f64 = 0.1;
/// Pause while answers take more.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// Users are prepared for one generation of the state, until all of them are read again: the
/// numbers of both.
type Memory = [u64; 2];

/// Progress of preparing users ahead.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// Memory that was seen last, and since when.
    seen: Option<(Memory, Instant)>,
    /// Memory into which users were put, or begun to be.
    begun: Option<Memory>,
}

impl Ahead {
    /// Returns true, once for each memory, when it has settled. The first one is settled at once.
    fn is_due(&mut self, memory: Memory, at: Instant) -> bool {
        let since = match self.seen {
            Some((seen, since)) if seen == memory => since,
            _ => at,
        };
        self.seen = Some((memory, since));
        let is_settled = self.begun.is_none() || at.duration_since(since) >= SETTLED;
        is_settled && self.begun.replace(memory) != Some(memory)
    }
}

impl Engine {
    /// Prepares those who were active last for their next answers, as far as the memory of
    /// `prepared_users_mib` has room for them, and returns how many were prepared. Does nothing if
    /// that is done already, and until the state has stayed the same for a minute; ends early if it
    /// changes.
    ///
    /// Takes half of one core at most, and waits while answers take more than a tenth of all cores.
    /// An answer to a user who is prepared is computed as any other, in less time.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is; [`Error::Model`] if the live model fails. The
    /// next call begins again.
    pub async fn prepare_ahead(&self) -> Result<usize, Error> {
        let is_indexing = self.inner.indexing.try_lock().is_err();
        if self.inner.config.prepared_users_mib == 0 || is_indexing {
            return Ok(0);
        }
        let mut ahead = self.inner.ahead.lock().await;
        // If another process wrote, all users leave now and not while they are prepared.
        self.inner.users.is_current(&self.inner.store).await;
        let memory = self.memory();
        if !ahead.is_due(memory, Instant::now()) {
            return Ok(0);
        }
        let prepared = self.prepare_latest(memory).await;
        if prepared.is_err() {
            ahead.begun = None;
        }
        prepared
    }

    fn memory(&self) -> Memory {
        [self.inner.state.read().generation(), self.inner.users.times_forgotten()]
    }

    async fn prepare_latest(&self, memory: Memory) -> Result<usize, Error> {
        let Inner { users, workload, store, config, .. } = &*self.inner;
        let mut load = workload.load();
        let mut prepared = 0;
        for user in store.latest_users(users.prepared.max_users().min(config.cached_users)).await? {
            if users.prepared.is_full() || self.memory() != memory {
                break;
            }
            while workload.share_since(&mut load) > MAX_LOAD {
                tokio::time::sleep(BUSY_PAUSE).await;
            }
            let began = Instant::now();
            self.prepare(user).await?;
            prepared += 1;
            tokio::time::sleep(began.elapsed()).await;
        }
        tracing::debug!(users = prepared, "users are prepared for their next answers");
        Ok(prepared)
    }

    /// Computes an answer to a user, unless one was computed in the same state, and drops it.
    async fn prepare(&self, user_id: UserId) -> Result<(), Error> {
        let user = self.inner.users.get(&user_id, &self.inner.store, &self.inner.state).await?;
        let inner = Arc::clone(&self.inner);
        let preparing = spawn_blocking(move || {
            let state = inner.state.read();
            let slot = Slot { users: &inner.users, hash: hash_of_user(user_id.as_str()), user: &user };
            if slot.is_prepared(state.generation()) {
                return Ok(());
            }
            let terms =
                Terms { config: &inner.config, now: now(), among: None, place: None, slot: Some(slot) };
            answer(&state, &user, &RecommendRequest::new(user_id), None, None, &terms).map(drop)
        });
        preparing.await.map_err(Error::task)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_prepared_once_for_the_first_state_and_for_each_that_has_settled() {
        let (mut ahead, start) = (Ahead::default(), Instant::now());
        let mut due =
            |generation, seconds| ahead.is_due([generation, 0], start + Duration::from_secs(seconds));
        for (generation, seconds, expected) in [
            (1, 0, true),
            (1, 100, false),
            (2, 101, false),
            (3, 130, false),
            (3, 189, false),
            (3, 190, true),
            (3, 300, false),
        ] {
            assert_eq!(due(generation, seconds), expected, "{generation} after {seconds} s");
        }
    }
}
