//! Component scores of candidates for one user.

use docent_domain::{COLD_START_BELOW, ComponentScores, UNKNOWN_QUALITY, recency};
use docent_graph::Graph;
use docent_linalg::dot;
use docent_models::CollaborativeModel;
use rustc_hash::FxHashMap;

use crate::{Error, user_context::UserContext};

impl UserContext<'_> {
    /// Returns the component scores of candidates, in their order, each in `[0, 1]`.
    pub(crate) fn scores(&self, candidates: &[u32]) -> Result<Vec<ComponentScores>, Error> {
        let collaborative = self.collaborative_scores(candidates)?;
        let content = self.content_scores(candidates);
        let graph = self.graph_scores(candidates);
        Ok(candidates
            .iter()
            .zip(collaborative)
            .zip(content)
            .zip(graph)
            .map(|(((key, collaborative), content), graph)| {
                let entry = self.state.catalogue.get(*key);
                ComponentScores {
                    collaborative,
                    content,
                    graph,
                    quality: Some(entry.and_then(|entry| entry.quality).unwrap_or(UNKNOWN_QUALITY)),
                    recency: Some(recency(entry.and_then(|entry| entry.published_at), self.now)),
                }
            })
            .collect())
    }

    /// Returns `trust * s + (1 - trust) * popularity`, where `s` is the score of the model's blend,
    /// scaled to `[0, 1]` over the candidates. Resources that the model does not know have no
    /// score.
    fn collaborative_scores(&self, candidates: &[u32]) -> Result<Vec<Option<f64>>, Error> {
        let Some(live) = self.state.live.as_deref().filter(|_| !self.history.is_empty()) else {
            let replaced = self.popularity_replaces_collaborative();
            return Ok(candidates.iter().map(|key| replaced.then(|| self.state.popularity(*key))).collect());
        };
        let rows: Vec<Option<u32>> = candidates.iter().map(|key| self.state.row(*key)).collect();
        let modelled: Vec<u32> = rows.iter().copied().flatten().collect();
        let mut blended = Vec::new();
        let model = &live.model.collaborative;
        if modelled.len() * 2 < model.n_items() {
            model.score(&self.history, &modelled, &mut blended)?;
        } else {
            // Evaluations rank most of the catalogue: scoring all items at once is faster then.
            let mut all = Vec::new();
            model.score_all(&self.history, &mut all)?;
            blended.extend(modelled.iter().filter_map(|row| all.get(*row as usize)));
        }
        let mut scaled = scaled_to_unit(&blended).into_iter();
        let trust = trust(self.known_positives());
        let mut scores = Vec::with_capacity(candidates.len());
        for (key, row) in candidates.iter().zip(rows) {
            scores.push(match row.and_then(|row| Some((row, scaled.next()?))) {
                // The model's score of an item that no user chose is noise: it comes last instead,
                // as its popularity does.
                Some((row, _)) if !live.model.is_chosen(row) => Some(0.0),
                Some((_, score)) => Some(trust * score + (1.0 - trust) * self.state.popularity(*key)),
                None => None,
            });
        }
        Ok(scores)
    }

    fn content_scores(&self, candidates: &[u32]) -> Vec<Option<f64>> {
        match &self.content {
            Some(profile) => self.content_scores_by(profile, candidates),
            None => vec![None; candidates.len()],
        }
    }

    /// Returns the content scores for a content profile, `[dim]`: the mean of two dot products with
    /// it, each scaled to `[0, 1]` over the candidates. One is that of the resource's own vector,
    /// the other that of its audience.
    ///
    /// Resources that arrived after training have no audience, and audiences that are equal for all
    /// candidates carry no information; the score is then that of the vector alone.
    pub(crate) fn content_scores_by(&self, profile: &[f32], candidates: &[u32]) -> Vec<Option<f64>> {
        let own = candidates.iter().map(|key| Some(dot(self.state.vectors.get(*key)?, profile)));
        let live = self.state.live.as_deref();
        let audience = candidates
            .iter()
            .map(|key| Some(dot(live?.model.audience.of_item(self.state.row(*key)?)?, profile)));
        let mut audience = some_scaled_to_unit(audience);
        if audience.windows(2).all(|pair| pair[0] == pair[1]) {
            audience.fill(None);
        }
        some_scaled_to_unit(own)
            .into_iter()
            .zip(audience)
            .map(|(own, audience)| match (own, audience) {
                (Some(own), Some(audience)) => Some((own + audience) / 2.0),
                (own, audience) => own.or(audience),
            })
            .collect()
    }

    /// Returns the proximity of each candidate relative to the nearest one; resources without links
    /// have no score.
    fn graph_scores(&self, candidates: &[u32]) -> Vec<Option<f64>> {
        let Some(near) = &self.graph else { return vec![None; candidates.len()] };
        let shares: FxHashMap<u32, f32> = near.iter().copied().collect();
        let nearest = candidates.iter().filter_map(|key| shares.get(key)).copied().fold(0.0, f32::max);
        candidates
            .iter()
            .map(|key| proximity(&self.state.graph, *key, shares.get(key).copied(), nearest))
            .collect()
    }

    /// Returns true if a collaborative score says more than the popularity that is mixed into it:
    /// it is more than twice `(1 - trust) * popularity`.
    pub(crate) fn is_liked_by_similar_users(&self, key: u32, score: Option<f64>) -> bool {
        let popularity = (1.0 - trust(self.known_positives())) * self.state.popularity(key);
        let is_chosen = self.state.catalogue.get(key).is_some_and(|entry| entry.views() > 0);
        is_chosen && !self.history.is_empty() && score.is_some_and(|score| score > 2.0 * popularity)
    }
}

