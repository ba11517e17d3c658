//! Users whose candidates and scores are kept from one answer to the next.
//!
//! The dear part of an answer, from the walk over the graph to the scores of candidates, follows
//! from the user and the state alone. As long as neither changes, the next answer takes it from
//! here, and computes only what depends on the time and on the request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use chrono::{DateTime, Utc};
use docent_domain::{Component, ComponentScores, Strategy, UnitInterval, Weights};
use docent_ranker::{Candidate, Reason, UnitMap};
use moka::sync::Cache;

use crate::{
    EngineConfig, RecommendRequest, Seen,
    candidates::{Gathered, SourceCounts},
    component_scores::{ContentScale, ContentScores, Known, score_of, steps_of},
    pool::{Factors, Pool},
    request_history::has_history,
    state::State,
    user_cache::{UserCache, UserView},
    user_context::UserContext,
};

/// Number of resources of an answer whose reasons a prepared user remembers.
pub(crate) const REMEMBERED_LIMIT: usize = 20;
/// Maximum number of reasons that a prepared user remembers.
const MAX_REMEMBERED: usize = 4 * REMEMBERED_LIMIT;
/// Steps that represent no score.
const NO_SCORE: u16 = u16::MAX;
/// Memory of the reasons of a prepared user, in bytes.
const REMEMBERED_BYTES: usize =
    MAX_REMEMBERED * size_of::<Remembered>() + REMEMBERED_LIMIT * size_of::<Reason<u32>>();
/// Memory that most prepared users exceed, in bytes.
const USUAL_BYTES: u64 = 5 << 10;

/// Prepared users by hash, the least used of which leave when their memory is full.
pub(crate) struct PreparedUsers(Cache<i64, Arc<Prepared>>);

/// Place of one user among the prepared ones: an answer looks there first, and leaves its own.
#[derive(Clone, Copy)]
pub(crate) struct Slot<'a> {
    pub users: &'a UserCache,
    /// Hash of the id of the user.
    pub hash: i64,
    pub user: &'a Arc<UserView>,
    /// True to give up with [`Error::Abandoned`](crate::Error::Abandoned) unless an earlier answer
    /// prepared this one.
    pub only_prepared: bool,
}

/// Terms of a request for candidates, and for the scores that choose those that are kept. Of one
/// user and one generation, equal terms mean equal pools: resources join a pool by the time alone,
/// so pools of equal size are equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rules {
    generation: u64,
    include_seen: bool,
    seen: Seen,
    include_unpublished: bool,
    fence: Option<f64>,
    allowed: u64,
    strategy: Strategy,
    weights: Option<Weights>,
    novelty: Option<UnitInterval>,
    has_titles_alone: bool,
}

/// Candidates and scores that the answers to one user in one state have in common.
pub(crate) struct Prepared {
    /// Holds nothing of the user but the address, which no other user gets as long as this exists.
    user: Weak<UserView>,
    rules: Rules,
    /// Content profile, `[dim]`, and its scale.
    content: Option<(Vec<f32>, ContentScale)>,
    pub content_from_domains: bool,
    /// Scale of the proximities in the graph.
    pub near: Option<UnitMap>,
    sources: SourceCounts,
    /// Median popularity of all candidates.
    pub median_popularity: f64,
    /// Candidates that an answer may hold, in ascending order of keys.
    candidates: Box<[Kept]>,
    /// Popular resources among the other candidates, in ascending order of keys.
    popular: Box<[u32]>,
    /// Reasons that answers looked for, with what they found.
    remembered: Mutex<Vec<Remembered>>,
}

/// A question and the reason that was found; few are, so they are apart.
type Remembered = (Question, Option<Box<Reason<u32>>>);

/// Origin of the reason for a recommendation, beside the user and the state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Question {
    /// Key of the resource.
    pub key: u32,
    /// Component that carries the score; `None` for the authors, who carry none.
    pub component: Option<Component>,
    /// Parts of the score that the content and the graph component add.
    pub contributions: [f32; 2],
}

/// A candidate, its scores in steps, and its proximity in the graph, not a number where it has
/// none. The scores come back bit by bit.
#[derive(Debug, Clone, Copy)]
struct Kept {
    key: u32,
    proximity: f32,
    collaborative: u16,
    content: u16,
}

impl PreparedUsers {
    /// Makes an empty memory of `mib` MiB.
    pub(crate) fn new(mib: u32) -> Self {
        metrics::counter!("docent_answers_prepared_total").absolute(0);
        let weigher = |_: &i64, prepared: &Arc<Prepared>| u32::try_from(prepared.bytes()).unwrap_or(u32::MAX);
        Self(Cache::builder().max_capacity(u64::from(mib) << 20).weigher(weigher).build())
    }

    /// Returns true if a user who is added makes another one leave.
    pub(crate) fn is_full(&self) -> bool {
        self.0.run_pending_tasks();
        let max = self.0.policy().max_capacity().unwrap_or_default();
        self.0.weighted_size() >= max - max / 64
    }

