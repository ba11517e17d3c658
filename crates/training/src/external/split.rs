//! The split of an export, found again in the store.

use blake3::Hasher;
use docent_domain::{ResourceId, UserId};
use docent_models::ModelError;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{EXTERNAL_FORMAT, ExternalMembers, Part};
use crate::{
    TrainConfig,
    dataset::{Dataset, Like},
    holdout::{HeldOut, Split, Splits},
};

/// Share of the held-out positives of an export that the store must still have. Fewer say that it
/// is another store, or that too much has changed to judge anything.
const MIN_KNOWN: f64 = 0.9;

/// Returns the fingerprint of what is held out: events in the order of the export, by part.
pub(super) fn fingerprint<'a>(
    held_out: impl Iterator<Item = (Part, &'a UserId, u32)>,
    items: &[ResourceId],
) -> String {
    let mut hasher = Hasher::new();
    for (part, user, item) in held_out {
        let item = items.get(item as usize).map_or("", ResourceId::as_str);
        for text in [part.name(), user.as_str(), item] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// Returns the splits of an export over the store as it is now, and the row of each exported
/// resource; `None` for resources that are gone.
///
/// Held out is what the export held out and the store still has as a positive: nothing that a
/// member learned from to be judged is a case, whatever happened since. Positives that are newer
/// than the export are in neither part: they are learned from for publication alone.
pub(super) fn splits_of(
    members: &ExternalMembers,
    data: &Dataset,
    config: &TrainConfig,
) -> Result<(Splits, Vec<Option<u32>>), ModelError> {
    check(members, config)?;
    let users: FxHashMap<&UserId, u32> = data.users.iter().zip(0u32..).collect();
    let rows: FxHashMap<&ResourceId, u32> = data.ids().zip(0u32..).collect();
    let row_of_item: Vec<Option<u32>> = members.items.iter().map(|id| rows.get(id).copied()).collect();
    let mut held_out: FxHashMap<(u32, u32), Part> = FxHashMap::default();
    for event in &members.held_out {
        let row = row_of_item.get(event.item as usize).copied().flatten();
        if let (Some(user), Some(row)) = (users.get(&event.user), row) {
            held_out.insert((*user, row), event.part);
        }
    }
    let since = members.split.exported_at;
    let (mut train, mut known, mut validation, mut test) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for like in &data.likes {
        match held_out.get(&(like.user, like.item)) {
            Some(Part::Holdout) => test.push(*like),
            Some(_) => {
                validation.push(*like);
                known.push(*like);
            }
            None if like.at.is_some_and(|at| at > since) => {}
            None => {
                train.push(*like);
                known.push(*like);
            }
        }
    }
    let of_weak = data.weak.likes().map(|weak| (weak.user, weak.item));
    let neutral: FxHashSet<(u32, u32)> = of_weak.filter(|of| held_out.contains_key(of)).collect();
    check_known(members, &validation, &test, neutral.len())?;
    let rule = if members.split.ordered { HeldOut::Latest } else { HeldOut::Random };
    let (outer, inner) = (Split::new(known, test, rule), Split::new(train, validation, rule));
    Ok((Splits { outer, inner, members: None }, row_of_item))
}

fn check(members: &ExternalMembers, config: &TrainConfig) -> Result<(), ModelError> {
    let split = &members.split;
    let again = "export the training data again, fit the members to them, and train with those";
    if split.format != EXTERNAL_FORMAT {
        let format = split.format;
        return Err(
            members.refused(format!("format {format}: this program reads {EXTERNAL_FORMAT}; {again}"))
        );
    }
    if (split.holdout, split.seed) != (config.holdout, config.seed) {
        return Err(members.refused(format!(
            "the split is of holdout {} and seed {}, and the settings say {} and {}; {again}",
            split.holdout, split.seed, config.holdout, config.seed
        )));
    }
    if members.items.len() != split.resources {
        return Err(members.refused(format!(
            "{} resources are listed, and the manifest says {}; {again}",
            members.items.len(),
            split.resources
        )));
    }
    if let Some(event) = members.held_out.iter().find(|event| event.item as usize >= members.items.len()) {
        return Err(
            members.refused(format!("item {} of a held-out event is not listed; {again}", event.item))
        );
    }
    let held_out = members.held_out.iter().map(|event| (event.part, &event.user, event.item));
    if fingerprint(held_out, &members.items) != split.fingerprint {
        return Err(members.refused(format!(
            "the held-out events are not those of the fingerprint in the manifest: files of several exports are mixed, \
             or some are missing; {again}"
        )));
    }
    Ok(())
}

/// Checks that the store still has what the export held out: positives, and `n_neutral` other
/// interactions, which are no cases.
fn check_known(
    members: &ExternalMembers,
    validation: &[Like],
    test: &[Like],
    n_neutral: usize,
) -> Result<(), ModelError> {
    let (held_out, found) = (members.held_out.len(), validation.len() + test.len() + n_neutral);
    if validation.is_empty() || test.is_empty() {
        return Err(members.refused(
            "the split holds nothing out, so members from outside cannot be judged; train without them",
        ));
    }
    if (found as f64) < MIN_KNOWN * held_out as f64 {
        return Err(members.refused(format!(
            "the split is not one of this store: {found} of the {held_out} events that it holds out are there; \
             export the training data again, or name the right store"
        )));
    }
    Ok(())
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
