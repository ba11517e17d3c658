//! Collaborative models behind one trait. Each scores a person by their history alone, so nobody needs to have been there
//! at training.

mod als;
mod blend;
mod fit;
mod item_item;
mod ncf;
mod popularity;
mod tune;
mod validation;

use std::{collections::BTreeMap, fmt};

pub use docent_domain::InteractionMatrix;
pub use docent_item_item::{EaseConfig, ItemItemError, KnnConfig};
use docent_snapshot::{Draft, Snapshot};

pub use als::AlsRecommender;
pub use blend::{Blend, Member};
pub(crate) use fit::hybrid;
pub use fit::{FitEvent, FitSettings, Observer, fit};
pub use item_item::ItemItemRecommender;
pub use ncf::NcfRecommender;
pub use popularity::Popularity;
pub use tune::{Tuned, tune};
pub use validation::{Objective, Validation};

use crate::Error;

/// A trained collaborative model over dense item indices. Immutable, to be shared between threads.
pub trait CollaborativeModel: Send + Sync + fmt::Debug {
    /// Which model it is.
    fn kind(&self) -> ModelKind;

    /// Number of items known at training.
    fn n_items(&self) -> usize;

    /// Number of learned values.
    fn n_parameters(&self) -> usize;

    /// Replaces the content of `scores` by the scores of `items`, in their order, for a person who chose `history`: `(item,
    /// confidence)`, each item once. Greater is better; the scores of one
    /// person are comparable with each other, and always finite.
    ///
    /// # Errors
    /// Items that were not there at training, histories that cannot be folded in.
    fn score(&self, history: &[(u32, f32)], items: &[u32], scores: &mut Vec<f32>) -> Result<(), Error>;

    /// Replaces the content of `scores` by the scores of all items, `[n_items]`. A model may score items that are far from
    /// the best more coarsely than [`CollaborativeModel::score`] does.
    ///
    /// # Errors
    /// As [`CollaborativeModel::score`].
    fn score_all(&self, history: &[(u32, f32)], scores: &mut Vec<f32>) -> Result<(), Error>;

    /// The factors of an item, where the model has some that are comparable by cosine; `None` for an item that nobody chose.
    fn item_factors(&self, _item: u32) -> Option<&[f32]> {
        None
    }

    /// What the scores of its members are multiplied with, by name; empty for a model that has none.
    fn blend_weights(&self) -> BTreeMap<String, f64> {
        BTreeMap::new()
    }

    /// The `k` best items that are not in the history, best first; ties by item.
    ///
    /// # Errors
    /// As [`CollaborativeModel::score`].
    fn recommend(&self, history: &[(u32, f32)], k: usize) -> Result<Vec<u32>, Error> {
        let mut scores = Vec::new();
        self.score_all(history, &mut scores)?;
        let mut seen: Vec<u32> = history.iter().map(|(item, _)| *item).collect();
        seen.sort_unstable();
        Ok(docent_evaluation::top_k(&scores, &seen, &std::collections::HashSet::new(), k))
    }

    /// Writes the model into a snapshot, as files that begin with `name`.
    ///
    /// # Errors
    /// [`Error::Snapshot`] where a file cannot be written.
    fn save(&self, draft: &mut Draft, name: &str) -> Result<(), Error>;
}

/// The models by the names that commands and reports use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// How many people chose an item.
    Popularity,
    /// Item nearest neighbours.
    ItemKnn,
    /// The closed-form linear autoencoder.
    Ease,
    /// Matrix factorisation by alternating least squares.
    Als,
    /// The same with few dimensions, which the blend adds to many: `AlsConfig::broad`.
    BroadAls,
    /// Neural collaborative filtering.
    Ncf,
    /// The others blended, with weights found on a holdout.
    Hybrid,
}

impl ModelKind {
    /// All models, from the simplest.
    pub const ALL: [Self; 7] =
        [Self::Popularity, Self::ItemKnn, Self::Ease, Self::Als, Self::BroadAls, Self::Ncf, Self::Hybrid];

    /// Its name: `popularity`, `itemknn`, `ease`, `als`, `broadals`, `ncf`, `hybrid`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Popularity => "popularity",
            Self::ItemKnn => "itemknn",
            Self::Ease => "ease",
            Self::Als => "als",
            Self::BroadAls => "broadals",
            Self::Ncf => "ncf",
            Self::Hybrid => "hybrid",
        }
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for ModelKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("unknown model \"{name}\": expected one of {names}")
        })
    }
}

/// Reads a model that [`CollaborativeModel::save`] wrote under `name`.
///
/// # Errors
/// [`Error::Snapshot`] for a damaged file, [`Error::InvalidModel`] for contents that do not hold together.
pub fn load(snapshot: &Snapshot, name: &str) -> Result<Box<dyn CollaborativeModel>, Error> {
    Ok(match snapshot.json(&kind_file(name))? {
        ModelKind::Popularity => Box::new(Popularity::load(snapshot, name)?),
        kind @ (ModelKind::ItemKnn | ModelKind::Ease) => {
            Box::new(ItemItemRecommender::load(snapshot, name, kind)?)
        }
        kind @ (ModelKind::Als | ModelKind::BroadAls) => {
            Box::new(AlsRecommender::load(snapshot, name, kind)?)
        }
        ModelKind::Ncf => Box::new(NcfRecommender::load(snapshot, name)?),
        ModelKind::Hybrid => Box::new(Blend::load(snapshot, name)?),
    })
}

fn kind_file(name: &str) -> String {
    format!("{name}.kind")
}

/// The items of `items` must be known to a model of `n_items`.
fn check_items(items: &[u32], n_items: usize) -> Result<(), Error> {
    match items.iter().find(|&&item| item as usize >= n_items) {
        Some(&item) => {
            Err(docent_domain::MatrixError::OutOfRange { what: "item", index: item as usize, len: n_items }
                .into())
        }
        None => Ok(()),
    }
}

/// Picks the scores of `items` out of those of all.
fn pick(all: &[f32], items: &[u32], scores: &mut Vec<f32>) -> Result<(), Error> {
    check_items(items, all.len())?;
    scores.clear();
    scores.extend(items.iter().filter_map(|&item| all.get(item as usize)));
    Ok(())
}
