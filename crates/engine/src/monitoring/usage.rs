use chrono::{DateTime, Utc};
use docent_storage::TypeCount;

use super::{mean, share};
use crate::{Engine, Error, engine::now};

/// What people did in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Engagement {
    /// When the window begins.
    pub begin: DateTime<Utc>,
    /// When it ends: now.
    pub end: DateTime<Utc>,
    /// How many people there are.
    pub users: u64,
    /// How many of them came in the window.
    pub new_users: u64,
    /// How many did something in it.
    pub active_users: u64,
    /// How often people did something.
    pub interactions: u64,
    /// What they did, in the order of the names.
    pub by_type: Vec<TypeCount>,
    /// The share of it that spoke for the resource.
    pub positive_rate: Option<f64>,
    /// How much an active person did.
    pub interactions_per_active_user: Option<f64>,
    /// How many sessions began: half an hour without anything ends one.
    pub sessions: u64,
    /// From the first to the last thing done in a session, in the mean.
    pub mean_session_seconds: Option<f64>,
}

impl Engine {
    /// What people did in the last `days` days.
    ///
    /// # Errors
    /// [`Error::Storage`].
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
