//! Component scores of candidates for one user.
//!
//! Each component is brought to `[0, 1]` by one linear map, in which the average resource has
//! [`AVERAGE_SCORE`] and the mean of the best twice that. Its statistics are those of the catalogue
//! and of the user: a resource has the same score whichever candidates it is among.

use chrono::{DateTime, Utc};
use docent_domain::{ComponentScores, UNKNOWN_QUALITY, recency, slope};
use docent_linalg::{dot, dot_each};
use docent_models::UserScores;
use docent_ranker::{AVERAGE_SCORE, UnitMap, best_of, to_unit};

use crate::{Error, catalogue::Entry, state::State, user_context::UserContext};

/// Number of steps of the scores that follow from the user and the state: those that fit sixteen
/// bits, as answers keep them, and that leave [`AVERAGE_SCORE`] and its multiples as they are.
const STEPS: f64 = 65_532.0;

/// Returns the number of steps of a score in `[0, 1]`.
pub(crate) fn steps_of(score: f64) -> u16 {
    (score * STEPS).round() as u16
}

/// Returns the score of this many steps.
pub(crate) fn score_of(steps: u16) -> f64 {
    f64::from(steps) / STEPS
}

fn in_steps(score: Option<f64>) -> Option<f64> {
    score.map(|score| score_of(steps_of(score)))
}

/// A candidate and what the state knows of it, each looked up once.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub key: u32,
    pub entry: Option<&'a Entry>,
    /// Row of the model; `None` for a resource that no user had chosen at training.
    pub row: Option<u32>,
    /// Vector of the text, `[dim]`.
    pub vector: Option<&'a [f32]>,
}

impl<'a> Known<'a> {
    pub(crate) fn of(state: &'a State, key: u32) -> Self {
        let (entry, row) = (state.catalogue.get(key), state.chosen_row(key));
        Self { key, entry, row, vector: state.vectors.get(key) }
    }

    /// Returns all component scores, of which three are of the user.
    pub(crate) fn scores(
        &self,
        collaborative: Option<f64>,
        content: Option<f64>,
        graph: Option<f64>,
        now: DateTime<Utc>,
    ) -> ComponentScores {
        let quality = self.entry.and_then(|entry| entry.quality).unwrap_or(UNKNOWN_QUALITY);
        let recency = recency(self.entry.and_then(|entry| entry.published_at), now);
        ComponentScores { collaborative, content, graph, quality: Some(quality), recency: Some(recency) }
    }
}

impl UserContext<'_> {
    /// Returns the component scores of candidates, in their order, each in `[0, 1]`. A candidate
    /// without a score in a component has none. The two that cost most have steps: all answers rank
    /// by what [`Prepared`](crate::prepared::Prepared) can keep.
    pub(crate) fn scores(&self, candidates: &[Known<'_>]) -> Result<Vec<ComponentScores>, Error> {
        let collaborative = self.collaborative_scores(candidates)?;
        let content = match &self.content {
            Some(content) => content.scores(candidates),
            None => vec![None; candidates.len()],
        };
        Ok(candidates
            .iter()
            .zip(collaborative)
            .zip(content)
            .map(|((known, collaborative), content)| {
                let [collaborative, content] = [collaborative, content].map(in_steps);
                known.scores(collaborative, content, self.graph_score(known.key), self.now)
            })
            .collect())
    }

    /// Returns the components that are available for the user, in the order of
    /// [`Component::ALL`](docent_domain::Component::ALL).
    pub(crate) fn available(&self) -> [bool; 5] {
        let collaborative = self.has_blend() || self.popularity_replaces_collaborative();
        [collaborative, self.content.is_some(), self.graph.is_some(), true, true]
    }

    /// Returns the scores of the model's blend. Resources that no user chose before training, and
    /// those that the model does not know, have the score that the map of texts predicts.
    fn collaborative_scores(&self, candidates: &[Known<'_>]) -> Result<Vec<Option<f64>>, Error> {
        let Some(blend) = self.blend()? else {
            let replaced = self.popularity_replaces_collaborative();
            let fallback = |known: &Known<'_>| replaced.then(|| self.state.fallback(known.key));
            return Ok(candidates.iter().map(fallback).collect());
        };
        let modelled: Vec<u32> = candidates.iter().filter_map(|known| known.row).collect();
        let mut scores = if modelled.len() * 2 < self.state.n_rows() {
            blend.scores.score(&modelled)?
        } else {
            // Evaluations rank most of the catalogue: scoring all items at once is faster then.
            let all = blend.scores.all()?;
            modelled.iter().map(|row| all.get(*row as usize).copied().unwrap_or_default()).collect()
        }
        .into_iter();
        let scored = candidates.iter().map(|known| {
            let score = match known.row {
                Some(_) => blend.scale.apply(scores.next()?),
                None => blend.of_text.as_ref()?.score(known.vector?),
            };
            Some(to_unit(score))
        });
        Ok(scored.collect())
    }

    /// Returns the proximity of a resource in the graph; `None` for one without links.
    fn graph_score(&self, key: u32) -> Option<f64> {
        let near = self.graph.as_ref()?;
        (self.state.graph.degree(key) > 0).then(|| near.map.apply(near.proximity(key)))
    }

    /// Returns true if users chose the resource, and the model rates it above the average one.
    pub(crate) fn is_liked_by_similar_users(&self, key: u32, score: Option<f64>) -> bool {
        let is_above = score.is_some_and(|score| score > AVERAGE_SCORE);
        self.has_blend() && is_above && self.state.chosen_row(key).is_some()
    }
}

/// Content scores for one content profile: the mean of two dot products with it, each on the scale
/// of components. One is that of the resource's own vector, the other that of its audience.
///
/// Unchosen resources, and those that arrived after training, have no audience; they count as the
/// average resource with the same score of its own vector. A resource without a vector counts as
/// average in it.
pub(crate) struct ContentScores<'a> {
    state: &'a State,
    /// Content profile, `[dim]`.
    pub profile: Vec<f32>,
    pub scale: ContentScale,
}

