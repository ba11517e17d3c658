use std::{borrow::Cow, collections::BTreeMap, sync::OnceLock};

use docent_domain::{Event, decayed};
use docent_linalg::top_k;
use docent_snapshot::{Draft, MAX_MAGNITUDE, Snapshot};
use serde::{Deserialize, Serialize};

use super::{
    CollaborativeModel, ModelKind, Scale, UserScores, items_of, kind_file, load, user_scores::Dense,
};
use crate::ModelError;

/// One model of a blend.
#[derive(Debug)]
pub struct Member {
    /// Model whose scores are added.
    pub model: Box<dyn CollaborativeModel>,
    /// Share of its scores. Shares sum to 1.
    pub share: f32,
    /// `tau` of the decay by which the member sees a history, in places; see
    /// [`docent_domain::decayed`]. `None` for a member that sees all events alike.
    pub tau: Option<f32>,
}

impl Member {
    /// Returns a history as the member sees it.
    #[must_use]
    pub fn seen_by<'a>(history: &'a [Event], tau: Option<f32>) -> Cow<'a, [Event]> {
        match tau {
            Some(tau) => Cow::Owned(decayed(history, tau)),
            None => Cow::Borrowed(history),
        }
    }
}

/// Weighted sum of models: `score(item) = sum over members of share * scaled score of the member`,
/// see [`Scale`]. An average item scores 0, and one of the best scores 1.
#[derive(Debug)]
pub struct Blend {
    members: Vec<Member>,
    n_items: usize,
    /// True for a blend of version 0.1, whose weights belong to scores without a scale.
    is_unscaled: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Saved {
    Scaled { n_items: usize, shares: Vec<f32>, taus: Vec<Option<f32>> },
    Unscaled { n_items: usize, weights: Vec<f32> },
}

impl Blend {
    /// Blends models, and leaves out members without a share.
    pub fn of(members: impl IntoIterator<Item = Member>) -> Self {
        let mut members: Vec<Member> = members.into_iter().filter(|member| member.share > 0.0).collect();
        let sum: f32 = members.iter().map(|member| member.share).sum();
        members.iter_mut().for_each(|member| member.share /= sum);
        let n_items = members.first().map_or(0, |member| member.model.n_items());
        Self { members, n_items, is_unscaled: false }
    }

    /// Makes a blend of one model.
    #[must_use]
    pub fn of_one(model: Box<dyn CollaborativeModel>) -> Self {
        Self::of([Member { model, share: 1.0, tau: None }])
    }

    /// Returns the models and their shares.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns the first member that is a factorisation; `None` without one.
    #[must_use]
    pub fn factorisation(&self) -> Option<&dyn CollaborativeModel> {
        let mut models = self.members.iter().map(|member| member.model.as_ref());
        models.find(|model| is_factorisation(model.kind()))
    }

    /// Folds a user in; as [`CollaborativeModel::fold_in`].
    ///
    /// # Errors
    /// As [`CollaborativeModel::fold_in`].
    pub fn user(&self, history: &[Event]) -> Result<BlendScores<'_>, ModelError> {
        let seen = items_of(history);
        let mut members = Vec::with_capacity(self.members.len());
        for member in &self.members {
            let scores = member.model.fold_in(&Member::seen_by(history, member.tau))?;
            let (scale, best) = if self.is_unscaled {
                (Scale::NONE, Vec::new())
            } else {
                Scale::with_best(scores.as_ref(), self.n_items, &seen)?
            };
            members.push(OfMember { kind: member.model.kind(), share: member.share, scores, best, scale });
        }
        Ok(BlendScores {
            members,
            n_items: self.n_items,
            is_unscaled: self.is_unscaled,
            seen,
            all: Dense::default(),
            scored: OnceLock::new(),
        })
    }

    /// Reads a blend that [`CollaborativeModel::save`] wrote under `name`.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] for a damaged file, for members that differ in their number of
    /// items, and for one whose scores are not finite.
    pub fn load(snapshot: &Snapshot, name: &str) -> Result<Self, ModelError> {
        let path = format!("{name}.json");
        let (n_items, shares, taus, is_unscaled) = match snapshot.json(name)? {
            Saved::Scaled { n_items, shares, taus } => (n_items, shares, taus, false),
            Saved::Unscaled { n_items, weights } => {
                let taus = vec![None; weights.len()];
                (n_items, weights, taus, true)
            }
        };
        if shares.len() != taus.len() {
            let (shares, taus) = (shares.len(), taus.len());
            return Err(snapshot
                .damaged(&path, format!("expected a decay for each share, found {taus} and {shares}"))
                .into());
        }
        let mut members = Vec::new();
        for (at, (share, tau)) in shares.into_iter().zip(taus).enumerate() {
            let is_valid = (0.0..=MAX_MAGNITUDE).contains(&share)
                && tau.is_none_or(|tau| tau > 0.0 && tau <= MAX_MAGNITUDE);
            if !is_valid {
                let found = format!("the share {share} and the decay {tau:?}");
                return Err(snapshot
                    .damaged(&path, format!("expected a positive share and decay, member {at} has {found}"))
                    .into());
            }
            let file = member_file(name, at);
            let model = load(snapshot, &file)?;
            if model.n_items() != n_items {
                let reason = format!("expected {n_items} items, as the blend has, found {}", model.n_items());
                return Err(snapshot.damaged(&format!("{file}.safetensors"), reason).into());
            }
            check_scores(model.as_ref()).map_err(|reason| {
                let reason = format!("expected finite scores of a few histories, found {reason}");
                snapshot.damaged(&format!("{file}.safetensors"), reason)
            })?;
            members.push(Member { model, share, tau });
        }
        Ok(Self { members, n_items, is_unscaled })
    }
}

