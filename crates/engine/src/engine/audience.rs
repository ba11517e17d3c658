//! The users to whom a resource may be recommended: the inverse of a recommendation.

use std::{collections::BTreeSet, sync::Arc};

use docent_domain::{ResourceId, UserId};

use super::{Engine, now};
use crate::{
    AudienceMember, EngineConfig, Error, RecommendRequest,
    blocking::spawn_blocking,
    choose::{Terms, choose, exclusions},
    limit_checked,
    state::State,
    user_cache::UserView,
};

/// Number of similar resources whose users are candidates.
const NEIGHBOURS: usize = 50;
/// Number of candidates that are scored for each user of the answer, and at least.
const CANDIDATES_PER_USER: usize = 4;
const MIN_CANDIDATES: usize = 100;

impl Engine {
    /// Returns the users whom a resource suits best, best first, for a mail or a notice. Users who
    /// have interacted with it, or exclude its source, are left out.
    ///
    /// Candidates are users who like the resources most similar to it; each is scored as a
    /// recommendation is.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown or hidden resource, [`Error::InvalidInput`] for a limit
    /// out of range, [`Error::Unavailable`] if the database is, [`Error::Overloaded`] if
    /// `answers_waiting` others wait already.
    pub async fn audience(&self, id: &ResourceId, limit: usize) -> Result<Vec<AudienceMember>, Error> {
        limit_checked(limit)?;
        let similar = self.similar(id, NEIGHBOURS).await?;
        let (key, row, neighbours) = {
            let state = self.inner.state.read();
            let key = state.catalogue.key(id.as_str()).ok_or_else(|| Error::unknown_resource(id))?;
            let row = state.catalogue.row_id(key).ok_or_else(|| Error::unknown_resource(id))?;
            let rows = similar.iter().filter_map(|of| {
                let key = state.catalogue.key(of.resource_id.as_str())?;
                Some((state.catalogue.row_id(key)?, of.score))
            });
            (key, row, rows.collect::<Vec<_>>())
        };
        let candidates = MIN_CANDIDATES.max(CANDIDATES_PER_USER * limit) as u64;
        let users = self.inner.store.users_who_like(&neighbours, row, candidates).await?;
        let mut views = Vec::with_capacity(users.len());
        for user in users {
            let view = self.inner.users.get(&user, &self.inner.store, &self.inner.state, || Ok(())).await?;
            views.push((user, view));
        }
        let inner = Arc::clone(&self.inner);
        let (place, _waiting) = self.inner.workload.enter(self.inner.workload.join(0)?).await;
        spawn_blocking(move || {
            let state = inner.state.read();
            let mut members = Vec::with_capacity(views.len());
            for (user_id, view) in views {
                place.check()?;
                let score = score(&state, &user_id, &view, key, &inner.config)?;
                members.extend(score.map(|score| AudienceMember { user_id, score }));
            }
            members.sort_by(|a: &AudienceMember, b| {
                b.score.total_cmp(&a.score).then_with(|| a.user_id.cmp(&b.user_id))
            });
            members.truncate(limit);
            Ok(members)
        })
        .await
        .map_err(Error::task)?
    }
}

/// Returns the score of a resource for a user; `None` if it must not be recommended.
fn score(
    state: &State,
    user_id: &UserId,
    user: &UserView,
    key: u32,
    config: &EngineConfig,
) -> Result<Option<f64>, Error> {
    let (request, shown, now) = (RecommendRequest::new(user_id.clone()), BTreeSet::new(), now());
    let excluded = exclusions(state, user, &request, &shown, config, now);
    let Some(entry) = state.catalogue.get(key) else { return Ok(None) };
    // The caller chose the resource, whatever its quality and its day of publication.
    let rules = docent_ranker::Exclusions { fence: None, published_by: None, ..excluded };
    if rules.reason(&entry.facts(key)).is_some() {
        return Ok(None);
    }
    let terms = Terms { config, now, among: Some(&[key]), place: None, slot: None };
    let chosen = choose(state, user, &request, &shown, &terms)?;
    Ok(chosen.ranking.first().map(|ranked| ranked.score))
}
