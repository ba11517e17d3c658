//! Interactions that are neither positive nor negative, and the weights by which a run learns from
//! them beside its likes.

use std::{borrow::Cow, collections::BTreeMap};

use docent_domain::InteractionType;
use docent_models::{ModelError, ModelKind};

use crate::{
    blend::validation,
    dataset::{Like, sort_by_time},
    fit::{FitSettings, Validation, fit},
    holdout::Split,
    signal::Neutral,
    significance::is_significant,
};

/// Weights that are tried for a type, as a share of the weight of a positive of strength 1.
const TRIED: [f32; 4] = [0.03, 0.1, 0.3, 1.0];
/// Models that judge a weight, by the mean of their NDCG: one that walks, and one that factorises.
const JUDGES: [ModelKind; 2] = [ModelKind::Rp3beta, ModelKind::LowRankAls];
/// Number of cases below which no weight is learned.
const MIN_CASES: usize = 20;
/// Number of cases that are judged at most.
const MAX_CASES: usize = 1_000;
/// Number of events, about, that the judging models learn from: of more, those of every n-th user.
const MAX_EVENTS: usize = 1_000_000;

/// Weight of a type at 0 while it is judged: too small to tell anything of a user.
const SEEN: f32 = 1e-4;

/// Weights of types of interaction.
pub(crate) type TypeWeights = BTreeMap<InteractionType, f32>;

/// Interactions that are neither positive nor negative, one of each user, resource and type. None
/// is with a resource that the user likes or rejects.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weak(BTreeMap<InteractionType, Vec<Like>>);

