use chrono::{DateTime, Utc};
use docent_models::ModelInfo;

use super::share;
use crate::{Engine, Error, engine::now};

/// Number of recent training runs that are searched for the run of the live model.
const MAX_RUNS: u64 = 100;

/// State of the live model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelHealth {
    /// Id of the snapshot.
    pub version: String,
    /// Time when the snapshot was written.
    pub created_at: DateTime<Utc>,
    /// Age of the snapshot in seconds.
    pub age_seconds: f64,
    /// Size of all files of the snapshot.
    pub size_bytes: u64,
    /// Description of the model, with its training data and its holdout metrics.
    pub info: ModelInfo,
    /// Changes of the store since the training.
    pub drift: Drift,
}

/// Changes of the store since a model was trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// Start of the training run, or the time of the snapshot if the run is not on record.
    pub since: DateTime<Utc>,
    /// Number of users.
    pub users: u64,
    /// Number of users who arrived since the training.
    pub unknown_users: u64,
    /// Share of users who arrived since the training; `None` without users.
    pub unknown_user_share: Option<f64>,
    /// Number of resources that can be recommended.
    pub resources: u64,
    /// Number of recommendable resources that the model does not know.
    pub unknown_resources: u64,
    /// Share of recommendable resources that the model does not know; `None` without resources.
    pub unknown_resource_share: Option<f64>,
    /// Number of interactions since the training.
    pub interactions: u64,
}

impl Engine {
    /// Returns the state of the live model; `None` without one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is.
    pub async fn model_health(&self) -> Result<Option<ModelHealth>, Error> {
        let (live, resources, unknown_resources) = {
            let state = self.inner.state.read();
            let Some(live) = state.live.clone() else { return Ok(None) };
            let unknown = state.catalogue.visible().filter(|(key, _)| state.row(*key).is_none()).count();
            (live, state.catalogue.visible().count() as u64, unknown as u64)
        };
        let runs = self.store().list_runs(MAX_RUNS).await?;
        let run =
            runs.into_iter().find(|run| run.model_version.as_deref() == Some(live.snapshot.version.as_str()));
        let since = run.map_or(live.snapshot.created_at, |run| run.started_at);
        let new = self.store().newcomers_since(since).await?;
        Ok(Some(ModelHealth {
            version: live.snapshot.version.clone(),
            created_at: live.snapshot.created_at,
            age_seconds: (now() - live.snapshot.created_at).as_seconds_f64().max(0.0),
            size_bytes: live.snapshot.size_bytes,
            info: live.info.clone(),
            drift: Drift {
                since,
                users: new.users,
                unknown_users: new.new_users,
                unknown_user_share: share(new.new_users, new.users),
                resources,
                unknown_resources,
                unknown_resource_share: share(unknown_resources, resources),
                interactions: new.events,
            },
        }))
    }
}
