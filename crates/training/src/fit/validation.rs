//! Validation set of the collaborative models: cut from the training pairs, one item of a user
//! each.

use std::collections::HashSet;

use docent_domain::InteractionMatrix;
use docent_evaluation::{random_holdout, rank_against, top_k};
use docent_models::{CollaborativeModel, ModelError};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// One pair in this many is held out, at most.
const PAIRS_PER_CASE: usize = 50;
/// Cases at most; more would change nothing but the time.
const MAX_CASES: usize = 6_000;
/// Cases by which settings are compared; only the shares of a blend need all.
pub(super) const MAX_CASES_COMPARED: usize = 2_000;
/// Users with fewer items keep them all.
const MIN_ITEMS_OF_USER: usize = 3;
/// Competitors of a held-out item where the whole catalogue is ranked: the best of each model.
const BEST_OF_EACH: usize = 200;
/// Competitors of a held-out item where a sample is ranked.
const SAMPLE: usize = 1_000;

/// Protocol that a model is meant for, and NDCG at `k` under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "protocol")]
pub enum Objective {
    /// The best of the whole catalogue.
    Full {
        /// Length of the list.
        k: usize,
    },
    /// The best among one held-out item and items drawn at random, as in leave-one-out evaluation.
    Sampled {
        /// Number of items drawn.
        negatives: usize,
        /// Length of the list.
        k: usize,
    },
}

impl Objective {
    /// Returns the NDCG of one relevant item at `rank` (from 0) among `among` others.
    ///
    /// For [`Objective::Sampled`] this is the expectation over the draws. Each of the `n` negatives
    /// ranks above the item with probability `p = rank / among`, so the item's place `j` is
    /// binomial: `sum over j < k of C(n, j) p^j (1 - p)^(n - j) / log2(j + 2)`. The loop multiplies
    /// from term to term by `p / (1 - p) * (n - j) / (j + 1)`.
    #[must_use]
    pub fn gain(self, rank: usize, among: usize) -> f64 {
        match self {
            Self::Full { k } if rank < k => discount(rank),
            Self::Full { .. } => 0.0,
            Self::Sampled { negatives, k } => {
                let above = (rank as f64 / among.max(1) as f64).clamp(0.0, 1.0);
                if above >= 1.0 {
                    return if k > negatives { discount(negatives) } else { 0.0 };
                }
                let odds = above / (1.0 - above);
                let mut probability = (1.0 - above).powi(i32::try_from(negatives).unwrap_or(i32::MAX));
                let mut gain = 0.0;
                for place in 0..k.min(negatives + 1) {
                    gain += probability * discount(place);
                    probability *= odds * (negatives - place) as f64 / (place + 1) as f64;
                }
                gain
            }
        }
    }
}

/// Returns the discount of NDCG for a rank from 0.
fn discount(rank: usize) -> f64 {
    1.0 / (rank as f64 + 2.0).log2()
}

/// One held-out item of one user.
#[derive(Debug, Clone)]
struct Case {
    item: u32,
    /// History without the item.
    history: Vec<(u32, f32)>,
}

/// A small validation set cut from the training pairs, on which epochs, shares and settings are
/// chosen.
#[derive(Debug, Clone)]
pub struct Validation {
    objective: Objective,
    train: InteractionMatrix,
    cases: Vec<Case>,
}

impl Validation {
    /// Holds out one random item of each user, of at most 6,000 users and of at most one pair in
    /// 50. Returns `None` if no user has three items.
    ///
    /// # Errors
    /// [`ModelError::Matrix`], which a consistent matrix does not cause.
    pub fn cut(
        likes: &InteractionMatrix,
        objective: Objective,
        seed: u64,
    ) -> Result<Option<Self>, ModelError> {
        let pairs: Vec<(u32, u32, f32)> = triples(likes).collect();
        let users: Vec<u32> = pairs.iter().map(|pair| pair.0).collect();
        let split = random_holdout(&users, f64::MIN_POSITIVE, MIN_ITEMS_OF_USER, seed);
        let max_cases = (pairs.len() / PAIRS_PER_CASE).clamp(1, MAX_CASES);
        let step = split.test.len().div_ceil(max_cases).max(1);
        let chosen: Vec<usize> = split.test.into_iter().step_by(step).collect();
        if chosen.is_empty() {
            return Ok(None);
        }
        let kept = pairs.iter().enumerate().filter(|(at, _)| chosen.binary_search(at).is_err());
        let train =
            InteractionMatrix::from_triples(likes.n_rows(), likes.n_cols(), kept.map(|(_, pair)| *pair))?;
        let held_out = chosen.iter().filter_map(|&at| pairs.get(at));
        let cases = held_out.map(|&(user, item, _)| Case { item, history: history(&train, user) }).collect();
        Ok(Some(Self { objective, train, cases }))
    }

