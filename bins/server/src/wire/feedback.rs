use chrono::{DateTime, Utc};
use docent::{DomainError, Feedback};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const MAX_RECOMMENDATION_ID_BYTES: usize = 64;

/// Feedback on a recommended resource.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "recommendation_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMB",
    "resource_id": "isbn:0140449132",
    "was_clicked": true,
    "was_useful": true
})))]
pub struct FeedbackInput {
    /// Id of the list the resource was recommended in: `metadata.recommendation_id`.
    #[schema(min_length = 1, max_length = 64)]
    recommendation_id: String,
    /// Id of the recommended resource.
    #[schema(min_length = 1, max_length = 255)]
    resource_id: String,
    /// Id of the user who gives the feedback. Optional, because the list knows its user. Feedback
    /// on a list of another user changes nothing.
    #[schema(min_length = 1, max_length = 255)]
    user_id: Option<String>,
    /// True if the user opened the resource. Replaces earlier feedback.
    was_clicked: bool,
    /// Verdict of the user. `false` lowers the score of the resource for this user from the next
    /// request on; `true` counts like a positive interaction. Null or absent keeps the earlier
    /// verdict.
    was_useful: Option<bool>,
    /// Comment of the user, at most 10,000 bytes. Null or absent keeps the earlier comment.
    #[schema(max_length = 10000)]
    feedback_notes: Option<String>,
}

/// Feedback as it is stored after the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordedFeedback {
    /// Id of the list the resource was recommended in.
    recommendation_id: String,
    /// Id of the recommended resource.
    resource_id: String,
    /// Time when the feedback was recorded (RFC 3339).
    recorded_at: DateTime<Utc>,
}

impl FeedbackInput {
    /// Converts the input into feedback given at `now`.
    ///
    /// # Errors
    /// Returns the first violated rule.
    pub fn into_feedback(self, now: DateTime<Utc>) -> Result<Feedback, DomainError> {
        let id = &self.recommendation_id;
        if id.is_empty() || id.len() > MAX_RECOMMENDATION_ID_BYTES || id.chars().any(char::is_control) {
            let field = "recommendation_id".into();
            let expected = "the recommendation_id of a response: 1 to 64 bytes";
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

impl From<Feedback> for RecordedFeedback {
    fn from(feedback: Feedback) -> Self {
        Self {
            recommendation_id: feedback.recommendation_id,
            resource_id: feedback.resource_id.into(),
            recorded_at: feedback.at,
        }
    }
}
