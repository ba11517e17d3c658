//! Members of a blend that another program fits: what it learns from, and what it gives back.
//!
//! An export says what is held out ([`TrainingData`]). The other program fits each member three
//! times ([`Scope`]), and a run takes the members with the split of the export: nothing that they
//! have learned from is a case that they are judged by.

mod data;
mod members;
mod split;

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use docent_domain::{ResourceId, UserId};
use docent_models::{ModelError, ModelKind};
use serde::{Deserialize, Serialize};

pub use data::{TrainingData, TrainingEvent};
pub use members::{MEMBERS_OF_FACTORS, MEMBERS_OF_ROWS};
pub(crate) use members::{Members, ScopedMembers};

/// Format of exported training data, and of what other programs fit to them.
pub const EXTERNAL_FORMAT: u32 = 1;

/// Part of the split that an event belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// All events of neither other part.
    Train,
    /// The validation set, on which a blend is chosen.
    Validation,
    /// The holdout, on which it is judged.
    Holdout,
}

impl Part {
    /// All parts, the largest first.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Holdout];

    /// Returns the name of the part in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Holdout => "holdout",
        }
    }
}

/// Purpose of a fitted member, and with it the parts that it has learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Learned from [`Part::Train`]: shares are chosen with it on the validation set.
    Choose,
    /// Learned from [`Part::Train`] and [`Part::Validation`]: judged on the holdout.
    Judge,
    /// Learned from everything: published.
    Publish,
}

impl Scope {
    /// All scopes, in the order in which a run needs them.
    pub const ALL: [Self; 3] = [Self::Choose, Self::Judge, Self::Publish];

    /// Returns the name of the scope in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Choose => "choose",
            Self::Judge => "judge",
            Self::Publish => "publish",
        }
    }
}

/// Description of exported training data: `manifest.json` beside the files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitManifest {
    /// [`EXTERNAL_FORMAT`].
    pub format: u32,
    /// Time of the export.
    pub exported_at: DateTime<Utc>,
    /// Number of resources of the catalogue, with or without events.
    pub resources: usize,
    /// Number of users with events.
    pub users: usize,
    /// Numbers of events by part.
    pub events: PartCounts,
    /// True if the events of a user have an order, so that the latest ones are held out.
    pub ordered: bool,
    /// Share of the positives of a user that is held out.
    pub holdout: f64,
    /// Seed of the run, by which positives without an order are held out.
    pub seed: u64,
    /// Fingerprint of what is held out: users, resources and parts.
    pub fingerprint: String,
}

/// Numbers of events by part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartCounts {
    /// Of [`Part::Train`].
    pub train: usize,
    /// Of [`Part::Validation`].
    pub validation: usize,
    /// Of [`Part::Holdout`].
    pub holdout: usize,
}

/// An exported event that was held out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldOutEvent {
    /// Part of the split.
    pub part: Part,
    /// User of the event.
    pub user: UserId,
    /// Number of the resource in the export.
    pub item: u32,
}

/// A member as another program fitted it. Items are numbers of the export.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberData {
    /// Item factors of implicit ALS.
    Factors {
        /// Length of the factors of an item.
        dim: usize,
        /// Items with factors, `[n]`.
        items: Vec<u32>,
        /// Factors, `[n, dim]`, row-major.
        factors: Vec<f32>,
    },
    /// An item-by-item matrix: for each item the others `(item, weight)` that it leads to, in any
    /// order.
    Rows(Vec<Vec<(u32, f32)>>),
}

/// Reads what another program has fitted.
pub trait MemberSource: Debug + Send + Sync {
    /// Returns a member of one of the kinds that [`ExternalMembers::kinds`] lists.
    ///
    /// # Errors
    /// [`ModelError::Member`] says which file is wrong, and how.
    fn load(&self, kind: ModelKind, scope: Scope) -> Result<MemberData, ModelError>;
}

/// Members of a blend that another program fitted to exported training data.
#[derive(Debug)]
pub struct ExternalMembers {
    /// Place of the files, for errors.
    pub place: String,
    /// Description of the data that they were fitted to.
    pub split: SplitManifest,
    /// Ids of the resources by their numbers in the export.
    pub items: Vec<ResourceId>,
    /// Exported events that were held out, in the order of the export by part.
    pub held_out: Vec<HeldOutEvent>,
    /// Kinds of the members: some of [`MEMBERS_OF_FACTORS`] and [`MEMBERS_OF_ROWS`].
    pub kinds: Vec<ModelKind>,
    /// Reader of the members.
    pub source: Box<dyn MemberSource>,
}

impl ExternalMembers {
    fn refused(&self, reason: impl Into<String>) -> ModelError {
        ModelError::Member { place: self.place.clone(), reason: reason.into() }
    }
}