impl Weak {
    pub(crate) fn of(neutral: Neutral) -> Self {
        Self(
            neutral.into_iter().map(|(kind, of)| (kind, of.likes)).filter(|(_, of)| !of.is_empty()).collect(),
        )
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn likes(&self) -> impl Iterator<Item = &Like> {
        self.0.values().flatten()
    }

    pub(crate) fn likes_mut(&mut self) -> impl Iterator<Item = &mut Like> {
        self.0.values_mut().flatten()
    }

    /// Returns likes with the weak interactions of all types with a weight, by user and oldest
    /// first. The weight of the type is the strength of an interaction; of several types on one
    /// resource, the largest weight counts. Interactions that a split holds out are left out.
    pub(crate) fn with_likes<'a>(
        &self,
        likes: &'a [Like],
        weights: &TypeWeights,
        splits: &[&Split],
    ) -> Cow<'a, [Like]> {
        let mut weak: Vec<Like> = Vec::new();
        for (kind, of_type) in &self.0 {
            let strength = weights.get(kind).copied().unwrap_or(0.0);
            if strength > 0.0 {
                let known = of_type.iter().filter(|like| splits.iter().all(|split| split.knows(like)));
                weak.extend(known.map(|like| Like { strength, ..*like }));
            }
        }
        if weak.is_empty() {
            return Cow::Borrowed(likes);
        }
        weak.sort_unstable_by(|a, b| {
            let by_weight = b.strength.total_cmp(&a.strength).then(b.at.cmp(&a.at));
            (a.user, a.item).cmp(&(b.user, b.item)).then(by_weight)
        });
        weak.dedup_by_key(|like| (like.user, like.item));
        weak.extend_from_slice(likes);
        sort_by_time(&mut weak);
        Cow::Owned(weak)
    }

    /// Returns the stated weights of the types that there are, and 0 for the others.
    pub(crate) fn stated(&self, stated: &TypeWeights) -> TypeWeights {
        self.0.keys().map(|kind| (kind.clone(), stated.get(kind).copied().unwrap_or(0.0))).collect()
    }

    /// Chooses the weight of each type on the likes that the last of `splits` holds out: the one
    /// with the best NDCG of [`JUDGES`] if it is significantly better than 0. Types with many
    /// interactions come first. Weights in `stated` are taken as they are.
    ///
    /// # Errors
    /// As [`fit`].
    pub(crate) fn choose(
        &self,
        splits: &[&Split],
        stated: &TypeWeights,
        n_items: usize,
        settings: &FitSettings,
    ) -> Result<TypeWeights, ModelError> {
        let mut best = self.stated(stated);
        let mut open: Vec<(&InteractionType, usize)> = self
            .0
            .iter()
            .filter(|(kind, _)| !stated.contains_key(*kind))
            .map(|(kind, of_type)| (kind, of_type.len()))
            .collect();
        if open.is_empty() {
            return Ok(best);
        }
        open.sort_by_key(|(_, interactions)| std::cmp::Reverse(*interactions));
        let mut reached = self.judged(&best, splits, n_items, settings)?;
        if reached.len() < MIN_CASES {
            return Ok(best);
        }
        for (kind, interactions) in open {
            let mut of_kind: Option<(TypeWeights, Vec<f64>)> = None;
            for weight in TRIED {
                let mut tried = best.clone();
                tried.insert(kind.clone(), weight);
                let ndcgs = self.judged(&tried, splits, n_items, settings)?;
                tracing::debug!(%kind, interactions, weight, ndcg = mean(&ndcgs), at_0 = mean(&reached), "weight");
                if of_kind.as_ref().is_none_or(|(_, most)| mean(&ndcgs) > mean(most)) {
                    of_kind = Some((tried, ndcgs));
                }
            }
            let Some((tried, ndcgs)) = of_kind else { continue };
            let gains: Vec<f64> = ndcgs.iter().zip(&reached).map(|(new, old)| new - old).collect();
            if is_significant(&gains) {
                (best, reached) = (tried, ndcgs);
            }
        }
        Ok(best)
    }

    /// Returns the mean NDCG of [`JUDGES`] on each case of the last split.
    fn judged(
        &self,
        weights: &TypeWeights,
        splits: &[&Split],
        n_items: usize,
        settings: &FitSettings,
    ) -> Result<Vec<f64>, ModelError> {
        let Some(split) = splits.last() else { return Ok(Vec::new()) };
        // Known interactions are never competitors, so that each weight ranks among the same items.
        let all: TypeWeights =
            weights.iter().map(|(kind, weight)| (kind.clone(), weight.max(SEEN))).collect();
        let events = self.with_likes(&split.known, &all, splits);
        let (events, test) = sample_of_users(events, &split.test, MAX_EVENTS);
        let cases: Validation = validation(&events, &test, n_users(&events), n_items)?;
        let mut ndcgs: Vec<f64> = Vec::new();
        for kind in JUDGES {
            let model = fit(kind, cases.train(), settings, &mut |_| std::ops::ControlFlow::Continue(()))?;
            let gains = cases.gains(model.as_ref(), None, MAX_CASES)?;
            ndcgs.resize(gains.len(), 0.0);
            ndcgs.iter_mut().zip(gains).for_each(|(sum, gain)| *sum += gain / JUDGES.len() as f64);
        }
        Ok(ndcgs)
    }
}

/// Returns what is left of both lists if only every n-th user stays, so that there are about `max`
/// events at most.
fn sample_of_users<'a>(
    events: Cow<'a, [Like]>,
    test: &'a [Like],
    max: usize,
) -> (Cow<'a, [Like]>, Cow<'a, [Like]>) {
    let one_in = events.len().div_ceil(max.max(1)).max(1) as u32;
    if one_in == 1 {
        return (events, Cow::Borrowed(test));
    }
    let of_sample = |likes: &[Like]| {
        Cow::Owned(likes.iter().filter(|like| like.user % one_in == 0).copied().collect::<Vec<Like>>())
    };
    (of_sample(&events), of_sample(test))
}

/// Returns the number of users up to the last one of events that are by user.
fn n_users(events: &[Like]) -> usize {
    events.last().map_or(0, |event| event.user as usize + 1)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
#[path = "weak_tests.rs"]
mod tests;
