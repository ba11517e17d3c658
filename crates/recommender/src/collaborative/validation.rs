use docent_domain::InteractionMatrix;
use docent_evaluation::{random_holdout, rank_against, top_k};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::CollaborativeModel;
use crate::Error;

/// Of many pairs, this share is held out.
const HELD_OUT_SHARE: usize = 50;
/// More cases than this would change nothing but the time.
const MOST_CASES: usize = 6_000;
/// Settings are compared by no more cases than these; only the weights of a blend need all.
pub(super) const MOST_JUDGED: usize = 2_000;
/// Whoever has fewer keeps them all.
const FEWEST_OF_PERSON: usize = 3;

/// What a model is wanted for, and so what is chosen by: NDCG at `k`.
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
        /// How many are drawn.
        negatives: usize,
        /// Length of the list.
        k: usize,
    },
}

impl Objective {
    /// NDCG of one relevant item at `rank` (from 0) of `among` that were ranked with it. For [`Objective::Sampled`] the
    /// expectation over the draws, each of which is above it with chance `rank / among`.
    #[must_use]
    pub fn gain(self, rank: usize, among: usize) -> f64 {
        let discounted = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
        match self {
            Self::Full { k } => {
                if rank < k {
                    discounted(rank)
                } else {
                    0.0
                }
            }
            Self::Sampled { negatives, k } => {
                let above = (rank as f64 / among.max(1) as f64).clamp(0.0, 1.0);
                if above >= 1.0 {
                    return if k > negatives { discounted(negatives) } else { 0.0 };
                }
                let odds = above / (1.0 - above);
                let mut chance = (1.0 - above).powi(i32::try_from(negatives).unwrap_or(i32::MAX));
                let mut gain = 0.0;
                for place in 0..k.min(negatives + 1) {
                    gain += chance * discounted(place);
                    chance *= odds * (negatives - place) as f64 / (place + 1) as f64;
                }
                gain
            }
        }
    }
}

/// One held-out item of one person.
#[derive(Debug, Clone)]
struct Case {
    item: u32,
    /// Without the item.
    history: Vec<(u32, f32)>,
}

/// A small holdout cut from the training pairs: what epochs, weights and settings are chosen on.
#[derive(Debug, Clone)]
pub struct Validation {
    objective: Objective,
    train: InteractionMatrix,
    cases: Vec<Case>,
}

impl Validation {
    /// Holds out one random item each of at most 6,000 people, and of no more than one pair in 50. `None` where nobody
    /// has three.
    ///
    /// # Errors
    /// None that a matrix that holds together can cause.
    pub fn cut(likes: &InteractionMatrix, objective: Objective, seed: u64) -> Result<Option<Self>, Error> {
        let pairs: Vec<(u32, u32, f32)> = triples(likes).collect();
        let users: Vec<u32> = pairs.iter().map(|pair| pair.0).collect();
        let split = random_holdout(&users, f64::MIN_POSITIVE, FEWEST_OF_PERSON, seed);
        let most = (pairs.len() / HELD_OUT_SHARE).clamp(1, MOST_CASES);
        let step = split.test.len().div_ceil(most).max(1);
        let chosen: Vec<usize> = split.test.into_iter().step_by(step).collect();
        if chosen.is_empty() {
            return Ok(None);
        }
        let kept = |at: &usize| chosen.binary_search(at).is_err();
        let train = InteractionMatrix::from_triples(
            likes.n_rows(),
            likes.n_cols(),
            pairs.iter().enumerate().filter(|(at, _)| kept(at)).map(|(_, pair)| *pair),
        )?;
        let case = |&at: &usize| {
            let &(user, item, _) = pairs.get(at)?;
            Some(Case { item, history: history(&train, user) })
        };
        let cases = chosen.iter().filter_map(case).collect();
        Ok(Some(Self { objective, train, cases }))
    }

    /// What is not held out.
    #[must_use]
    pub fn train(&self) -> &InteractionMatrix {
        &self.train
    }

    /// How many items are held out, 1 or more.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Mean NDCG of a model over at most `most` cases, given what scores all items for a person.
    ///
    /// # Errors
    /// The first that scoring meets.
    pub fn judge(
        &self,
        most: usize,
        score_all: impl Fn(&[(u32, f32)], &mut Vec<f32>) -> Result<(), Error> + Sync,
    ) -> Result<f64, Error> {
        let step = self.cases.len().div_ceil(most.max(1)).max(1);
        let judged: Vec<&Case> = self.cases.iter().step_by(step).collect();
        let of_cases = judged.into_par_iter().map_init(Vec::new, |scores, case| {
            score_all(&case.history, scores)?;
            Ok(self.objective.gain(case.rank(scores), scores.len() - case.history.len() - 1))
        });
        let gains = of_cases.collect::<Result<Vec<f64>, Error>>()?;
        Ok(gains.iter().sum::<f64>() / gains.len().max(1) as f64)
    }

