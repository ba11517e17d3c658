//! The data that a run learns from, for other programs to learn from.

use chrono::{DateTime, Utc};
use docent_domain::{ResourceId, UserId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{EXTERNAL_FORMAT, Part, PartCounts, SplitManifest, split::fingerprint};
use crate::{
    TrainConfig, TrainError, Trainer,
    dataset::{Dataset, Like},
    holdout::{HeldOut, Splits, hold_out},
};

/// Everything that a run of a trainer would learn from, split as it would split it.
pub struct TrainingData {
    /// Description of the data.
    pub manifest: SplitManifest,
    /// Ids of the resources by their numbers.
    pub items: Vec<ResourceId>,
    users: Vec<UserId>,
    /// Part and place of each event.
    parts: Vec<(Part, u32)>,
    /// Events by user, oldest first.
    events: Vec<Like>,
}

/// A resource that a user likes, or interacted with in a way that has a stated weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingEvent<'a> {
    /// Number of the user, from 0.
    pub user: u32,
    /// Id of the user.
    pub user_id: &'a UserId,
    /// Number of the resource, from 0.
    pub item: u32,
    /// Place of the event in the whole history of the user, from 0, oldest first.
    pub place: u32,
    /// Confidence of the event, above 0, at most 1.
    pub confidence: f32,
    /// Time of the event, where it is known.
    pub at: Option<DateTime<Utc>>,
}

impl TrainingData {
    /// Returns the events of a part, by user and oldest first.
    pub fn events(&self, part: Part) -> impl Iterator<Item = TrainingEvent<'_>> {
        let of_part = self.parts.iter().zip(&self.events).filter(move |((own, _), _)| *own == part);
        of_part.filter_map(|((_, place), event)| {
            Some(TrainingEvent {
                user: event.user,
                user_id: self.users.get(event.user as usize)?,
                item: event.item,
                place: *place,
                confidence: event.strength,
                at: event.at,
            })
        })
    }
}

impl Trainer {
    /// Returns what a run would learn from: positives, and interactions of types with a weight in
    /// the settings; those of other types count only once a run has chosen their weights.
    ///
    /// # Errors
    /// [`TrainError::InsufficientData`] as a run; [`TrainError::Failed`] if the store cannot be
    /// read.
    pub async fn training_data(&self) -> Result<TrainingData, TrainError> {
        self.config.check()?;
        let exported_at = Utc::now();
        let data = Dataset::read(&self.store, &mut ()).await?;
        Ok(split_data(data, &self.config, exported_at))
    }
}

/// Returns what a run would learn from `data`, split as it would split it.
pub(super) fn split_data(data: Dataset, config: &TrainConfig, exported_at: DateTime<Utc>) -> TrainingData {
    let splits = Splits::of(hold_out(&data.likes, config.holdout, config.seed));
    let events = data.weak.with_likes(&data.likes, &config.type_weights, &[]).into_owned();
    let parts = parts(&data.likes, &events, &splits);
    let count = |part| parts.iter().filter(|(own, _)| *own == part).count();
    let of_parts = PartCounts {
        train: count(Part::Train),
        validation: count(Part::Validation),
        holdout: count(Part::Holdout),
    };
    let manifest = SplitManifest {
        format: EXTERNAL_FORMAT,
        exported_at,
        resources: data.items.len(),
        users: data.n_users(&events),
        events: of_parts,
        ordered: splits.outer.held_out == HeldOut::Latest,
        holdout: config.holdout,
        seed: config.seed,
        fingerprint: String::new(),
    };
    let items = data.ids().cloned().collect();
    let mut exported = TrainingData { manifest, items, users: data.users, parts, events };
    let held_out = [Part::Validation, Part::Holdout]
        .into_iter()
        .flat_map(|part| exported.events(part).map(move |event| (part, event.user_id, event.item)));
    exported.manifest.fingerprint = fingerprint(held_out, &exported.items);
    exported
}

/// Returns the part of each event and its place in the history of its user.
fn parts(likes: &[Like], events: &[Like], splits: &Splits) -> Vec<(Part, u32)> {
    let mut held_out: FxHashMap<(u32, u32), Part> = FxHashMap::default();
    held_out.extend(splits.inner.test.iter().map(|like| ((like.user, like.item), Part::Validation)));
    held_out.extend(splits.outer.test.iter().map(|like| ((like.user, like.item), Part::Holdout)));
    // Without other interactions, every event is a like.
    let has_others = events.len() > likes.len();
    let liked: FxHashSet<(u32, u32)> = match has_others {
        true => likes.iter().map(|like| (like.user, like.item)).collect(),
        false => FxHashSet::default(),
    };
    let part_of = |event: &Like| match held_out.get(&(event.user, event.item)) {
        Some(part) => *part,
        None if !has_others || liked.contains(&(event.user, event.item)) => Part::Train,
        None if !splits.outer.knows(event) => Part::Holdout,
        None if !splits.inner.knows(event) => Part::Validation,
        None => Part::Train,
    };
    let of_users = events.chunk_by(|a, b| a.user == b.user);
    of_users
        .flat_map(|of_user| of_user.iter().zip(0u32..))
        .map(|(event, place)| (part_of(event), place))
        .collect()
}
