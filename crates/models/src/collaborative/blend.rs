use std::collections::BTreeMap;

use docent_snapshot::{Draft, Snapshot};
use serde::{Deserialize, Serialize};

use super::{CollaborativeModel, ModelKind, kind_file, load};
use crate::ModelError;

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
    pub fn shortlist_scores(&self, history: &[(u32, f32)], scores: &mut Vec<f32>) -> Result<(), ModelError> {
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
    pub fn load(snapshot: &Snapshot, name: &str) -> Result<Self, ModelError> {
        let saved: Saved = snapshot.json(name)?;
        let load_member = |(at, weight): (usize, f32)| {
            Ok(Member { model: load(snapshot, &member_file(name, at))?, weight })
        };
        let members: Vec<Member> =
            saved.weights.into_iter().enumerate().map(load_member).collect::<Result<_, ModelError>>()?;
        if let Some(other) = members.iter().find(|member| member.model.n_items() != saved.n_items) {
            let (kind, found) = (other.model.kind(), other.model.n_items());
            let reason = format!("{name}: {kind} has {found} items, not {}", saved.n_items);
            return Err(ModelError::Invalid { id: snapshot.manifest().id.clone(), reason });
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
        let named = |member: &Member| (member.model.kind().name().to_owned(), f64::from(member.weight));
        self.members.iter().map(named).collect()
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
