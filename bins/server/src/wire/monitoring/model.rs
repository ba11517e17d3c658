use chrono::{DateTime, Utc};
use docent::ModelHealth;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// How the live model stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelHealthView {
    /// Whether one is live.
    available: bool,
    /// It, if so.
    model: Option<ModelView>,
}

/// The live model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelView {
    /// Which.
    version: String,
    /// When it was written.
    created_at: DateTime<Utc>,
    /// How old it is.
    age_seconds: f64,
    /// The sum of the sizes of its files.
    size_bytes: u64,
    /// Whether it was published though the gate said no.
    forced: bool,
    /// What it was trained on.
    trained_on: TrainedOnView,
    /// Metrics at 10 on the holdout of its training, by the name of what was judged: `{"hybrid": {"hr": 0.4, ...}, ...}`.
    #[schema(value_type = Object)]
    holdout: Value,
    /// What has come since.
    drift: DriftView,
}

/// What a model was trained on.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrainedOnView {
    /// People who like something.
    users: usize,
    /// Resources.
    resources: usize,
    /// What people like.
    positives: usize,
    /// When the newest of it was.
    newest_at: Option<DateTime<Utc>>,
}

/// What has come since a model was trained.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriftView {
    /// Since when.
    since: DateTime<Utc>,
    /// How many people there are.
    users: u64,
    /// How many of them came since.
    unknown_users: u64,
    /// The share of these.
    unknown_user_share: Option<f64>,
    /// How many resources can be recommended.
    resources: u64,
    /// How many of them the model does not know.
    unknown_resources: u64,
    /// The share of these.
    unknown_resource_share: Option<f64>,
    /// How often people did something since, of the last 92 days.
    interactions: u64,
}

impl From<Option<ModelHealth>> for ModelHealthView {
    fn from(found: Option<ModelHealth>) -> Self {
        Self { available: found.is_some(), model: found.map(Into::into) }
    }
}

impl From<ModelHealth> for ModelView {
    fn from(found: ModelHealth) -> Self {
        let drift = found.drift;
        Self {
            version: found.version,
            created_at: found.created_at,
            age_seconds: found.age_seconds,
            size_bytes: found.size_bytes,
            forced: found.info.forced,
            trained_on: TrainedOnView {
                users: found.info.users,
                resources: found.info.resources,
                positives: found.info.positives,
                newest_at: found.info.watermark,
            },
            holdout: serde_json::to_value(&found.info.holdout).unwrap_or_default(),
            drift: DriftView {
                since: drift.since,
                users: drift.users,
                unknown_users: drift.unknown_users,
                unknown_user_share: drift.unknown_user_share,
                resources: drift.resources,
                unknown_resources: drift.unknown_resources,
                unknown_resource_share: drift.unknown_resource_share,
                interactions: drift.interactions,
            },
        }
    }
}
