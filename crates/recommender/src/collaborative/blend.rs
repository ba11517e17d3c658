use std::collections::BTreeMap;

use docent_snapshot::{Draft, Snapshot};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{CollaborativeModel, ModelKind, Validation, kind_file, load, validation::Contest};
use crate::Error;

/// Steps of the search, as shares of a member's scale.
const STEPS: [f32; 5] = [1.0, 0.5, 0.25, 0.1, 0.05];
/// A blend must beat the best single model by this share of its NDCG, or it is noise.
const LEAST_GAIN: f64 = 0.001;
/// Tried between equal shares, 0, and the best, 1.
const WAYS_FROM_EQUAL: [f32; 4] = [0.0, 0.25, 0.5, 0.75];

/// A model and how much it counts.
#[derive(Debug)]
pub struct Member {
    /// The model.
    pub model: Box<dyn CollaborativeModel>,
    /// What its scores are multiplied with.
    pub weight: f32,
}

/// Models whose scores are added up.
#[derive(Debug)]
pub struct Blend {
    members: Vec<Member>,
    n_items: usize,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    n_items: usize,
    weights: Vec<f32>,
}

impl Blend {
    /// The weights that rank a holdout best for models of the same items: coordinate ascent on the mean NDCG, from the
    /// best single model; and from there as near to equal shares as one standard error allows. None is below 0.
    ///
    /// # Errors
    /// The first that scoring meets.
    pub fn weigh(
        models: &[Box<dyn CollaborativeModel>],
        validation: &Validation,
        seed: u64,
    ) -> Result<Vec<f32>, Error> {
        let borrowed: Vec<&dyn CollaborativeModel> = models.iter().map(AsRef::as_ref).collect();
        let contests = validation.contests(&borrowed, seed)?;
        Ok(best_weights(models.len(), &contests, validation))
    }

    /// Blends with weights that are known; members of weight 0 are left out.
    pub fn of(members: impl IntoIterator<Item = (Box<dyn CollaborativeModel>, f32)>) -> Self {
        let members: Vec<Member> = members
            .into_iter()
            .filter(|(_, weight)| *weight != 0.0)
            .map(|(model, weight)| Member { model, weight })
            .collect();
        let n_items = members.first().map_or(0, |member| member.model.n_items());
        Self { members, n_items }
    }

    /// The models and their weights.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// As [`CollaborativeModel::score_all`], by the members that are quick to ask about a whole catalogue: all but NCF,
    /// unless there is nothing else. What is found so is to be ranked by [`CollaborativeModel::score`].
    ///
    /// # Errors
    /// As [`CollaborativeModel::score`].
    pub fn shortlist_scores(&self, history: &[(u32, f32)], scores: &mut Vec<f32>) -> Result<(), Error> {
        let is_quick = |member: &&Member| member.model.kind() != ModelKind::Ncf;
        if self.members.iter().filter(is_quick).count() == 0 {
            return self.score_all(history, scores);
        }
        let quick = self.members.iter().filter(is_quick);
        add_up(quick, self.n_items, scores, |model, part| model.score_all(history, part))
    }
}

/// The weighted sum of what each member writes, `[len]`.
fn add_up<'a>(
    members: impl Iterator<Item = &'a Member>,
    len: usize,
    scores: &mut Vec<f32>,
    of_member: impl Fn(&dyn CollaborativeModel, &mut Vec<f32>) -> Result<(), Error>,
) -> Result<(), Error> {
    scores.clear();
    scores.resize(len, 0.0);
    let mut part = Vec::new();
    for Member { model, weight } in members {
        of_member(model.as_ref(), &mut part)?;
        scores.iter_mut().zip(&part).for_each(|(sum, score)| *sum += weight * score);
    }
    Ok(())
}

