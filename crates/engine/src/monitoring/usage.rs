use chrono::{DateTime, Utc};
use docent_storage::TypeCount;

use super::{mean, share};
use crate::{Engine, Error, engine::now};

/// Activity of users in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Engagement {
    /// Start of the window.
    pub begin: DateTime<Utc>,
    /// End of the window: the time of the report.
    pub end: DateTime<Utc>,
    /// Number of users, whether active or not.
    pub users: u64,
    /// Number of users who were first seen in the window.
    pub new_users: u64,
    /// Number of users with an interaction in the window.
    pub active_users: u64,
    /// Number of interactions in the window.
    pub interactions: u64,
    /// Number of interactions by type, sorted by name.
    pub by_type: Vec<TypeCount>,
    /// Share of interactions that were positive; `None` without interactions.
    pub positive_rate: Option<f64>,
    /// Mean number of interactions of an active user; `None` without active users.
    pub interactions_per_active_user: Option<f64>,
    /// Number of sessions that started in the window. Half an hour without an interaction ends a
    /// session.
    pub sessions: u64,
    /// Mean time from the first to the last interaction of a session, in seconds; `None` without
    /// sessions.
    pub mean_session_seconds: Option<f64>,
}

impl Engine {
    /// Returns the activity of users in the last `days` days.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is.
    pub async fn user_engagement(&self, days: u32) -> Result<Engagement, Error> {
        let end = now();
        let found = self.store().engagement(end, days).await?;
        let interactions = found.by_type.iter().map(|of| of.events).sum();
        let positive = found.by_type.iter().map(|of| of.positive).sum();
        Ok(Engagement {
            begin: found.begin,
            end,
            users: found.users,
            new_users: found.new_users,
            active_users: found.active_users,
            interactions,
            positive_rate: share(positive, interactions),
            interactions_per_active_user: share(interactions, found.active_users),
            by_type: found.by_type,
            sessions: found.sessions,
            mean_session_seconds: mean((found.session_seconds, found.sessions)),
        })
    }
}