/// Number of items of the longest history that a loaded model is tried on.
const TRIED_HISTORY: usize = 50;
/// Number of items that are scored to try a loaded model.
const TRIED_ITEMS: usize = 200;

/// Returns at most `count` items, spread evenly over all.
fn spread(count: usize, n_items: usize) -> Vec<u32> {
    let step = n_items.div_ceil(count).max(1);
    (0..n_items).step_by(step).filter_map(|item| u32::try_from(item).ok()).collect()
}

/// Scores a few items for an empty, a short and a longer history, or says what is not finite.
///
/// The values of a file may each be in range, and yet overflow together or leave a system of
/// equations without a solution.
fn check_scores(model: &dyn CollaborativeModel) -> Result<(), String> {
    let n_items = model.n_items();
    let items = spread(TRIED_ITEMS, n_items);
    for length in [0, 1, TRIED_HISTORY] {
        let history: Vec<Event> =
            spread(TRIED_HISTORY, n_items).into_iter().take(length).map(Event::of).collect();
        let user = model.fold_in(&history).map_err(|error| error.to_string())?;
        let scores = user.score(&items).map_err(|error| error.to_string())?;
        let mean = user.mean().map_err(|error| error.to_string())?;
        if let Some(score) = scores.iter().chain([&mean]).find(|score| !score.is_finite()) {
            return Err(format!("{score} after {length} items"));
        }
    }
    Ok(())
}

fn is_factorisation(kind: ModelKind) -> bool {
    matches!(kind, ModelKind::Als | ModelKind::LowRankAls)
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

    fn fold_in(&self, history: &[Event]) -> Result<Box<dyn UserScores + '_>, ModelError> {
        Ok(Box::new(self.user(history)?))
    }

    fn item_factors(&self, item: u32) -> Option<&[f32]> {
        self.members.iter().find_map(|member| member.model.item_factors(item))
    }

    fn nearest_items(&self, item: u32, k: usize, accept: &dyn Fn(u32) -> bool) -> Vec<u32> {
        let mut nearest = self.members.iter().map(|member| member.model.nearest_items(item, k, accept));
        nearest.find(|items| !items.is_empty()).unwrap_or_default()
    }

    fn blend_weights(&self) -> BTreeMap<String, f64> {
        self.members
            .iter()
            .map(|member| (member.model.kind().name().to_owned(), f64::from(member.share)))
            .collect()
    }

    fn save(&self, draft: &mut Draft, name: &str) -> Result<(), ModelError> {
        draft.put_json(&kind_file(name), &self.kind())?;
        let n_items = self.n_items;
        let shares = self.members.iter().map(|member| member.share).collect();
        let saved = if self.is_unscaled {
            Saved::Unscaled { n_items, weights: shares }
        } else {
            Saved::Scaled { n_items, shares, taus: self.members.iter().map(|member| member.tau).collect() }
        };
        draft.put_json(name, &saved)?;
        for (at, member) in self.members.iter().enumerate() {
            member.model.save(draft, &member_file(name, at))?;
        }
        Ok(())
    }
}

/// Scores of a blend for one user.
pub struct BlendScores<'a> {
    members: Vec<OfMember<'a>>,
    n_items: usize,
    is_unscaled: bool,
    /// Items of the history, ascending.
    seen: Vec<u32>,
    all: Dense,
    /// Items that were scored to find candidates, ascending, and their scores.
    scored: OnceLock<(Vec<u32>, Vec<f32>)>,
}

struct OfMember<'a> {
    kind: ModelKind,
    share: f32,
    scores: Box<dyn UserScores + 'a>,
    /// The best unseen items, by which the scores are scaled.
    best: Vec<(u32, f32)>,
    scale: Scale,
}

