use chrono::{DateTime, NaiveDate, Utc};
use docent::{
    Interaction, ResourceId, UserId,
    storage::{self, FeedbackRow, Participation},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::profile::Profile;

/// All data about a user.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserExport {
    /// Id of the user.
    user_id: String,
    /// Time when the user was first seen (RFC 3339); null if the user was only shown resources.
    #[schema(required = true)]
    created_at: Option<DateTime<Utc>>,
    /// Preferences, set and learned; null if there are none.
    #[schema(required = true)]
    profile: Option<Profile>,
    /// Interactions, one for each resource and type.
    interactions: Vec<ExportedInteraction>,
    /// Resources that were shown, and feedback.
    impressions: Vec<ExportedImpression>,
    /// Sessions that are kept.
    sessions: Vec<ExportedSession>,
    /// Experiments that the user took part in.
    experiments: Vec<ExportedExperiment>,
}

/// Interactions of the user with a resource, of one type.
#[derive(Debug, Serialize, ToSchema)]
struct ExportedInteraction {
    /// Id of the resource.
    resource_id: String,
    /// Type of the interaction.
    interaction_type: String,
    /// Strength, 0 to 1.
    interaction_strength: f64,
    /// Time on the resource, in seconds; null if it is not known.
    #[schema(required = true)]
    dwell_seconds: Option<f64>,
    /// Share that was scrolled through; null if it is not known.
    #[schema(required = true)]
    scroll_depth: Option<f64>,
    /// Rating in stars; null if there is none.
    #[schema(required = true)]
    rating: Option<f64>,
    /// Number of repeats.
    return_visits: u32,
    /// Time of the first event (RFC 3339); null if it is not known.
    #[schema(required = true)]
    first_at: Option<DateTime<Utc>>,
    /// Time of the newest event (RFC 3339); null if it is not known.
    #[schema(required = true)]
    last_at: Option<DateTime<Utc>>,
}

/// Resource that was shown to the user, or on which the user gave feedback.
#[derive(Debug, Serialize, ToSchema)]
struct ExportedImpression {
    /// Id of the list.
    recommendation_id: String,
    /// Id of the resource.
    resource_id: String,
    /// Rank in the list, from 1; null if it was not shown.
    #[schema(required = true)]
    rank: Option<u32>,
    /// Score in the list; null if it was not shown.
    #[schema(required = true)]
    score: Option<f64>,
    /// Time when it was shown (RFC 3339); null if it was not.
    #[schema(required = true)]
    shown_at: Option<DateTime<Utc>>,
    /// True if the user opened it; null without feedback.
    #[schema(required = true)]
    was_clicked: Option<bool>,
    /// Verdict of the user; null without one.
    #[schema(required = true)]
    was_useful: Option<bool>,
    /// Comment of the user; null without one.
    #[schema(required = true)]
    feedback_notes: Option<String>,
    /// Time of the feedback (RFC 3339); null without feedback.
    #[schema(required = true)]
    feedback_at: Option<DateTime<Utc>>,
}

/// Session of the user: events with pauses of at most half an hour.
#[derive(Debug, Serialize, ToSchema)]
struct ExportedSession {
    /// Time of the first event (RFC 3339).
    begin_at: DateTime<Utc>,
    /// Time of the last event (RFC 3339).
    end_at: DateTime<Utc>,
}

/// Experiment that the user took part in.
#[derive(Debug, Serialize, ToSchema)]
struct ExportedExperiment {
    /// Name of the experiment.
    experiment: String,
    /// Variant of the user.
    variant: String,
    /// Day of the newest impression.
    last_day: NaiveDate,
}

impl UserExport {
    /// Converts the data of a user.
    pub fn new(user: &UserId, data: storage::UserExport) -> Self {
        let sessions = data.sessions.into_iter();
        Self {
            user_id: user.as_str().to_owned(),
            created_at: data.created_at,
            profile: data.profile.map(|stored| Profile::new(user, stored.profile)),
            interactions: data.interactions.into_iter().map(ExportedInteraction::from).collect(),
            impressions: data.impressions.into_iter().map(ExportedImpression::from).collect(),
            sessions: sessions.map(|(begin_at, end_at)| ExportedSession { begin_at, end_at }).collect(),
            experiments: data.experiments.into_iter().map(ExportedExperiment::from).collect(),
        }
    }
}

impl From<(ResourceId, Interaction)> for ExportedInteraction {
    fn from((resource, interaction): (ResourceId, Interaction)) -> Self {
        Self {
            resource_id: resource.into(),
            interaction_type: interaction.interaction_type.to_string(),
            interaction_strength: interaction.strength.value(),
            dwell_seconds: interaction.signals.dwell_seconds,
            scroll_depth: interaction.signals.scroll_depth,
            rating: interaction.signals.rating,
            return_visits: interaction.return_visits,
            first_at: interaction.first_at,
            last_at: interaction.last_at,
        }
    }
}

impl From<FeedbackRow> for ExportedImpression {
    fn from(row: FeedbackRow) -> Self {
        Self {
            recommendation_id: row.recommendation_id,
            resource_id: row.resource_id.into(),
            rank: row.rank,
            score: row.score,
            shown_at: row.shown_at,
            was_clicked: row.was_clicked,
            was_useful: row.was_useful,
            feedback_notes: row.notes,
            feedback_at: row.feedback_at,
        }
    }
}

impl From<Participation> for ExportedExperiment {
    fn from(part: Participation) -> Self {
        let Participation { experiment, variant, last_day } = part;
        Self { experiment, variant, last_day }
    }
}
