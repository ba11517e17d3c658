//! The scores by which the shares of a blend are compared.

use std::collections::HashSet;

use docent_evaluation::{rank_against, top_k};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{
    Objective,
    validation::{Case, score_of},
};

/// Competitors of a held-out item where the whole catalogue is ranked: the best of each model.
const BEST_OF_EACH: usize = 100;
/// Competitors of a held-out item where a sample is ranked.
const SAMPLE: usize = 1_000;

/// Scores of one case by model.
pub(super) struct Contest {
    /// Scores of the held-out item, `[models]`.
    own: Vec<f32>,
    /// Scores of its competitors, `[models][others]`.
    others: Vec<Vec<f32>>,
}

impl Contest {
    /// Takes the held-out item and its competitors out of the scores of all items,
    /// `[models][n_items]`: the best of each model where the whole catalogue is ranked, else a
    /// random sample.
    pub(super) fn of(case: &Case, scores: &[Vec<f32>], objective: Objective, seed: u64) -> Self {
        let nothing = HashSet::new();
        let mut others: Vec<u32> = match objective {
            Objective::Full { .. } => {
                scores.iter().flat_map(|scores| top_k(scores, &case.seen, &nothing, BEST_OF_EACH)).collect()
            }
            Objective::Sampled { .. } => {
                let n_items = scores.first().map_or(0, Vec::len).max(1);
                let mut rng = StdRng::seed_from_u64(seed);
                (0..SAMPLE).map(|_| rng.random_range(0..n_items) as u32).collect()
            }
        };
        others.retain(|item| *item != case.item && case.seen.binary_search(item).is_err());
        others.sort_unstable();
        others.dedup();
        Self {
            own: scores.iter().map(|scores| score_of(scores, case.item)).collect(),
            others: scores
                .iter()
                .map(|scores| others.iter().map(|&item| score_of(scores, item)).collect())
                .collect(),
        }
    }

    /// Makes a contest of scores that are given.
    #[cfg(test)]
    pub(super) fn of_scores(own: Vec<f32>, others: Vec<Vec<f32>>) -> Self {
        Self { own, others }
    }

    /// Returns the gain of the blend of all models with these shares.
    pub(super) fn gain(&self, shares: &[f32], objective: Objective) -> f64 {
        let own: f32 = self.own.iter().zip(shares).map(|(score, share)| score * share).sum();
        let mut others = vec![0.0; self.others.first().map_or(0, Vec::len)];
        for (scores, share) in self.others.iter().zip(shares).filter(|(_, share)| **share != 0.0) {
            others.iter_mut().zip(scores).for_each(|(sum, score)| *sum += share * score);
        }
        objective.gain(rank_against(own, &others), others.len())
    }
}