impl BlendScores<'_> {
    /// Returns the `k` best candidates that `accept` returns true for, best first, each with a
    /// score to compare candidates by; [`UserScores::score`] then ranks them. They are the best of
    /// those that the members find.
    ///
    /// Leaves out NCF, whose network is slow, unless it is the only member.
    ///
    /// # Errors
    /// As [`UserScores::best_where`].
    pub fn candidates(&self, k: usize, accept: &dyn Fn(u32) -> bool) -> Result<Vec<(u32, f32)>, ModelError> {
        let quick: Vec<&OfMember<'_>> =
            self.members.iter().filter(|member| member.kind != ModelKind::Ncf).collect();
        let members = if quick.is_empty() { self.members.iter().collect() } else { quick };
        let mut items: Vec<u32> = self.seen.iter().copied().filter(|item| accept(*item)).collect();
        for member in &members {
            items.extend(member.found(k, accept)?);
        }
        items.sort_unstable();
        items.dedup();
        let sum = sum_of(&members, &items)?;
        let best = top_k(items.iter().copied().zip(sum.iter().copied()), k);
        if members.len() == self.members.len() {
            self.scored.get_or_init(|| (items, sum));
        }
        Ok(best)
    }

    /// Returns the factors of the user in [`Blend::factorisation`], and the scale of its scores.
    #[must_use]
    pub fn factors(&self) -> Option<(&[f32], Scale)> {
        let member = self.members.iter().find(|member| is_factorisation(member.kind))?;
        Some((member.scores.factors()?, member.scale))
    }

    /// Returns the scale on which an average item scores 0 and one of the best scores 1.
    ///
    /// # Errors
    /// As [`UserScores::best`].
    pub fn scale(&self, seen: &[u32]) -> Result<Scale, ModelError> {
        if self.is_unscaled { Scale::of(self, self.n_items, seen) } else { Ok(Scale::NONE) }
    }
}

/// Returns the sums of the scaled scores of members, `[items.len()]`.
fn sum_of(members: &[&OfMember<'_>], items: &[u32]) -> Result<Vec<f32>, ModelError> {
    let mut sum = vec![0.0; items.len()];
    for member in members {
        member.add_scaled(&mut sum, &member.scores.score(items)?);
    }
    Ok(sum)
}

impl OfMember<'_> {
    /// Returns the best `k` unseen items that `accept` returns true for, or nearly as many where
    /// they are among those that are known.
    fn found(&self, k: usize, accept: &dyn Fn(u32) -> bool) -> Result<Vec<u32>, ModelError> {
        let known = self.best.iter().map(|(item, _)| *item).filter(|item| accept(*item));
        let mut found: Vec<u32> = known.take(k).collect();
        if found.len() * 10 < k * 9 {
            found = self.scores.best_where(k, accept)?.into_iter().map(|(item, _)| item).collect();
        }
        Ok(found)
    }

    /// Adds the share of the member's scores, on its scale.
    fn add_scaled(&self, sum: &mut [f32], scores: &[f32]) {
        for (sum, &score) in sum.iter_mut().zip(scores) {
            *sum += self.share * self.scale.apply(score);
        }
    }
}

impl UserScores for BlendScores<'_> {
    fn score(&self, items: &[u32]) -> Result<Vec<f32>, ModelError> {
        let members: Vec<&OfMember<'_>> = self.members.iter().collect();
        let Some((scored, scores)) = self.scored.get() else { return sum_of(&members, items) };
        let places = items.iter().map(|item| scored.binary_search(item).ok());
        let known: Vec<Option<f32>> = places.map(|at| scores.get(at?).copied()).collect();
        let rest = items.iter().zip(&known).filter(|(_, score)| score.is_none());
        let rest: Vec<u32> = rest.map(|(item, _)| *item).collect();
        let mut of_rest = sum_of(&members, &rest)?.into_iter();
        Ok(known.into_iter().filter_map(|score| score.or_else(|| of_rest.next())).collect())
    }

    fn all(&self) -> Result<&[f32], ModelError> {
        self.all.get(|| {
            let mut sum = vec![0.0; self.n_items];
            for member in &self.members {
                member.add_scaled(&mut sum, member.scores.all()?);
            }
            Ok(sum)
        })
    }

    fn mean(&self) -> Result<f32, ModelError> {
        let mut mean = 0.0;
        for member in &self.members {
            mean += member.share * member.scale.apply(member.scores.mean()?);
        }
        Ok(mean)
    }

    fn often_next_after(&self, item: u32) -> Option<u32> {
        let part = |member: &OfMember<'_>| {
            let score = member.scores.score(&[item]).ok()?.pop()?;
            Some(member.share * member.scale.apply(score).max(0.0))
        };
        let parts: Vec<f32> = self.members.iter().map(|member| part(member).unwrap_or_default()).collect();
        let sum: f32 = parts.iter().sum();
        let strongest = self.members.iter().zip(parts).find(|(_, part)| *part > 0.5 * sum)?.0;
        strongest.scores.often_next_after(item)
    }
}
