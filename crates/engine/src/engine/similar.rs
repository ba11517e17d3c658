use std::sync::Arc;

use docent_domain::{Component, ComponentScores, ResourceId, Weights};
use docent_linalg::keep_best;
use docent_models::CollaborativeModel;
use docent_ranker::{HybridScore, HybridWeights, Reason, cosine, hybrid_score};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Engine;
use crate::{
    Error, SimilarResource,
    blocking::spawn_blocking,
    component_scores::proximity,
    explain::{are_chosen_together, carrying, link_reasons, shares_author, with_ids},
    limit_checked,
    state::{State, read},
};

/// Number of neighbours that each component proposes.
const PROPOSED: usize = 200;

impl Engine {
    /// Returns the resources that are most similar to one, best first: by content, by the users who
    /// choose them, and by links. Hidden resources are left out.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown resource, [`Error::InvalidInput`] for a limit out of
    /// range, [`Error::Overloaded`] if `answers_waiting` others wait already.
    pub async fn similar(&self, id: &ResourceId, limit: usize) -> Result<Vec<SimilarResource>, Error> {
        limit_checked(limit)?;
        let (inner, id) = (Arc::clone(&self.inner), id.clone());
        let (place, _waiting) = self.inner.workload.enter().await?;
        spawn_blocking(move || {
            place.check()?;
            let state = read(&inner.state);
            let found = state.catalogue.key(id.as_str()).filter(|key| state.catalogue.is_visible(*key));
            let key = found.ok_or_else(|| Error::unknown_resource(&id))?;
            neighbours(&state, key, limit, &inner.config.weights)
        })
        .await
        .map_err(Error::task)?
    }
}

fn neighbours(
    state: &State,
    key: u32,
    limit: usize,
    weights: &Weights,
) -> Result<Vec<SimilarResource>, Error> {
    let graph = if state.graph.degree(key) > 0 {
        Some(state.graph.personalised_pagerank(&[(key, 1.0)], &state.walk_config())?)
    } else {
        None
    };
    let nearest = graph.iter().flatten().map(|&(_, share)| share).fold(0.0, f32::max);
    let shares: FxHashMap<u32, f32> = graph.iter().flatten().copied().collect();
    let mut found: Vec<(HybridScore, u32, ComponentScores)> = proposed(state, key, graph.as_deref())
        .into_iter()
        .map(|other| {
            let vectors = state.vectors.get(key).zip(state.vectors.get(other));
            let share = shares.get(&other).copied();
            let scores = ComponentScores {
                content: vectors.map(|(a, b)| cosine(a, b).max(0.0)),
                collaborative: factors_cosine(state, key, other).map(|cosine| cosine.max(0.0)),
                graph: graph.as_ref().and_then(|_| proximity(&state.graph, other, share, nearest)),
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

/// Returns the visible neighbours that the vectors, the factors and the walk over the graph
/// propose.
fn proposed(state: &State, key: u32, graph: Option<&[(u32, f32)]>) -> FxHashSet<u32> {
    let is_neighbour = |other: u32| other != key && state.catalogue.is_visible(other);
    let mut proposed = FxHashSet::default();
    if let Some(vector) = state.vectors.get(key) {
        proposed.extend(state.vectors.nearest(vector, PROPOSED, is_neighbour).into_iter().map(|near| near.0));
    }
    proposed.extend(nearest_by_factors(state, key).into_iter().filter(|other| is_neighbour(*other)));
    let linked = graph.into_iter().flatten().map(|&(other, _)| other).filter(|other| is_neighbour(*other));
    proposed.extend(linked.take(PROPOSED));
    proposed
}

/// Returns the collaborative factors of a resource that any user chose.
fn factors(state: &State, key: u32) -> Option<&[f32]> {
    let model = &state.live.as_deref()?.model;
    let row = state.row(key).filter(|row| model.is_chosen(*row))?;
    model.collaborative.item_factors(row)
}

fn factors_cosine(state: &State, key: u32, other: u32) -> Option<f64> {
    Some(cosine(factors(state, key)?, factors(state, other)?))
}

/// Returns the resources with the nearest factors, best first.
fn nearest_by_factors(state: &State, key: u32) -> Vec<u32> {
    let keys = 0..state.catalogue.len() as u32;
    let mut others: Vec<(f64, u32)> = keys
        .filter(|&other| other != key)
        .filter_map(|other| Some((factors_cosine(state, key, other)?, other)))
        .collect();
    keep_best(&mut others, PROPOSED, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    others.into_iter().map(|(_, other)| other).collect()
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
