use std::{collections::BTreeSet, sync::Arc};

use docent_domain::{Component, ComponentScores, ResourceId, Weights};
use docent_linalg::keep_best;
use docent_models::CollaborativeModel;
use docent_ranker::{Exclusions, Filter, HybridScore, HybridWeights, Reason, cosine, hybrid_score};
use roaring::RoaringBitmap;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Engine, now};
use crate::{
    Error, SimilarPage, SimilarRequest, SimilarResource,
    blocking::spawn_blocking,
    candidates::nearest,
    explain::{are_chosen_together, carrying, link_reasons, shares_author, with_ids},
    pool::Pool,
    state::State,
};

/// Number of neighbours that each component proposes.
const PROPOSED: usize = 200;

impl Engine {
    /// Returns the resources that are most similar to one, best first: by content, by the users who
    /// choose them, and by links. Hidden resources are left out.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown resource, and with `include_unpublished` false for one
    /// that is not published yet; [`Error::InvalidInput`] for a limit out of range,
    /// [`Error::Overloaded`] if `answers_waiting` others wait already.
    pub async fn similar(&self, id: &ResourceId, limit: usize) -> Result<Vec<SimilarResource>, Error> {
        Ok(self.similar_to(SimilarRequest::new(id.clone()).limit(limit)).await?.similar)
    }

    /// Returns a page of the resources that are most similar to one, as [`Engine::similar`] does,
    /// with the options of the request.
    ///
    /// # Errors
    /// As [`Engine::similar`]; [`Error::InvalidInput`] for too many ids or a cursor of another
    /// request, too.
    pub async fn similar_to(&self, request: SimilarRequest) -> Result<SimilarPage, Error> {
        request.check()?;
        let shown = request.shown()?;
        let inner = Arc::clone(&self.inner);
        let queued = self.inner.workload.join(request.filter.as_ref().map_or(0, Filter::cost))?;
        let (place, _waiting) = self.inner.workload.enter(queued).await;
        spawn_blocking(move || {
            place.check()?;
            let state = inner.state.read();
            let id = &request.resource_id;
            let hides_unpublished = request.include_unpublished == Some(false);
            let found = state.catalogue.shown_key(id, hides_unpublished.then(now));
            let key = found.ok_or_else(|| Error::unknown_resource(id))?;
            let exclusions = exclusions(&state, &request, &shown, inner.config.include_unpublished);
            let mut pool = Pool::of(&state, &exclusions).allowed;
            pool.remove(key);
            // One more than the page holds, to know whether the list continues.
            let mut found = neighbours(&state, key, request.limit + 1, &inner.config.weights, &pool)?;
            let continues = found.len() > request.limit;
            found.truncate(request.limit);
            Ok(page(&state, &request, shown, found, continues))
        })
        .await
        .map_err(Error::task)?
    }
}

/// Returns the rules that keep resources out of a page after the row ids `shown`.
fn exclusions<'a>(
    state: &State,
    request: &'a SimilarRequest,
    shown: &BTreeSet<i64>,
    include_unpublished: bool,
) -> Exclusions<'a> {
    let shown = shown.iter().filter_map(|row| state.catalogue.key_of_row_id(*row));
    let excluded = request.exclude.iter().filter_map(|id| state.catalogue.key(id.as_str()));
    let include_unpublished = request.include_unpublished.unwrap_or(include_unpublished);
    Exclusions {
        published_by: (!include_unpublished).then(now),
        requested: excluded.chain(shown).collect(),
        filter: request.filter.as_ref(),
        ..Exclusions::default()
    }
}

/// Returns the page, with a cursor behind it if the list continues.
fn page(
    state: &State,
    request: &SimilarRequest,
    mut shown: BTreeSet<i64>,
    similar: Vec<SimilarResource>,
    continues: bool,
) -> SimilarPage {
    let keys = similar.iter().filter_map(|of| state.catalogue.key(of.resource_id.as_str()));
    shown.extend(keys.filter_map(|key| state.catalogue.row_id(key)));
    let next_cursor = continues.then(|| request.cursor_after(shown)).flatten();
    SimilarPage { similar, next_cursor }
}

