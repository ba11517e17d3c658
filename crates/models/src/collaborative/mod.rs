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

use std::{collections::BTreeMap, fmt};

use docent_domain::MatrixError;
use docent_snapshot::{Draft, Snapshot};

pub use als::AlsRecommender;
pub use blend::{Blend, Member};
pub use item_item::ItemItemRecommender;
pub use model_kind::ModelKind;
pub use ncf::NcfRecommender;
pub use popularity::Popularity;

use crate::ModelError;

/// A trained collaborative model over dense item rows. Immutable, and shared between threads.
pub trait CollaborativeModel: Send + Sync + fmt::Debug {
    /// Returns the kind of the model.
    fn kind(&self) -> ModelKind;

    /// Returns the number of items known at training.
    fn n_items(&self) -> usize;

    /// Returns the number of learned values.
    fn n_parameters(&self) -> usize;

    /// Replaces the content of `scores` with the scores of `items`, in their order, for a user with
    /// the given history of `(item row, confidence)` pairs, each item once.
    ///
    /// Greater is better. The scores of one user are comparable with each other and always finite.
    ///
    /// # Errors
    /// Returns an error for items that were unknown at training, and for a history that cannot be
    /// folded in.
    fn score(&self, history: &[(u32, f32)], items: &[u32], scores: &mut Vec<f32>) -> Result<(), ModelError>;

    /// Replaces the content of `scores` with the scores of all items, `[n_items]`.
    ///
    /// A model may score items far from the best more coarsely than [`CollaborativeModel::score`]
    /// does.
    ///
    /// # Errors
    /// As [`CollaborativeModel::score`].
    fn score_all(&self, history: &[(u32, f32)], scores: &mut Vec<f32>) -> Result<(), ModelError>;

    /// Returns the factors of an item if the model has factors that are comparable by cosine;
    /// `None` for an item without any interaction at training.
    fn item_factors(&self, _item: u32) -> Option<&[f32]> {
        None
    }

    /// Returns the weight of each member by its name; empty for a model without members.
    fn blend_weights(&self) -> BTreeMap<String, f64> {
        BTreeMap::new()
    }

    /// Returns the `k` best items outside the history, best first; ties by item row.
    ///
    /// # Errors
    /// As [`CollaborativeModel::score`].
    fn recommend(&self, history: &[(u32, f32)], k: usize) -> Result<Vec<u32>, ModelError> {
        let mut scores = Vec::new();
        self.score_all(history, &mut scores)?;
        let mut seen: Vec<u32> = history.iter().map(|(item, _)| *item).collect();
        seen.sort_unstable();
        Ok(docent_evaluation::top_k(&scores, &seen, &std::collections::HashSet::new(), k))
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
        ModelKind::Popularity => Box::new(Popularity::load(snapshot, name)?),
        kind @ (ModelKind::ItemKnn | ModelKind::Ease) => {
            Box::new(ItemItemRecommender::load(snapshot, name, kind)?)
        }
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

/// Checks that a model of `n_items` knows all `items`.
fn check_items(items: &[u32], n_items: usize) -> Result<(), ModelError> {
    match items.iter().find(|&&item| item as usize >= n_items) {
        Some(&item) => {
            Err(MatrixError::OutOfRange { what: "item", index: item as usize, len: n_items }.into())
        }
        None => Ok(()),
    }
}