    /// Returns the number of users for whom there is room if they need a little less than usual.
    pub(crate) fn usual_users(&self) -> u64 {
        self.0.policy().max_capacity().unwrap_or_default() / USUAL_BYTES
    }

    /// Forgets a user, who changed or was erased.
    pub(crate) fn forget(&self, hash: i64) {
        self.0.invalidate(&hash);
    }

    /// Forgets those who were prepared in another state than those of these generations, which is
    /// of no use any more.
    pub(crate) fn forget_other_states(&self, generations: &[u64]) {
        let other = self.0.iter().filter(|(_, prepared)| !generations.contains(&prepared.rules.generation));
        other.for_each(|(hash, _)| self.0.invalidate(&*hash));
    }

    /// Forgets all users.
    pub(crate) fn forget_all(&self) {
        self.0.invalidate_all();
    }
}

impl Slot<'_> {
    /// Returns what an earlier answer prepared for the same user under the same rules, if all
    /// popular resources are among its candidates: others may be popular now.
    pub(crate) fn find(&self, rules: &Rules, popular: &[u32]) -> Option<Arc<Prepared>> {
        let found = self.users.prepared.0.get(&self.hash)?;
        if !found.is_of(self.user) || found.rules != *rules || popular.iter().any(|key| !found.has(*key)) {
            return None;
        }
        metrics::counter!("docent_answers_prepared_total").increment(1);
        Some(found)
    }

    /// Returns true if an answer to this user prepared it in the state of a generation.
    pub(crate) fn is_prepared(&self, generation: u64) -> bool {
        let found = self.users.prepared.0.get(&self.hash);
        found.is_some_and(|found| found.is_of(self.user) && found.rules.generation == generation)
    }

    /// Keeps what the next answer may take over: the candidates that it may hold, with scores.
    /// `popular` are all popular resources among the candidates, `median_popularity` is of all.
    pub(crate) fn keep<'c>(
        &self,
        rules: Rules,
        context: &UserContext<'_>,
        candidates: impl Iterator<Item = &'c Candidate<'c>>,
        mut popular: Vec<u32>,
        (sources, median_popularity): (SourceCounts, f64),
    ) -> Arc<Prepared> {
        let kept = candidates.map(|Candidate { key, scores, .. }| Kept {
            key: *key,
            collaborative: packed(scores.collaborative),
            content: packed(scores.content),
            proximity: scores.graph.map_or(f32::NAN, |_| context.proximity(*key)),
        });
        let mut candidates: Vec<Kept> = kept.collect();
        candidates.sort_unstable_by_key(|kept| kept.key);
        popular.retain(|key| place_of(&candidates, *key).is_none());
        popular.sort_unstable();
        let prepared = Arc::new(Prepared {
            user: Arc::downgrade(self.user),
            rules,
            content: context.content.as_ref().map(|content| (content.profile.clone(), content.scale)),
            content_from_domains: context.content_from_domains,
            near: context.graph.as_ref().map(|near| near.map),
            sources,
            median_popularity,
            candidates: candidates.into(),
            popular: popular.into(),
            remembered: Mutex::default(),
        });
        // Of two shelves that ask in different ways, the first one stays.
        let former = self.users.prepared.0.get(&self.hash).filter(|former| former.is_of(self.user));
        if former.is_none_or(|former| former.rules.makes_way_for(&rules)) {
            self.users.prepared.0.insert(self.hash, Arc::clone(&prepared));
        }
        // A user who was erased meanwhile leaves nothing behind.
        if !self.users.holds(self.hash, self.user) {
            self.users.prepared.forget(self.hash);
        }
        prepared
    }
}

impl Rules {
    /// Returns the terms of a request that asks for nothing of its own; `None` for one that does:
    /// a filter, boosts, exclusions, a further page. Users with preferred sources have boosts.
    pub(crate) fn of(
        state: &State,
        request: &RecommendRequest,
        config: &EngineConfig,
        pool: &Pool,
        factors: &Factors<'_>,
    ) -> Option<Self> {
        (is_plain(request) && factors.raise_nothing()).then(|| Self {
            generation: state.generation(),
            include_seen: request.include_seen,
            seen: request.seen.unwrap_or(config.seen),
            include_unpublished: request.include_unpublished.unwrap_or(config.include_unpublished),
            fence: state.quality_fence(),
            allowed: pool.allowed.len(),
            strategy: request.strategy,
            weights: request.weights,
            novelty: request.novelty,
            has_titles_alone: state.has_titles_alone(),
        })
    }

    /// Returns true if these are of another state, or of a request that asked in the same way.
    fn makes_way_for(&self, other: &Self) -> bool {
        let [own, others] = [self, other].map(|rules| {
            let Rules { include_seen, seen, include_unpublished, strategy, weights, novelty, .. } = *rules;
            (include_seen, seen, include_unpublished, strategy, weights, novelty)
        });
        self.generation != other.generation || own == others
    }
}

impl Prepared {
    fn is_of(&self, user: &Arc<UserView>) -> bool {
        std::ptr::eq(self.user.as_ptr(), Arc::as_ptr(user))
    }

