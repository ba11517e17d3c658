//! The history that a request brings, on top of what is recorded of its user.

use chrono::{DateTime, Utc};
use docent_domain::ResourceId;
use roaring::RoaringBitmap;
use rustc_hash::FxHashSet;

use crate::{RecommendRequest, state::State, user_cache::UserView};

/// Returns true if a request brings likes or dislikes of its own.
pub(crate) fn has_history(request: &RecommendRequest) -> bool {
    !request.history.is_empty() || !request.negatives.is_empty()
}

/// Returns the ids of the history and the negatives of a request that the catalogue lacks, each
/// once, in the order of the request.
pub(crate) fn unknown_resources(request: &RecommendRequest, state: &State) -> Vec<ResourceId> {
    let mut known = FxHashSet::default();
    let ids = request.history.iter().chain(&request.negatives);
    ids.filter(|id| state.catalogue.key(id.as_str()).is_none() && known.insert(id.as_str()))
        .cloned()
        .collect()
}

impl UserView {
    /// Returns the user with the history and the negatives of a request, which are newer than what
    /// is recorded. A resource in both is a negative.
    pub(crate) fn with_history_of(
        &self,
        request: &RecommendRequest,
        state: &State,
        now: DateTime<Utc>,
    ) -> Self {
        let mut user = self.with_history(&request.history, state, now);
        for key in request.history.iter().filter_map(|id| state.catalogue.key(id.as_str())) {
            user.disliked.remove(key);
            user.not_useful.remove(key);
        }
        let rejected: RoaringBitmap =
            request.negatives.iter().filter_map(|id| state.catalogue.key(id.as_str())).collect();
        user.positives.retain(|positive| !rejected.contains(positive.key));
        user.disliked |= rejected;
        user
    }
}