impl Blend {
    pub(crate) fn load(snapshot: &Snapshot, name: &str) -> Result<Self, Error> {
        let saved: Saved = snapshot.json(name)?;
        let load_member = |(at, weight): (usize, f32)| {
            Ok(Member { model: load(snapshot, &member_file(name, at))?, weight })
        };
        let members: Vec<Member> =
            saved.weights.into_iter().enumerate().map(load_member).collect::<Result<_, Error>>()?;
        if let Some(other) = members.iter().find(|member| member.model.n_items() != saved.n_items) {
            let (kind, found) = (other.model.kind(), other.model.n_items());
            let reason = format!("{name}: {kind} has {found} items, not {}", saved.n_items);
            return Err(Error::InvalidModel { id: snapshot.manifest().id.clone(), reason });
        }
        Ok(Self { members, n_items: saved.n_items })
    }
}

fn member_file(name: &str, at: usize) -> String {
    format!("{name}.{at}")
}

impl CollaborativeModel for Blend {
    fn kind(&self) -> ModelKind {
        ModelKind::Hybrid
    }

    fn n_items(&self) -> usize {
        self.n_items
    }

    fn n_parameters(&self) -> usize {
        self.members.iter().map(|member| member.model.n_parameters() + 1).sum()
    }

    fn score(&self, history: &[(u32, f32)], items: &[u32], scores: &mut Vec<f32>) -> Result<(), Error> {
        add_up(self.members.iter(), items.len(), scores, |model, part| model.score(history, items, part))
    }

    fn score_all(&self, history: &[(u32, f32)], scores: &mut Vec<f32>) -> Result<(), Error> {
        add_up(self.members.iter(), self.n_items, scores, |model, part| model.score_all(history, part))
    }

    fn item_factors(&self, item: u32) -> Option<&[f32]> {
        self.members.iter().find_map(|member| member.model.item_factors(item))
    }

    fn blend_weights(&self) -> BTreeMap<String, f64> {
        let named = |member: &Member| (member.model.kind().name().to_owned(), f64::from(member.weight));
        self.members.iter().map(named).collect()
    }

    fn save(&self, draft: &mut Draft, name: &str) -> Result<(), Error> {
        draft.put_json(&kind_file(name), &self.kind())?;
        let weights = self.members.iter().map(|member| member.weight).collect();
        draft.put_json(name, &Saved { n_items: self.n_items, weights })?;
        for (at, member) in self.members.iter().enumerate() {
            member.model.save(draft, &member_file(name, at))?;
        }
        Ok(())
    }
}

fn best_weights(models: usize, contests: &[Contest], validation: &Validation) -> Vec<f32> {
    let scales: Vec<f32> = (0..models).map(|model| scale(model, contests)).collect();
    let gains = |shares: &[f32]| -> Vec<f64> {
        let weights: Vec<f32> = shares.iter().zip(&scales).map(|(share, scale)| share * scale).collect();
        let gain = |contest: &Contest| {
            let (rank, among) = contest.rank(&weights);
            validation.objective().gain(rank, among)
        };
        contests.par_iter().map(gain).collect()
    };
    let ndcg = |shares: &[f32]| mean(&gains(shares));
    let single = |model: usize| (0..models).map(|at| f32::from(u8::from(at == model))).collect::<Vec<f32>>();
    let mut best = (single(0), f64::NEG_INFINITY);
    for model in 0..models {
        let shares = single(model);
        let reached = ndcg(&shares);
        if reached > best.1 {
            best = (shares, reached);
        }
    }
    let alone = best.clone();
    for step in STEPS {
        climb(&mut best, step, &ndcg);
    }
    let shares =
        if best.1 > alone.1 * (1.0 + LEAST_GAIN) { nearest_to_equal(&best.0, gains) } else { alone.0 };
    shares.iter().zip(scales).map(|(share, scale)| share * scale).collect()
}