    fn bytes(&self) -> usize {
        let profile = self.content.as_ref().map_or(0, |(profile, _)| size_of_val(profile.as_slice()));
        let candidates = size_of_val(&*self.candidates) + size_of_val(&*self.popular);
        size_of::<Self>() + profile + candidates + REMEMBERED_BYTES
    }

    /// Returns true if a popular resource was among all candidates.
    fn has(&self, key: u32) -> bool {
        place_of(&self.candidates, key).is_some() || self.popular.binary_search(&key).is_ok()
    }

    /// Returns the scores for the content profile.
    pub(crate) fn content<'a>(&self, state: &'a State) -> Option<ContentScores<'a>> {
        let (profile, scale) = self.content.clone()?;
        Some(ContentScores::on(scale, state, profile))
    }

    /// Returns the candidates that an answer may hold.
    pub(crate) fn gathered(&self) -> Gathered {
        Gathered { keys: self.candidates.iter().map(|kept| kept.key).collect(), sources: self.sources }
    }

    /// Returns the component scores of the candidates, `known`, at the time `now`.
    pub(crate) fn scores(&self, known: &[Known<'_>], now: DateTime<Utc>) -> Vec<ComponentScores> {
        let kept = self.candidates.iter().zip(known);
        kept.map(|(kept, known)| {
            let graph = self.near.filter(|_| !kept.proximity.is_nan()).map(|map| map.apply(kept.proximity));
            known.scores(unpacked(kept.collaborative), unpacked(kept.content), graph, now)
        })
        .collect()
    }

    /// Returns the proximity of a candidate in the graph.
    pub(crate) fn proximity(&self, key: u32) -> Option<f32> {
        let kept = self.candidates.get(place_of(&self.candidates, key)?)?;
        Some(kept.proximity).filter(|proximity| !proximity.is_nan())
    }

    /// Returns a reason, computed for the first answer that asks.
    pub(crate) fn reason(
        &self,
        question: Question,
        compute: impl FnOnce() -> Option<Reason<u32>>,
    ) -> Option<Reason<u32>> {
        let known = self
            .remembered()
            .iter()
            .find(|(of, _)| *of == question)
            .map(|(_, reason)| reason.as_deref().cloned());
        if let Some(known) = known {
            return known;
        }
        let reason = compute();
        let mut remembered = self.remembered();
        if remembered.len() < MAX_REMEMBERED {
            if remembered.is_empty() {
                remembered.reserve_exact(MAX_REMEMBERED);
            }
            remembered.push((question, reason.clone().map(Box::new)));
        }
        reason
    }

    fn remembered(&self) -> MutexGuard<'_, Vec<Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns true if a request asks for nothing of its own.
fn is_plain(request: &RecommendRequest) -> bool {
    request.filter.is_none()
        && request.min_quality.is_none()
        && request.exclude.is_empty()
        && request.boosts.is_empty()
        && request.cursor.is_none()
        && !has_history(request)
}

fn place_of(candidates: &[Kept], key: u32) -> Option<usize> {
    candidates.binary_search_by_key(&key, |kept| kept.key).ok()
}

fn packed(score: Option<f64>) -> u16 {
    score.map_or(NO_SCORE, steps_of)
}

fn unpacked(steps: u16) -> Option<f64> {
    (steps != NO_SCORE).then(|| score_of(steps))
}

#[cfg(test)]
mod tests {
    use docent_ranker::AVERAGE_SCORE;

    use super::*;

    fn prepared(generation: u64) -> Arc<Prepared> {
        Arc::new(Prepared {
            user: Weak::new(),
            rules: Rules {
                generation,
                include_seen: false,
                seen: Seen::default(),
                include_unpublished: false,
                fence: None,
                allowed: 0,
                strategy: Strategy::Hybrid,
                weights: None,
                novelty: None,
                has_titles_alone: false,
            },
            content: None,
            content_from_domains: false,
            near: None,
            sources: SourceCounts::default(),
            median_popularity: 0.0,
            candidates: Box::default(),
            popular: Box::default(),
            remembered: Mutex::default(),
        })
    }

    #[test]
    fn users_who_were_prepared_in_another_state_make_room() {
        let users = PreparedUsers::new(1);
        users.0.insert(0, prepared(2));
        (1..10_000).for_each(|hash| users.0.insert(hash, prepared(1)));
        assert!(users.is_full());
        users.forget_other_states(&[2, 3]);
        assert!(!users.is_full());
        assert!(users.0.get(&0).is_some() && users.0.get(&1).is_none());
    }

    #[test]
    fn scores_come_back_bit_by_bit() {
        let all = (0..NO_SCORE).map(score_of).take_while(|score| *score <= 1.0);
        assert!(all.map(Some).all(|score| unpacked(packed(score)) == score));
        assert_eq!(unpacked(packed(None)), None);
        for score in [0.0, AVERAGE_SCORE, 2.0 * AVERAGE_SCORE, 1.0] {
            assert_eq!(unpacked(packed(Some(score))), Some(score), "the scale of components stays as it is");
        }
    }
}
