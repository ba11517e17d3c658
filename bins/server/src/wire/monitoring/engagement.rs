use docent::monitoring::Engagement;
use docent_messages::InteractionType;
use serde::Serialize;
use utoipa::ToSchema;

use super::TimeWindow;

/// Activity of users in the window.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserEngagement {
    /// Window of the report.
    window: TimeWindow,
    /// Number of users in total.
    users: u64,
    /// Number of users created in the window.
    new_users: u64,
    /// Number of users with at least one interaction in the window.
    active_users: u64,
    /// Number of interactions, repeats included.
    interactions: u64,
    /// Interactions by type, ordered by name.
    by_type: Vec<InteractionTypeCount>,
    /// Share of positive interactions; null without interactions.
    #[schema(required = true, minimum = 0, maximum = 1)]
    positive_rate: Option<f64>,
    /// Mean number of interactions per active user; null without active users.
    #[schema(required = true)]
    interactions_per_active_user: Option<f64>,
    /// Number of sessions that started. A session ends after 30 minutes without an interaction.
    sessions: u64,
    /// Mean time from the first to the last interaction of a session, in seconds; null without
    /// sessions.
    #[schema(required = true)]
    mean_session_seconds: Option<f64>,
}

/// Number of interactions of one type.
#[derive(Debug, Serialize, ToSchema)]
pub struct InteractionTypeCount {
    /// Type of the interactions.
    #[schema(value_type = InteractionType)]
    interaction_type: String,
    /// Number of interactions, repeats included.
    interactions: u64,
    /// Number of positive interactions.
    positive: u64,
}

impl UserEngagement {
    /// Reports the activity of the last `days` days.
    pub fn new(days: u32, found: Engagement) -> Self {
        Self {
            window: TimeWindow { days, from: found.begin, to: found.end },
            users: found.users,
            new_users: found.new_users,
            active_users: found.active_users,
            interactions: found.interactions,
            by_type: found
                .by_type
                .into_iter()
                .map(|of| InteractionTypeCount {
                    interaction_type: of.interaction_type,
                    interactions: of.events,
                    positive: of.positive,
                })
                .collect(),
            positive_rate: found.positive_rate,
            interactions_per_active_user: found.interactions_per_active_user,
            sessions: found.sessions,
            mean_session_seconds: found.mean_session_seconds,
        }
    }
}