/// Returns `sqrt(share / nearest)`, where `share` is the PageRank of the resource and `nearest`
/// that of the nearest one; `None` for a resource without links. PageRank falls off steeply with
/// distance, and the square root spreads the small values.
pub(crate) fn proximity(graph: &Graph, key: u32, share: Option<f32>, nearest: f32) -> Option<f64> {
    let share = share.filter(|_| nearest > 0.0).map_or(0.0, |share| f64::from(share / nearest).sqrt());
    (graph.degree(key) > 0).then_some(share)
}

/// Returns the weight of the model against popularity for a user with this number of positives that
/// the model knows. Grows linearly to 1 at the end of the cold start: the vector of a short history
/// is mostly noise.
fn trust(known_positives: usize) -> f64 {
    (known_positives as f64 / COLD_START_BELOW as f64).min(1.0)
}

/// Applies [`scaled_to_unit`] to the scores that are present.
fn some_scaled_to_unit(scores: impl Iterator<Item = Option<f32>>) -> Vec<Option<f64>> {
    let scores: Vec<Option<f32>> = scores.collect();
    let present: Vec<f32> = scores.iter().copied().flatten().collect();
    let mut scaled = scaled_to_unit(&present).into_iter();
    scores.iter().map(|score| score.and_then(|_| scaled.next())).collect()
}

/// Returns `(s - min) / (max - min)` for each score; 0.5 if all scores are equal.
fn scaled_to_unit(scores: &[f32]) -> Vec<f64> {
    let low = scores.iter().copied().fold(f32::INFINITY, f32::min);
    let high = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let span = f64::from(high) - f64::from(low);
    scores.iter().map(|&s| if span > 0.0 { (f64::from(s) - f64::from(low)) / span } else { 0.5 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_without_links_has_no_graph_score_and_a_distant_one_has_zero() {
        let edges = [docent_graph::Edge { from: 0, to: 1, kind: 0, weight: 1.0 }];
        let graph = Graph::from_edges(3, vec!["citation".into()], edges).unwrap();
        assert_eq!(proximity(&graph, 0, Some(0.25), 1.0), Some(0.5));
        assert_eq!(proximity(&graph, 1, None, 1.0), Some(0.0));
        assert_eq!(proximity(&graph, 2, None, 1.0), None);
    }

    #[test]
    fn scaled_scores_run_from_0_to_1() {
        assert_eq!(scaled_to_unit(&[2.0, 4.0, 3.0]), [0.0, 1.0, 0.5]);
        assert_eq!(scaled_to_unit(&[2.0, 2.0]), [0.5, 0.5]);
        assert!(scaled_to_unit(&[]).is_empty());
    }
}
