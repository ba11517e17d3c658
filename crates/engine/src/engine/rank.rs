use chrono::{DateTime, Utc};
use docent_domain::{DomainError, ResourceId};
use rustc_hash::FxHashSet;

use super::Engine;
use crate::{Answer, Error, MAX_IDS, RecommendRequest, state::State};

impl Engine {
    /// Ranks given resources for a user or a history: search results, a shelf, a mail. All of them
    /// are in the answer, also those that the user has seen, except unknown and hidden ones, which
    /// [`Answer::unknown_resources`] lists; with `include_unpublished` false, without those that
    /// are not published yet. The limit, filters and exclusions of the request do not apply, and no
    /// impressions are recorded.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] unless there are 1 to [`MAX_IDS`] resources; otherwise as
    /// [`Engine::recommend`].
    pub async fn rank(&self, request: RecommendRequest, resources: &[ResourceId]) -> Result<Answer, Error> {
        if !(1..=MAX_IDS).contains(&resources.len()) {
            let (expected, got) = ("1 to 1000 ids", resources.len().to_string());
            return Err(DomainError::OutOfRange { field: "resource_ids".into(), expected, got }.into());
        }
        let mut request = request.limit(resources.len());
        request.cursor = None;
        self.serve(request, Some(resources.to_vec())).await
    }
}

/// Divides given resources into the keys of those that can be ranked, each once, and the ids of the
/// others, among them the resources that are published after `published_by`.
pub(super) fn rankable(
    state: &State,
    given: &[ResourceId],
    published_by: Option<DateTime<Utc>>,
) -> (Vec<u32>, Vec<ResourceId>) {
    let (mut keys, mut unknown, mut known) =
        (Vec::with_capacity(given.len()), Vec::new(), FxHashSet::default());
    for id in given.iter().filter(|id| known.insert(id.as_str())) {
        match state.catalogue.shown_key(id, published_by) {
            Some(key) => keys.push(key),
            None => unknown.push(id.clone()),
        }
    }
    (keys, unknown)
}
