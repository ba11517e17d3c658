//! Collaborative models behind one trait.
//!
//! A model scores a user by their history alone, so a user who arrived after training is served
//! like any other.

mod als;
mod blend;
mod item_item;
mod model_kind;
mod ncf;
mod popularity;
mod scale;
mod user_scores;

use std::{collections::BTreeMap, fmt};

use docent_domain::{Event, MatrixError, as_set};
use docent_snapshot::{Draft, Snapshot};

pub use als::AlsRecommender;
pub use blend::{Blend, BlendScores, Member};
pub use item_item::ItemItemRecommender;
pub use model_kind::ModelKind;
pub use ncf::NcfRecommender;
pub use popularity::Popularity;
pub use scale::Scale;
pub use user_scores::UserScores;

use crate::ModelError;

/// A trained collaborative model over dense item rows. Immutable, and shared between threads.
pub trait CollaborativeModel: Send + Sync + fmt::Debug {
    /// Returns the kind of the model.
    fn kind(&self) -> ModelKind;

    /// Returns the number of items known at training.
    fn n_items(&self) -> usize;

    /// Returns the number of learned values.
    fn n_parameters(&self) -> usize;

    /// Folds a user in from their history, oldest first. An empty history is that of an average
    /// user; items without an interaction at training are left out.
    ///
    /// # Errors
    /// Returns an error for a history that cannot be folded in.
    fn fold_in(&self, history: &[Event]) -> Result<Box<dyn UserScores + '_>, ModelError>;

    /// Returns the factors of an item if the model has factors that are comparable by cosine;
    /// `None` for an item without any interaction at training.
    fn item_factors(&self, _item: u32) -> Option<&[f32]> {
        None
    }

    /// Returns the `k` items whose factors are nearest to those of an item by cosine, among those
    /// that `accept` returns true for, best first; empty for a model without such factors. A few of
    /// the nearest may be missing.
    fn nearest_items(&self, _item: u32, _k: usize, _accept: &dyn Fn(u32) -> bool) -> Vec<u32> {
        Vec::new()
    }

    /// Returns the weight of each member by its name; empty for a model without members.
    fn blend_weights(&self) -> BTreeMap<String, f64> {
        BTreeMap::new()
    }

    /// Returns the `k` best items outside the history, best first; ties by item row.
    ///
    /// # Errors
    /// As [`CollaborativeModel::fold_in`].
    fn recommend(&self, history: &[Event], k: usize) -> Result<Vec<u32>, ModelError> {
        let best = self.fold_in(history)?.best(k, &items_of(history))?;
        Ok(best.into_iter().map(|(item, _)| item).collect())
    }

    /// Writes the model into a snapshot, as files whose names begin with `name`.
    ///
    /// # Errors
    /// [`ModelError::Snapshot`] if a file cannot be written.
    fn save(&self, draft: &mut Draft, name: &str) -> Result<(), ModelError>;
}

/// Reads a model that [`CollaborativeModel::save`] wrote under `name`.
///
/// # Errors
/// [`ModelError::Snapshot`] for a damaged file, [`ModelError::Invalid`] for inconsistent contents.
pub fn load(snapshot: &Snapshot, name: &str) -> Result<Box<dyn CollaborativeModel>, ModelError> {
    Ok(match snapshot.json(&kind_file(name))? {
        kind @ (ModelKind::Popularity | ModelKind::RecentPopularity) => {
            Box::new(Popularity::load(snapshot, name, kind)?)
        }
        kind @ (ModelKind::ItemKnn
        | ModelKind::Rp3beta
        | ModelKind::Ease
        | ModelKind::Transitions
        | ModelKind::Content) => Box::new(ItemItemRecommender::load(snapshot, name, kind)?),
        kind @ (ModelKind::Als | ModelKind::LowRankAls) => {
            Box::new(AlsRecommender::load(snapshot, name, kind)?)
        }
        ModelKind::Ncf => Box::new(NcfRecommender::load(snapshot, name)?),
        ModelKind::Hybrid => Box::new(Blend::load(snapshot, name)?),
    })
}

fn kind_file(name: &str) -> String {
    format!("{name}.kind")
}

/// Returns the items of a history, ascending, each once.
pub(crate) fn items_of(history: &[Event]) -> Vec<u32> {
    as_set(history).into_iter().map(|(item, _)| item).collect()
}

/// Checks that a model of `n_items` knows all `items`.
fn check_items(items: &[u32], n_items: usize) -> Result<(), ModelError> {
    match items.iter().find(|&&item| item as usize >= n_items) {
        Some(&item) => {
            Err(MatrixError::OutOfRange { what: "item", index: item as usize, len: n_items }.into())
        }
        None => Ok(()),
    }
}