/// The shares nearest to equal ones of the members that `best` has, on the way to them, that rank no worse than `best` by more
/// than one standard error (the rule of Breiman et al., "Classification and Regression Trees", 1984). Equal shares hold better than fitted ones
/// where people change: what is asked for next is not what was held out at random.
fn nearest_to_equal(best: &[f32], gains: impl Fn(&[f32]) -> Vec<f64>) -> Vec<f32> {
    let sum: f32 = best.iter().sum();
    let members = best.iter().filter(|share| **share > 0.0).count();
    let equal = |share: f32| if share > 0.0 { 1.0 / members.max(1) as f32 } else { 0.0 };
    let of_best = gains(best);
    let tried = WAYS_FROM_EQUAL.iter().map(|way| -> Vec<f32> {
        best.iter().map(|&share| way * share / sum + (1.0 - way) * equal(share)).collect()
    });
    let is_as_good = |shares: &Vec<f32>| {
        let lost: Vec<f64> = of_best.iter().zip(gains(shares)).map(|(best, gain)| best - gain).collect();
        mean(&lost) <= standard_error(&lost)
    };
    tried.into_iter().find(is_as_good).unwrap_or_else(|| best.to_vec())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn standard_error(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    squares.sqrt() / values.len().max(1) as f64
}

/// Moves one share at a time by `step` as long as that helps.
fn climb(best: &mut (Vec<f32>, f64), step: f32, ndcg: &impl Fn(&[f32]) -> f64) {
    loop {
        let before = best.1;
        for at in 0..best.0.len() {
            for change in [step, -step] {
                let mut shares = best.0.clone();
                if let Some(share) = shares.get_mut(at) {
                    *share = (*share + change).max(0.0);
                }
                let reached = ndcg(&shares);
                if reached > best.1 {
                    *best = (shares, reached);
                }
            }
        }
        if best.1 <= before {
            return;
        }
    }
}

/// One over the mean deviation of a model's scores of one person.
fn scale(model: usize, contests: &[Contest]) -> f32 {
    let of_case = contests.iter().filter_map(|contest| contest.others.get(model)).map(|scores| {
        let n = scores.len().max(1) as f32;
        let mean = scores.iter().sum::<f32>() / n;
        (scores.iter().map(|score| (score - mean).powi(2)).sum::<f32>() / n).sqrt()
    });
    let deviation = of_case.sum::<f32>() / contests.len().max(1) as f32;
    if deviation > 0.0 { 1.0 / deviation } else { 0.0 }
}

impl Contest {
    /// Rank of the held-out item by these weights, and among how many.
    fn rank(&self, weights: &[f32]) -> (usize, usize) {
        let own: f32 = self.own.iter().zip(weights).map(|(score, weight)| score * weight).sum();
        let mut others = vec![0.0; self.others.first().map_or(0, Vec::len)];
        for (scores, weight) in self.others.iter().zip(weights) {
            others.iter_mut().zip(scores).for_each(|(sum, score)| *sum += weight * score);
        }
        (docent_evaluation::rank_against(own, &others), others.len())
    }
}

#[cfg(test)]
mod tests {
    use super::nearest_to_equal;

    /// Gains of a hundred cases, half of which fall by `slope` for each unit of the first share that is given up.
    fn gains(slope: f64) -> impl Fn(&[f32]) -> Vec<f64> {
        move |shares| {
            let lost = slope * (1.0 - f64::from(shares[0]));
            (0..100).map(|case| 1.0 - if case % 2 == 0 { lost } else { 0.0 }).collect()
        }
    }

    #[test]
    fn shares_are_equal_unless_the_holdout_tells_better() {
        assert_eq!(nearest_to_equal(&[0.75, 0.25], gains(0.0)), [0.5, 0.5]);
        // Half of the cases lose, so the loss is ten standard errors however small: only the best will do.
        assert_eq!(nearest_to_equal(&[0.75, 0.25], gains(0.01)), [0.75, 0.25]);
        // What is lost here is gained there.
        let mixed = |shares: &[f32]| {
            let lost = f64::from(1.0 - shares[0]);
            (0..100).map(|case| if case % 2 == 0 { lost } else { -lost }).collect()
        };
        assert_eq!(nearest_to_equal(&[0.75, 0.25], mixed), [0.5, 0.5]);
        // What the best does without stays out.
        assert_eq!(nearest_to_equal(&[0.75, 0.25, 0.0], gains(0.0)), [0.5, 0.5, 0.0]);
    }
}