    /// Returns the pairs that are not held out, `[n_users, n_items]`.
    #[must_use]
    pub fn train(&self) -> &InteractionMatrix {
        &self.train
    }

    /// Returns the number of held-out items, at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Returns the mean NDCG over at most `max_cases` cases of a model that `score_all` evaluates:
    /// it writes the scores of all items, `[n_items]`, for a history.
    ///
    /// # Errors
    /// The first error that scoring meets.
    pub fn ndcg(
        &self,
        max_cases: usize,
        score_all: impl Fn(&[(u32, f32)], &mut Vec<f32>) -> Result<(), ModelError> + Sync,
    ) -> Result<f64, ModelError> {
        let step = self.cases.len().div_ceil(max_cases.max(1)).max(1);
        let compared: Vec<&Case> = self.cases.iter().step_by(step).collect();
        let gains = compared
            .into_par_iter()
            .map_init(Vec::new, |scores, case| {
                score_all(&case.history, scores)?;
                Ok(self.objective.gain(case.rank(scores), scores.len() - case.history.len() - 1))
            })
            .collect::<Result<Vec<f64>, ModelError>>()?;
        Ok(mean(&gains))
    }

    /// Returns for each case the scores that each model gives to the held-out item and to its
    /// competitors.
    pub(super) fn contests(
        &self,
        models: &[&dyn CollaborativeModel],
        seed: u64,
    ) -> Result<Vec<Contest>, ModelError> {
        self.cases
            .par_iter()
            .enumerate()
            .map(|(at, case)| case.contest(models, self.objective, seed ^ at as u64))
            .collect()
    }

    /// Returns the objective.
    #[must_use]
    pub fn objective(&self) -> Objective {
        self.objective
    }
}

impl Case {
    /// Returns the rank of the held-out item among the items outside the history; ties count
    /// against it.
    fn rank(&self, scores: &[f32]) -> usize {
        let own = scores.get(self.item as usize).copied().unwrap_or(f32::NAN);
        let of_history: Vec<f32> =
            self.history.iter().filter_map(|(item, _)| scores.get(*item as usize).copied()).collect();
        // The item itself is tied with itself.
        rank_against(own, scores) - rank_against(own, &of_history) - 1
    }

    /// Scores the held-out item and its competitors: the best of each model where the whole
    /// catalogue is ranked, else a random sample.
    fn contest(
        &self,
        models: &[&dyn CollaborativeModel],
        objective: Objective,
        seed: u64,
    ) -> Result<Contest, ModelError> {
        let seen: Vec<u32> = self.history.iter().map(|(item, _)| *item).collect();
        let mut all = Vec::with_capacity(models.len());
        for model in models {
            let mut scores = Vec::new();
            model.score_all(&self.history, &mut scores)?;
            all.push(scores);
        }
        let nothing = HashSet::new();
        let mut others: Vec<u32> = match objective {
            Objective::Full { .. } => {
                all.iter().flat_map(|scores| top_k(scores, &seen, &nothing, BEST_OF_EACH)).collect()
            }
            Objective::Sampled { .. } => {
                let n_items = all.first().map_or(0, Vec::len).max(1);
                let mut rng = StdRng::seed_from_u64(seed);
                (0..SAMPLE).map(|_| rng.random_range(0..n_items) as u32).collect()
            }
        };
        others.retain(|item| *item != self.item && seen.binary_search(item).is_err());
        others.sort_unstable();
        others.dedup();
        Ok(Contest {
            own: all.iter().map(|scores| score_of(scores, self.item)).collect(),
            others: all
                .iter()
                .map(|scores| others.iter().map(|&item| score_of(scores, item)).collect())
                .collect(),
        })
    }
}

fn score_of(scores: &[f32], item: u32) -> f32 {
    scores.get(item as usize).copied().unwrap_or_default()
}

/// Scores of one case by model.
pub(super) struct Contest {
    /// Scores of the held-out item, `[models]`.
    pub own: Vec<f32>,
    /// Scores of its competitors, `[models][others]`.
    pub others: Vec<Vec<f32>>,
}

