use chrono::{DateTime, Utc};
use docent::{DomainError, Feedback};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const MAX_RECOMMENDATION_ID_BYTES: usize = 64;

/// What came of a recommendation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedbackInput {
    /// `metadata.recommendation_id` of the answer.
    recommendation_id: String,
    /// Which of its resources.
    resource_id: String,
    /// Who says so; the answer knows for whom it was made, so this may be left out. What was shown to somebody else is
    /// not touched by it.
    user_id: Option<String>,
    /// Whether it was opened; replaces what was said before.
    was_clicked: bool,
    /// Whether it helped, if they said. `false` lowers the resource for them from the very next answer on; `true` counts
    /// like a positive interaction. Null, or left out: what they said before stays.
    was_useful: Option<bool>,
    /// In their own words, at most 10,000 bytes. Null, or left out: those of before stay.
    feedback_notes: Option<String>,
}

/// Feedback that is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedbackAnswer {
    /// Of which answer.
    recommendation_id: String,
    /// On which of its resources.
    resource_id: String,
    /// When.
    recorded_at: DateTime<Utc>,
}

impl FeedbackInput {
    /// Checks it.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn checked(self, now: DateTime<Utc>) -> Result<Feedback, DomainError> {
        let id = &self.recommendation_id;
        if id.is_empty() || id.len() > MAX_RECOMMENDATION_ID_BYTES || id.chars().any(char::is_control) {
            let field = "recommendation_id".into();
            let expected = "the recommendation_id of an answer: 1 to 64 bytes";
            return Err(DomainError::OutOfRange { field, expected, got: format!("{} bytes", id.len()) });
        }
        let feedback = Feedback {
            recommendation_id: self.recommendation_id,
            user_id: self.user_id.map(|id| id.parse()).transpose()?,
            resource_id: self.resource_id.parse()?,
            was_clicked: self.was_clicked,
            was_useful: self.was_useful,
            notes: self.feedback_notes,
            at: now,
        };
        feedback.check()?;
        Ok(feedback)
    }
}

impl From<Feedback> for FeedbackAnswer {
    fn from(feedback: Feedback) -> Self {
        Self {
            recommendation_id: feedback.recommendation_id,
            resource_id: feedback.resource_id.into(),
            recorded_at: feedback.at,
        }
    }
}