    /// For each case the scores that each model gives to the held-out item and to others that compete with it.
    pub(super) fn contests(
        &self,
        models: &[&dyn CollaborativeModel],
        seed: u64,
    ) -> Result<Vec<Contest>, Error> {
        self.cases
            .par_iter()
            .enumerate()
            .map(|(at, case)| case.contest(models, self.objective, seed ^ at as u64))
            .collect()
    }

    /// The objective.
    #[must_use]
    pub fn objective(&self) -> Objective {
        self.objective
    }
}

impl Case {
    /// The rank of the held-out item among what is not in the history; ties count against it.
    fn rank(&self, scores: &[f32]) -> usize {
        let own = scores.get(self.item as usize).copied().unwrap_or(f32::NAN);
        let of_history: Vec<f32> =
            self.history.iter().filter_map(|(item, _)| scores.get(*item as usize).copied()).collect();
        // The item itself is tied with itself.
        rank_against(own, scores) - rank_against(own, &of_history) - 1
    }

    /// Against the best of each model where the best of all count, else against a random sample.
    fn contest(
        &self,
        models: &[&dyn CollaborativeModel],
        objective: Objective,
        seed: u64,
    ) -> Result<Contest, Error> {
        const BEST_OF_EACH: usize = 200;
        const SAMPLE: usize = 1_000;
        let seen: Vec<u32> = self.history.iter().map(|(item, _)| *item).collect();
        let mut all = Vec::with_capacity(models.len());
        for model in models {
            let mut scores = Vec::new();
            model.score_all(&self.history, &mut scores)?;
            all.push(scores);
        }
        let nothing = std::collections::HashSet::new();
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
        let of = |scores: &Vec<f32>, item: u32| scores.get(item as usize).copied().unwrap_or_default();
        Ok(Contest {
            own: all.iter().map(|scores| of(scores, self.item)).collect(),
            others: all.iter().map(|scores| others.iter().map(|&item| of(scores, item)).collect()).collect(),
        })
    }
}

/// Scores of one case by model.
pub(super) struct Contest {
    /// Of the held-out item, `[models]`.
    pub own: Vec<f32>,
    /// Of what competes with it, `[models][others]`.
    pub others: Vec<Vec<f32>>,
}

/// All pairs of a matrix with their confidence, by user, then item.
pub(super) fn triples(likes: &InteractionMatrix) -> impl Iterator<Item = (u32, u32, f32)> {
    (0..likes.n_rows()).flat_map(|user| {
        let (items, confidences) = likes.row(user);
        items.iter().zip(confidences).map(move |(&item, &confidence)| (user as u32, item, confidence))
    })
}

/// What a user chose, ascending by item.
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
    fn one_item_of_a_person_is_held_out_and_the_rest_is_trained_on() -> Result<(), Error> {
        let pairs = (0..100u32).flat_map(|user| (0..4).map(move |at| (user, 4 * user + at, 1.0)));
        let likes = InteractionMatrix::from_triples(100, 400, pairs)?;
        let cut = Validation::cut(&likes, Objective::Full { k: 3 }, 1)?;
        let validation =
            cut.ok_or_else(|| Error::InvalidModel { id: String::new(), reason: "none".into() })?;
        assert_eq!(validation.cases.len(), 8);
        assert_eq!(validation.train.len(), 392);
        for case in &validation.cases {
            let whole = (0..100).find(|&user| history(&validation.train, user) == case.history);
            assert!(whole.is_some_and(|user| likes.row(user as usize).0.contains(&case.item)));
            assert!(case.history.iter().all(|(item, _)| *item != case.item));
        }
        // Scores that are all alike earn nothing; a score for the held-out item alone earns everything.
        let flat = validation.judge(MOST_JUDGED, |_, scores| {
            *scores = vec![1.0; 400];
            Ok(())
        })?;
        assert_eq!(flat, 0.0);
        let told = validation.judge(MOST_JUDGED, |history, scores| {
            let own = validation.cases.iter().find(|case| case.history == history).map(|case| case.item);
            *scores = (0..400).map(|item| f32::from(u8::from(Some(item) == own))).collect();
            Ok(())
        })?;
        assert_eq!(told, 1.0);
        Ok(())
    }
}