fn neighbours(
    state: &State,
    key: u32,
    limit: usize,
    weights: &Weights,
    pool: &RoaringBitmap,
) -> Result<Vec<SimilarResource>, Error> {
    let graph = if state.graph.degree(key) > 0 {
        Some(state.graph.personalised_pagerank(&[(key, 1.0)], &state.walk_config())?)
    } else {
        None
    };
    let nearest = graph.iter().flatten().map(|&(_, share)| share).fold(0.0, f32::max);
    let shares: FxHashMap<u32, f32> = graph.iter().flatten().copied().collect();
    let mut found: Vec<(HybridScore, u32, ComponentScores)> = proposed(state, key, graph.as_deref(), pool)
        .into_iter()
        .map(|other| {
            let vectors = state.vectors.get(key).zip(state.vectors.get(other));
            let share = shares.get(&other).copied();
            let scores = ComponentScores {
                content: vectors.map(|(a, b)| cosine(a, b).max(0.0)),
                collaborative: factors_cosine(state, key, other).map(|cosine| cosine.max(0.0)),
                graph: graph.as_ref().and_then(|_| state.graph.proximity(other, share, nearest)),
                ..ComponentScores::default()
            };
            // A neighbour is rated by what the two have in common to compare.
            let available = Component::ALL.map(|component| scores.get(component).is_some());
            let weights = HybridWeights { available, ..HybridWeights::new(*weights) };
            (hybrid_score(&scores, &weights, false), other, scores)
        })
        .collect();
    keep_best(&mut found, limit, |a, b| b.0.score.total_cmp(&a.0.score).then(a.1.cmp(&b.1)));
    Ok(found
        .into_iter()
        .filter_map(|(hybrid, other, scores)| {
            let entry = state.catalogue.get(other)?;
            Some(SimilarResource {
                resource_id: entry.id.clone(),
                title: entry.title.clone(),
                score: hybrid.score,
                content: scores.get(Component::Content),
                collaborative: scores.get(Component::Collaborative),
                graph: scores.get(Component::Graph),
                reasons: reasons(state, key, other, &scores, &hybrid),
            })
        })
        .collect())
}

/// Returns the neighbours of a pool that the vectors, the factors and the walk over the graph
/// propose.
fn proposed(state: &State, key: u32, graph: Option<&[(u32, f32)]>, pool: &RoaringBitmap) -> FxHashSet<u32> {
    let mut proposed = FxHashSet::default();
    if let Some(vector) = state.vectors.get(key) {
        proposed.extend(nearest(state, vector, PROPOSED, pool));
    }
    proposed.extend(nearest_by_factors(state, key, pool));
    let linked = graph.into_iter().flatten().map(|&(other, _)| other).filter(|other| pool.contains(*other));
    proposed.extend(linked.take(PROPOSED));
    proposed
}

/// Returns the collaborative factors of a resource that any user chose.
fn factors(state: &State, key: u32) -> Option<&[f32]> {
    state.live.as_deref()?.collaborative.item_factors(state.chosen_row(key)?)
}

fn factors_cosine(state: &State, key: u32, other: u32) -> Option<f64> {
    Some(cosine(factors(state, key)?, factors(state, other)?))
}

/// Returns the resources of a pool with the nearest factors, best first.
fn nearest_by_factors(state: &State, key: u32, pool: &RoaringBitmap) -> Vec<u32> {
    let Some((live, row)) = state.live.as_deref().zip(state.chosen_row(key)) else { return Vec::new() };
    let is_neighbour = |row: u32| {
        state.is_chosen_row(row) && state.key_of_row(row).is_some_and(|other| pool.contains(other))
    };
    let rows = live.collaborative.nearest_items(row, PROPOSED, &is_neighbour);
    rows.into_iter().filter_map(|row| state.key_of_row(row)).collect()
}

fn reasons(
    state: &State,
    key: u32,
    other: u32,
    scores: &ComponentScores,
    hybrid: &HybridScore,
) -> Vec<Reason<ResourceId>> {
    let mut reasons: Vec<Reason<u32>> = link_reasons(state, other, key).collect();
    if let (Some(a), Some(b)) = (state.catalogue.get(key), state.catalogue.get(other))
        && shares_author(a, b)
    {
        reasons.push(Reason::SameAuthor { resource: key });
    }
    for component in carrying(hybrid, scores) {
        let reason = match component {
            Component::Content => scores.content.map(|weight| Reason::SimilarTo { resource: key, weight }),
            Component::Collaborative => Some(Reason::LikedBySimilarUsers),
            Component::Graph => are_chosen_together(state, key, other).then_some(Reason::LikedBySimilarUsers),
            Component::Quality | Component::Recency => None,
        };
        reasons.extend(reason.filter(|reason| !reasons.contains(reason)));
    }
    with_ids(state, reasons)
}
