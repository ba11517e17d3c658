use chrono::{DateTime, Utc};

use super::share;
use docent_models::ModelInfo;

use crate::{Engine, Error, engine::now, user_cache::read};

/// How many of the newest runs are looked through for the one that made the live model.
const RUNS: u64 = 100;

/// The live model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelHealth {
    /// Which.
    pub version: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// How old it is.
    pub age_seconds: f64,
    /// The sum of the sizes of its files.
    pub size_bytes: u64,
    /// What it was trained on, and what it was worth then.
    pub info: ModelInfo,
    /// What has come since it was trained.
    pub drift: Drift,
}

/// What has come since a model was trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// Since when: the beginning of its training, or its making where that is not on record.
    pub since: DateTime<Utc>,
    /// How many people there are.
    pub users: u64,
    /// How many of them came since.
    pub unknown_users: u64,
    /// The share of these.
    pub unknown_user_share: Option<f64>,
    /// How many resources can be recommended.
    pub resources: u64,
    /// How many of them the model does not know.
    pub unknown_resources: u64,
    /// The share of these.
    pub unknown_resource_share: Option<f64>,
    /// How often people did something since.
    pub interactions: u64,
}

impl Engine {
    /// How the live model stands; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn model_health(&self) -> Result<Option<ModelHealth>, Error> {
        let (live, resources, unknown_resources) = {
            let state = read(&self.inner.state);
            let Some(live) = state.live.clone() else { return Ok(None) };
            let visible = || state.catalogue.iter().filter(|(_, entry)| !entry.hidden);
            let unknown = visible().filter(|(key, _)| state.row(*key).is_none()).count();
            (live, visible().count() as u64, unknown as u64)
        };
        let runs = self.store().list_runs(RUNS).await?;
        let run = runs.into_iter().find(|run| run.model_version.as_deref() == Some(live.version.as_str()));
        let since = run.map_or(live.created_at, |run| run.started_at);
        let new = self.store().newcomers_since(since).await?;
        Ok(Some(ModelHealth {
            version: live.version.clone(),
            created_at: live.created_at,
            age_seconds: (now() - live.created_at).as_seconds_f64().max(0.0),
            size_bytes: live.size_bytes,
            info: live.model.info.clone(),
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
