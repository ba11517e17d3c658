use chrono::{DateTime, Utc};

use crate::{Assignment, DomainError, ResourceId, Strategy, UserId, resource::text_of};

const MAX_NOTES_BYTES: usize = 10_000;

/// A recommendation that somebody found useful speaks for its resource like an interaction of this strength.
pub const USEFUL_STRENGTH: f64 = 0.7;
/// The score of a resource is multiplied by this for somebody who did not find it useful.
pub const NOT_USEFUL_FACTOR: f64 = 0.3;

/// One recommendation that was shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Impression {
    /// The answer it was part of.
    pub recommendation_id: String,
    /// To whom.
    pub user_id: UserId,
    /// What.
    pub resource_id: ResourceId,
    /// By which strategy it was chosen.
    pub strategy: Strategy,
    /// Its score in the answer.
    pub score: f64,
    /// Its place in the answer, from 1.
    pub rank: u32,
    /// The model that was live, if any.
    pub model_version: Option<String>,
    /// How little known it was among the candidates, in `[0, 1]`, where that is known.
    pub novelty: Option<f64>,
    /// How different the resources of its answer were, in `[0, 1]`, where that is known.
    pub diversity: Option<f64>,
    /// The variant of an experiment that the answer was made by, if any.
    pub variant: Option<Assignment>,
    /// When it was shown.
    pub shown_at: DateTime<Utc>,
}

/// What came of a recommendation.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// The answer it was part of.
    pub recommendation_id: String,
    /// Who says so, if they said; the impression knows otherwise.
    pub user_id: Option<UserId>,
    /// Of what.
    pub resource_id: ResourceId,
    /// Whether it was opened.
    pub was_clicked: bool,
    /// Whether it helped, if they said; else what they said before stands.
    pub was_useful: Option<bool>,
    /// In their own words; without any, those of before stand.
    pub notes: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Feedback {
    /// Checks the length of notes.
    ///
    /// # Errors
    /// [`DomainError::TooLong`] over 10,000 bytes, [`DomainError::OutOfRange`] for the character U+0000.
    pub fn check(&self) -> Result<(), DomainError> {
        text_of("feedback_notes", MAX_NOTES_BYTES, self.notes.as_deref().unwrap_or_default())
    }
}
