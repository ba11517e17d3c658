use std::sync::Arc;

use docent_domain::{Component, ComponentScores, ResourceId, Weights};
use docent_linalg::keep_best;
use docent_models::CollaborativeModel;
use docent_ranker::{HybridScore, Reason, cosine, hybrid_score};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Engine;
use crate::{
    Error, SimilarResource,
    blocking::spawn_blocking,
    component_scores::nearness,
    engine::recommend::limit_checked,
    explain::{are_chosen_together, carrying, link_reasons, named, shares_author},
    state::State,
    user_cache::read,
};

/// How many neighbours each component proposes.
const PROPOSED: usize = 200;

impl Engine {
    /// The resources nearest to one: by content, by who chooses them, and by links; without hidden ones.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InvalidInput`] for a limit out of range.
    pub async fn similar(&self, id: &ResourceId, limit: usize) -> Result<Vec<SimilarResource>, Error> {
        limit_checked(limit)?;
        let (inner, id) = (Arc::clone(&self.inner), id.clone());
        spawn_blocking(move || {
            let state = read(&inner.state);
            let found = state.catalogue.key(id.as_str());
            let visible = found.filter(|key| state.catalogue.get(*key).is_some_and(|entry| !entry.hidden));
            let key = visible.ok_or_else(|| Error::unknown_resource(&id))?;
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
    let visible = |other: u32| other != key && state.catalogue.get(other).is_some_and(|entry| !entry.hidden);
    let content = state.vectors.get(key).map(|vector| state.vectors.nearest(vector, PROPOSED, visible));
    let graph = if state.graph.degree(key) > 0 {
        Some(state.graph.personalised_pagerank(&[(key, 1.0)], &state.walk())?)
    } else {
        None
    };
    let nearest = graph.iter().flatten().map(|&(_, score)| score).fold(0.0, f32::max);
    let near: FxHashMap<u32, f32> = graph.iter().flatten().copied().collect();
    let proposed = content.iter().flatten().map(|&(other, _)| other);
    let proposed = proposed.chain(chosen_alike(state, key));
    let linked = graph.iter().flatten().map(|&(other, _)| other).filter(|&other| visible(other));
    let proposed: FxHashSet<u32> =
        proposed.filter(|&other| visible(other)).chain(linked.take(PROPOSED)).collect();

    let mut found: Vec<(HybridScore, u32, ComponentScores)> = proposed
        .into_iter()
        .map(|other| {
            let scores = ComponentScores {
                content: state
                    .vectors
                    .get(key)
                    .zip(state.vectors.get(other))
                    .map(|(a, b)| cosine(a, b).max(0.0)),
                collaborative: factors_cosine(state, key, other).map(|c| c.max(0.0)),
                graph: graph
                    .as_ref()
                    .and_then(|_| nearness(&state.graph, other, near.get(&other).copied(), nearest)),
                ..ComponentScores::default()
            };
            (hybrid_score(&scores, weights), other, scores)
        })
        .collect();
    keep_best(&mut found, limit, |a, b| b.0.score.total_cmp(&a.0.score).then(a.1.cmp(&b.1)));
    let neighbour = |(hybrid, other, scores): (HybridScore, u32, ComponentScores)| {
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
    };
    Ok(found.into_iter().filter_map(neighbour).collect())
}

/// Factors of a resource that anybody chose.
fn factors(state: &State, key: u32) -> Option<&[f32]> {
    let model = &state.live.as_deref()?.model;
    let row = state.row(key)?;
    let is_chosen = model.popularity.get(row as usize).is_some_and(|&count| count > 0);
    is_chosen.then(|| model.collaborative.item_factors(row)).flatten()
}

fn factors_cosine(state: &State, key: u32, other: u32) -> Option<f64> {
    Some(cosine(factors(state, key)?, factors(state, other)?))
}

/// The resources whose factors are nearest, best first.
fn chosen_alike(state: &State, key: u32) -> Vec<u32> {
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
    for component in carrying(hybrid) {
        let reason = match component {
            Component::Content => scores.content.map(|weight| Reason::SimilarTo { resource: key, weight }),
            Component::Collaborative => Some(Reason::LikedBySimilarUsers),
            Component::Graph => are_chosen_together(state, key, other).then_some(Reason::LikedBySimilarUsers),
            Component::Quality | Component::Recency => None,
        };
        reasons.extend(reason.filter(|reason| !reasons.contains(reason)));
    }
    named(state, reasons)
}
