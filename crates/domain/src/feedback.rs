use chrono::{DateTime, Utc};

use crate::{DomainError, ResourceId, Strategy, UserId, resource::text_of};

const MAX_NOTES_BYTES: usize = 10_000;

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
    /// Whether it helped, if they said.
    pub was_useful: Option<bool>,
    /// In their own words.
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
