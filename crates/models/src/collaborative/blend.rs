use std::collections::BTreeMap;

use docent_snapshot::{Draft, Snapshot};
use serde::{Deserialize, Serialize};

use super::{CollaborativeModel, ModelKind, kind_file, load};
use crate::ModelError;

/// One model of a blend with its weight.
#[derive(Debug)]
pub struct Member {
    /// Model whose scores are added.
    pub model: Box<dyn CollaborativeModel>,
    /// Factor of its scores.
    pub weight: f32,
}

/// Weighted sum of models: `score(item) = sum over members of weight * score_of_member(item)`.
///
/// Training scales the weights so that the members' scores, which differ by orders of magnitude,
/// contribute on one scale.
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
    /// Blends models with known weights, and leaves out members of weight 0.
    pub fn of(members: impl IntoIterator<Item = (Box<dyn CollaborativeModel>, f32)>) -> Self {
        let members: Vec<Member> = members
            .into_iter()
            .filter(|(_, weight)| *weight != 0.0)
            .map(|(model, weight)| Member { model, weight })
            .collect();
        let n_items = members.first().map_or(0, |member| member.model.n_items());
        Self { members, n_items }
    }

    /// Returns the models and their weights.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Replaces the content of `scores` with scores of all items, `[n_items]`, that are good enough
    /// to choose candidates by; [`CollaborativeModel::score`] then ranks the candidates.
    ///
    /// Leaves out NCF, whose network is too slow for a whole catalogue, unless it is the only
    /// member.
    ///
    /// # Errors
    /// As [`CollaborativeModel::score`].
    pub fn shortlist_scores(&self, history: &[(u32, f32)], scores: &mut Vec<f32>) -> Result<(), ModelError> {
        let quick: Vec<&Member> =
            self.members.iter().filter(|member| member.model.kind() != ModelKind::Ncf).collect();
        if quick.is_empty() {
            return self.score_all(history, scores);
        }
        add_up(quick.into_iter(), self.n_items, scores, |model, part| model.score_all(history, part))
    }
}

/// Adds up the weighted scores that `of_member` writes for each member, `[len]`.
fn add_up<'a>(
    members: impl Iterator<Item = &'a Member>,
    len: usize,
    scores: &mut Vec<f32>,
    of_member: impl Fn(&dyn CollaborativeModel, &mut Vec<f32>) -> Result<(), ModelError>,
) -> Result<(), ModelError> {
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
    /// Reads a blend that [`CollaborativeModel::save`] wrote under `name`.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] for a damaged file, [`ModelError::Invalid`] if the members differ
    /// in their number of items.
    pub fn load(snapshot: &Snapshot, name: &str) -> Result<Self, ModelError> {
        let saved: Saved = snapshot.json(name)?;
        let mut members = Vec::with_capacity(saved.weights.len());
        for (at, weight) in saved.weights.into_iter().enumerate() {
            let model = load(snapshot, &member_file(name, at))?;
            if model.n_items() != saved.n_items {
                let (kind, found) = (model.kind(), model.n_items());
                let reason = format!("{name}: {kind} has {found} items, expected {}", saved.n_items);
                return Err(ModelError::Invalid { id: snapshot.manifest().id.clone(), reason });
            }
            members.push(Member { model, weight });
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

    fn score(&self, history: &[(u32, f32)], items: &[u32], scores: &mut Vec<f32>) -> Result<(), ModelError> {
        add_up(self.members.iter(), items.len(), scores, |model, part| model.score(history, items, part))
    }

    fn score_all(&self, history: &[(u32, f32)], scores: &mut Vec<f32>) -> Result<(), ModelError> {
        add_up(self.members.iter(), self.n_items, scores, |model, part| model.score_all(history, part))
    }

    fn item_factors(&self, item: u32) -> Option<&[f32]> {
        self.members.iter().find_map(|member| member.model.item_factors(item))
    }

    fn blend_weights(&self) -> BTreeMap<String, f64> {
        self.members
            .iter()
            .map(|member| (member.model.kind().name().to_owned(), f64::from(member.weight)))
            .collect()
    }

    fn save(&self, draft: &mut Draft, name: &str) -> Result<(), ModelError> {
        draft.put_json(&kind_file(name), &self.kind())?;
        let weights = self.members.iter().map(|member| member.weight).collect();
        draft.put_json(name, &Saved { n_items: self.n_items, weights })?;
        for (at, member) in self.members.iter().enumerate() {
            member.model.save(draft, &member_file(name, at))?;
        }
        Ok(())
    }
}