impl Contest {
    /// Returns the rank of the held-out item under these weights, from 0, and the number of
    /// competitors.
    pub(super) fn rank(&self, weights: &[f32]) -> (usize, usize) {
        let own: f32 = self.own.iter().zip(weights).map(|(score, weight)| score * weight).sum();
        let mut others = vec![0.0; self.others.first().map_or(0, Vec::len)];
        for (scores, weight) in self.others.iter().zip(weights) {
            others.iter_mut().zip(scores).for_each(|(sum, score)| *sum += weight * score);
        }
        (rank_against(own, &others), others.len())
    }
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Returns all `(user, item, confidence)` triples of a matrix, by user, then item.
pub(super) fn triples(likes: &InteractionMatrix) -> impl Iterator<Item = (u32, u32, f32)> {
    (0..likes.n_rows()).flat_map(|user| {
        let (items, confidences) = likes.row(user);
        items.iter().zip(confidences).map(move |(&item, &confidence)| (user as u32, item, confidence))
    })
}

/// Returns the items of a user with their confidence, ascending by item.
pub(super) fn history(likes: &InteractionMatrix, user: u32) -> Vec<(u32, f32)> {
    let (items, confidences) = likes.row(user as usize);
    items.iter().copied().zip(confidences.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gain_of_a_sampled_rank_is_its_expectation() {
        let sampled = Objective::Sampled { negatives: 2, k: 2 };
        // Above with chance 1/4: first with 9/16, second with 6/16.
        let expected = 9.0 / 16.0 + 6.0 / 16.0 / 3f64.log2();
        assert!((sampled.gain(1, 4) - expected).abs() < 1e-12);
        assert_eq!(sampled.gain(0, 4), 1.0);
        assert_eq!(sampled.gain(4, 4), 0.0);
        let full = Objective::Full { k: 2 };
        assert_eq!([full.gain(0, 9), full.gain(2, 9)], [1.0, 0.0]);
    }

    #[test]
    fn one_item_of_a_user_is_held_out_and_the_rest_is_trained_on() -> Result<(), ModelError> {
        let pairs = (0..100u32).flat_map(|user| (0..4).map(move |at| (user, 4 * user + at, 1.0)));
        let likes = InteractionMatrix::from_triples(100, 400, pairs)?;
        let cut = Validation::cut(&likes, Objective::Full { k: 3 }, 1)?;
        let validation =
            cut.ok_or_else(|| ModelError::Invalid { id: String::new(), reason: "none".into() })?;
        assert_eq!(validation.cases.len(), 8);
        assert_eq!(validation.train.len(), 392);
        for case in &validation.cases {
            let whole = (0..100).find(|&user| history(&validation.train, user) == case.history);
            assert!(whole.is_some_and(|user| likes.row(user as usize).0.contains(&case.item)));
            assert!(case.history.iter().all(|(item, _)| *item != case.item));
        }
        // Equal scores earn nothing; a score for the held-out item alone earns everything.
        let flat = validation.ndcg(MAX_CASES_COMPARED, |_, scores| {
            *scores = vec![1.0; 400];
            Ok(())
        })?;
        assert_eq!(flat, 0.0);
        let perfect = validation.ndcg(MAX_CASES_COMPARED, |history, scores| {
            let own = validation.cases.iter().find(|case| case.history == history).map(|case| case.item);
            *scores = (0..400).map(|item| f32::from(u8::from(Some(item) == own))).collect();
            Ok(())
        })?;
        assert_eq!(perfect, 1.0);
        Ok(())
    }

    #[test]
    fn an_error_of_one_case_is_the_error_of_the_evaluation() -> Result<(), ModelError> {
        let pairs = (0..100u32).flat_map(|user| (0..4).map(move |at| (user, 4 * user + at, 1.0)));
        let likes = InteractionMatrix::from_triples(100, 400, pairs)?;
        let Some(validation) = Validation::cut(&likes, Objective::Full { k: 3 }, 1)? else {
            return Err(ModelError::Invalid { id: String::new(), reason: "no validation set".into() });
        };
        let failing = validation.cases.last().map(|case| case.history.clone());
        let failed = validation.ndcg(MAX_CASES_COMPARED, |history, scores| {
            if Some(history) == failing.as_deref() {
                return Err(ModelError::Invalid { id: "member".into(), reason: "it fails".into() });
            }
            *scores = vec![1.0; 400];
            Ok(())
        });
        assert!(matches!(&failed, Err(ModelError::Invalid { id, .. }) if id == "member"), "{failed:?}");
        Ok(())
    }
}
