//! Prepares users ahead of their next answers, while answers leave the processor idle.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use docent_domain::UserId;
use docent_storage::hash_of_user;
use docent_workload::Load;

use super::{Engine, Inner, now, recommend::answer};
use crate::{Error, RecommendRequest, blocking::spawn_blocking, choose::Terms, prepared::Slot};

/// Time without a change of the state after which users are prepared again. Each state needs work
/// of its own, so a catalogue that changes all the time would cost much for nothing.
const SETTLED: Duration = Duration::from_secs(60);
/// Share of the time of all cores that answers may take while users are prepared.
const MAX_LOAD: f64 = 0.1;

/// Users are prepared for one generation of the state, until all of them are read again: the
/// numbers of both.
type Epoch = [u64; 2];

/// Progress of preparing users ahead.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// Epoch that was seen last, and since when.
    seen: Option<(Epoch, Instant)>,
    /// Epoch for which users were prepared, all for whom there is room unless it ended before.
    done: Option<Epoch>,
}

impl Ahead {
    /// Returns true if there is work for an epoch, and it has settled. The first one is settled at
    /// once.
    fn is_due(&mut self, epoch: Epoch, at: Instant) -> bool {
        let since = match self.seen {
            Some((seen, since)) if seen == epoch => since,
            _ => at,
        };
        self.seen = Some((epoch, since));
        self.done.is_none_or(|done| done != epoch && at.duration_since(since) >= SETTLED)
    }
}

impl Engine {
    /// Prepares those who were active last for their next answers, as far as the memory of
    /// `prepared_users_mib` has room for them, and returns the number of users that were prepared.
    ///
    /// Does nothing without a model, and if they are prepared already. Ends early if the state
    /// changes, and then waits until it has stayed the same for a minute; and while answers take
    /// more than a tenth of the time of all cores. So call it now and then: the next call goes on.
    /// Takes half of one core at most.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is.
    pub async fn prepare_ahead(&self) -> Result<usize, Error> {
        let Inner { state, users, workload, store, config, indexing, ahead, .. } = &*self.inner;
        let has_model = state.read().live.is_some();
        if config.prepared_users_mib == 0 || !has_model || indexing.try_lock().is_err() {
            return Ok(0);
        }
        let mut ahead = ahead.lock().await;
        // If another process is known to have written, all users leave now and not later.
        users.is_current(store).await;
        let epoch = self.epoch();
        if !ahead.is_due(epoch, Instant::now()) {
            return Ok(0);
        }
        let mut load = workload.load();
        tokio::time::sleep(Load::PERIOD).await;
        let models = self.experiment_models();
        let mut generations: Vec<u64> = models.iter().map(|of| of.state.read().generation()).collect();
        generations.push(epoch[0]);
        users.prepared.forget_other_states(&generations);
        let mut prepared = 0;
        for user in store.latest_users(users.prepared.usual_users().min(config.cached_users)).await? {
            if workload.share_since(&mut load) > MAX_LOAD {
                return Ok(prepared);
            }
            if users.prepared.is_full() || self.epoch() != epoch {
                break;
            }
            let began = Instant::now();
            match self.prepare(user).await {
                Ok(is_prepared) => prepared += usize::from(is_prepared),
                Err(error @ Error::Unavailable(_)) => return Err(error),
                Err(error) => tracing::debug!(%error, "cannot prepare a user"),
            }
            tokio::time::sleep(began.elapsed()).await;
        }
        ahead.done = Some(epoch);
        tracing::debug!(users = prepared, "users are prepared for their next answers");
        Ok(prepared)
    }

    fn epoch(&self) -> Epoch {
        [self.inner.state.read().generation(), self.inner.users.times_forgotten()]
    }

    /// Computes an answer to a user and drops it. Returns true if that prepared the user, false if
    /// an answer did before, and if there is nothing to keep.
    async fn prepare(&self, user_id: UserId) -> Result<bool, Error> {
        let inner = Arc::clone(&self.inner);
        let user = inner.users.get_ahead(&user_id, &inner.store, &inner.state).await?;
        let Some(user) = user.filter(|user| !user.positives.is_empty()) else { return Ok(false) };
        let request = RecommendRequest::new(user_id).limit(10);
        let (variant, model) = self.served_by(&request);
        let preparing = spawn_blocking(move || {
            let state = model.as_ref().map_or(&inner.state, |model| &model.state).read();
            let hash = request.user_id.as_ref().map(|id| hash_of_user(id.as_str())).unwrap_or_default();
            let slot = Slot { users: &inner.users, hash, user: &user, only_prepared: false };
            if slot.is_prepared(state.generation()) {
                return Ok(false);
            }
            let terms =
                Terms { config: &inner.config, now: now(), among: None, place: None, slot: Some(slot) };
            answer(&state, &user, &request, None, variant, &terms)?;
            Ok(slot.is_prepared(state.generation()))
        });
        preparing.await.map_err(Error::task)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EngineConfig;

    #[test]
    fn users_are_prepared_for_the_first_state_and_for_each_that_has_settled() {
        let (mut ahead, start) = (Ahead::default(), Instant::now());
        for (generation, seconds, expected) in [
            (1, 0, true),
            (1, 100, false),
            (2, 101, false),
            (3, 130, false),
            (3, 189, false),
            (3, 190, true),
            (3, 300, false),
        ] {
            let is_due = ahead.is_due([generation, 0], start + Duration::from_secs(seconds));
            assert_eq!(is_due, expected, "{generation} after {seconds} s");
            ahead.done = if is_due { Some([generation, 0]) } else { ahead.done };
        }
    }

    #[tokio::test]
    async fn a_user_who_was_erased_meanwhile_does_not_come_back_into_memory() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(EngineConfig::in_folder(folder.path())).await.unwrap();
        let erased: UserId = "erased".parse().unwrap();
        assert!(!engine.prepare(erased.clone()).await.unwrap());
        assert!(!engine.inner.users.knows(&erased));
        engine.recommend(RecommendRequest::new(erased.clone())).await.unwrap();
        assert!(engine.inner.users.knows(&erased), "one who asks is kept");
    }
}
