use docent::Engagement;
use serde::Serialize;
use utoipa::ToSchema;

use super::WindowView;

/// What people did in the window.
#[derive(Debug, Serialize, ToSchema)]
pub struct EngagementView {
    /// The window.
    window: WindowView,
    /// How many people there are.
    users: u64,
    /// How many of them came in the window.
    new_users: u64,
    /// How many did something in it.
    active_users: u64,
    /// How often people did something, repeats included.
    interactions: u64,
    /// What they did, in the order of the names.
    by_type: Vec<TypeView>,
    /// The share of it that spoke for the resource; null where nothing was done.
    positive_rate: Option<f64>,
    /// How much an active person did.
    interactions_per_active_user: Option<f64>,
    /// How many sessions began: half an hour without anything ends one.
    sessions: u64,
    /// From the first to the last thing done in a session, in the mean.
    mean_session_seconds: Option<f64>,
}

/// How often people did one thing.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypeView {
    /// What.
    interaction_type: String,
    /// How often.
    interactions: u64,
    /// How often it spoke for the resource.
    positive: u64,
}

impl EngagementView {
    /// What was found in the last `days` days.
    pub fn new(days: u32, found: Engagement) -> Self {
        Self {
            window: WindowView { days, from: found.begin, to: found.end },
            users: found.users,
            new_users: found.new_users,
            active_users: found.active_users,
            interactions: found.interactions,
            by_type: found
                .by_type
                .into_iter()
                .map(|of| TypeView {
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
