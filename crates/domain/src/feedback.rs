use chrono::{DateTime, Utc};

use crate::{Assignment, DomainError, ResourceId, Strategy, UserId, resource::text_of};

const MAX_NOTES_BYTES: usize = 10_000;

/// Strength of the training signal from a recommendation that the user marked as useful.
pub const USEFUL_STRENGTH: f64 = 0.7;
/// Factor by which the score of a resource is multiplied for a user who marked it as not useful.
pub const NOT_USEFUL_FACTOR: f64 = 0.3;

/// A recommendation that was shown to a user.
#[derive(Debug, Clone, PartialEq)]
pub struct Impression {
    /// Id of the answer that the recommendation was part of.
    pub recommendation_id: String,
    /// Id of the user who saw it.
    pub user_id: UserId,
    /// Id of the recommended resource.
    pub resource_id: ResourceId,
    /// Strategy that ranked the answer.
    pub strategy: Strategy,
    /// Score of the resource in the answer.
    pub score: f64,
    /// Place of the resource in the answer, from 1.
    pub rank: u32,
    /// Version of the model that was live, or `None` if there was none.
    pub model_version: Option<String>,
    /// Novelty of the resource among the candidates, in `[0, 1]`, if known.
    pub novelty: Option<f64>,
    /// Mean distance between the resources of the answer, in `[0, 1]`, if known.
    pub diversity: Option<f64>,
    /// Variant of the experiment that produced the answer, if any.
    pub variant: Option<Assignment>,
    /// Time when the answer was returned.
    pub shown_at: DateTime<Utc>,
    /// Share of answers whose impressions were kept at that time, in `(0, 1]`: below 1 while there
    /// are more than the store keeps up with. The impression counts for `1 / kept_share`.
    pub kept_share: f64,
}

/// Feedback of a user on a recommendation.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// Id of the answer that the recommendation was part of.
    pub recommendation_id: String,
    /// Id of the user; if `None`, the user of the impression.
    pub user_id: Option<UserId>,
    /// Id of the recommended resource.
    pub resource_id: ResourceId,
    /// True if the user opened the resource.
    pub was_clicked: bool,
    /// Verdict of the user; `None` keeps an earlier verdict.
    pub was_useful: Option<bool>,
    /// Free text from the user; `None` keeps earlier notes.
    pub notes: Option<String>,
    /// Time of the feedback.
    pub at: DateTime<Utc>,
}

impl Feedback {
    /// Checks the notes.
    ///
    /// # Errors
    /// Returns [`DomainError::TooLong`] for more than 10,000 bytes and [`DomainError::OutOfRange`]
    /// for the character U+0000.
    pub fn check(&self) -> Result<(), DomainError> {
        text_of("feedback_notes", MAX_NOTES_BYTES, self.notes.as_deref().unwrap_or_default())
    }
}