/// Scale of the content scores of one user.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ContentScale {
    own: UnitMap,
    audience: UnitMap,
    /// Rise of the score of the audience with that of the own vector.
    slope: f32,
    /// Scale of the mean of both.
    both: UnitMap,
}

impl<'a> ContentScores<'a> {
    /// Looks at a sample of the catalogue for the scale. `profile` is `[dim]`.
    pub(crate) fn of(state: &'a State, profile: Vec<f32>) -> Self {
        let sample: Vec<(Option<f32>, Option<f32>)> = state.sample().products(&profile).collect();
        Self { scale: ContentScale::of(&sample, state.catalogue.len()), state, profile }
    }

    /// Returns the scores for a profile, `[dim]`, on a scale that is known.
    pub(crate) fn on(scale: ContentScale, state: &'a State, profile: Vec<f32>) -> Self {
        Self { state, profile, scale }
    }

    /// Returns the scores for another profile, `[dim]`, on the scale of this one.
    pub(crate) fn for_profile(&self, profile: Vec<f32>) -> Self {
        Self { profile, ..*self }
    }

    /// Returns the score of a resource, in `[0, 1]`; `None` without a vector and an audience.
    pub(crate) fn score(&self, key: u32) -> Option<f64> {
        let mean = self.scale.mean_of(self.dot_own(key), self.dot_audience(key))?;
        Some(self.scale.both.apply(mean))
    }

    /// Returns the scores of candidates, in their order; as [`ContentScores::score`].
    fn scores(&self, candidates: &[Known<'_>]) -> Vec<Option<f64>> {
        let own = self.products(candidates.iter().map(|known| known.vector));
        let audience = self.products(candidates.iter().map(|known| self.state.audience_of(known.row?)));
        let means = own.into_iter().zip(audience).map(|(own, audience)| self.scale.mean_of(own, audience));
        means.map(|mean| Some(self.scale.both.apply(mean?))).collect()
    }

    /// Returns the products of vectors, `[dim]` each, with the profile.
    fn products<'v>(&self, vectors: impl Iterator<Item = Option<&'v [f32]>>) -> Vec<Option<f32>> {
        let (mut rows, mut products) = (Vec::new(), Vec::new());
        let is_known: Vec<bool> = vectors
            .map(|vector| {
                rows.push(vector.unwrap_or(&[]));
                vector.is_some()
            })
            .collect();
        dot_each(&self.profile, &rows, &mut products);
        is_known.into_iter().zip(products).map(|(is_known, product)| is_known.then_some(product)).collect()
    }

    fn dot_own(&self, key: u32) -> Option<f32> {
        Some(dot(self.state.vectors.get(key)?, &self.profile))
    }

    fn dot_audience(&self, key: u32) -> Option<f32> {
        Some(dot(self.state.audience(key)?, &self.profile))
    }
}

impl ContentScale {
    /// Returns the scale by the products of a sample of `n` resources: with their own vectors, and
    /// with those of their audiences.
    fn of(sample: &[(Option<f32>, Option<f32>)], n: usize) -> Self {
        let map = |scores: Vec<f32>| UnitMap::of_sample(scores, n);
        let own = map(sample.iter().filter_map(|(own, _)| *own).collect());
        let audience = map(sample.iter().filter_map(|(_, audience)| *audience).collect());
        let points = sample.iter().filter_map(|(of_own, of_audience)| {
            Some((own.apply((*of_own)?) as f32, audience.apply((*of_audience)?) as f32))
        });
        let slope = slope(&points.collect::<Vec<_>>()).clamp(0.0, 1.0);
        let scale = Self { own, audience, slope, both: UnitMap::default() };
        let means = sample.iter().filter_map(|(own, audience)| scale.mean_of(*own, *audience));
        Self { both: map(means.collect()), ..scale }
    }

    fn mean_of(self, own: Option<f32>, audience: Option<f32>) -> Option<f32> {
        let own = own.map(|score| self.own.apply(score));
        let audience = audience.map(|score| self.audience.apply(score));
        own.or(audience)?;
        let own = own.unwrap_or(AVERAGE_SCORE);
        let expected = AVERAGE_SCORE + f64::from(self.slope) * (own - AVERAGE_SCORE);
        Some(((own + audience.unwrap_or(expected)) / 2.0) as f32)
    }
}

/// Returns the scale of proximities, square roots of PageRank, in a graph of `n_linked` resources.
/// `best` are those of the best resources outside the seeds, `sum` is that of all.
pub(crate) fn proximity_map(best: impl Iterator<Item = f32>, sum: f32, n_linked: usize) -> UnitMap {
    let best: Vec<f32> = best.take(best_of(n_linked)).collect();
    let of_best = best.iter().sum::<f32>() / best.len().max(1) as f32;
    UnitMap::new(sum / n_linked.max(1) as f32, of_best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_of_proximities_is_that_of_all_linked_resources() {
        let near = proximity_map([3.0, 1.0].into_iter(), 4.0, 10);
        assert_eq!([0.4, 2.0].map(|s| near.apply(s)), [0.25, 0.5]);
    }
}
