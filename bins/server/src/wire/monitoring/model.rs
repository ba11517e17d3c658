use chrono::{DateTime, Utc};
use docent::monitoring;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// State of the live model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelHealth {
    /// True if a model is live.
    available: bool,
    /// Live model; null if none is published.
    #[schema(required = true)]
    model: Option<LiveModel>,
}

/// Model that the server currently answers with.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveModel {
    /// Version of the model.
    version: String,
    /// Time when the model was written (RFC 3339).
    created_at: DateTime<Utc>,
    /// Age of the model in seconds.
    age_seconds: f64,
    /// Total size of its files in bytes.
    size_bytes: u64,
    /// True if the model was published although the quality gate rejected it.
    forced: bool,
    /// Data the model was trained on.
    trained_on: TrainingData,
    /// Metrics at 10 on the holdout, by name of the evaluated model, for example
    /// `{"hybrid": {"hr": 0.4}}`.
    #[schema(value_type = Object)]
    holdout: Value,
    /// Changes to the store since training.
    drift: Drift,
}

/// Data a model was trained on.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrainingData {
    /// Number of users with a positive interaction.
    users: usize,
    /// Number of resources.
    resources: usize,
    /// Number of positive interactions.
    positives: usize,
    /// Time of the newest interaction (RFC 3339); null if interactions have no times.
    #[schema(required = true)]
    newest_at: Option<DateTime<Utc>>,
}

/// Changes to the store since a model was trained.
#[derive(Debug, Serialize, ToSchema)]
pub struct Drift {
    /// Time of the training data (RFC 3339).
    since: DateTime<Utc>,
    /// Number of users in the store.
    users: u64,
    /// Number of users the model does not know.
    unknown_users: u64,
    /// Share of users the model does not know; null without users.
    #[schema(required = true, minimum = 0, maximum = 1)]
    unknown_user_share: Option<f64>,
    /// Number of resources that can be recommended.
    resources: u64,
    /// Number of resources the model does not know.
    unknown_resources: u64,
    /// Share of resources the model does not know; null without resources.
    #[schema(required = true, minimum = 0, maximum = 1)]
    unknown_resource_share: Option<f64>,
    /// Number of interactions since training, within the last 92 days.
    interactions: u64,
}

impl From<Option<monitoring::ModelHealth>> for ModelHealth {
    fn from(found: Option<monitoring::ModelHealth>) -> Self {
        Self { available: found.is_some(), model: found.map(Into::into) }
    }
}

impl From<monitoring::ModelHealth> for LiveModel {
    fn from(found: monitoring::ModelHealth) -> Self {
        Self {
            version: found.version,
            created_at: found.created_at,
            age_seconds: found.age_seconds,
            size_bytes: found.size_bytes,
            forced: found.info.forced,
            trained_on: TrainingData {
                users: found.info.users,
                resources: found.info.resources,
                positives: found.info.positives,
                newest_at: found.info.watermark,
            },
            holdout: serde_json::to_value(&found.info.holdout).unwrap_or_default(),
            drift: found.drift.into(),
        }
    }
}

impl From<monitoring::Drift> for Drift {
    fn from(drift: monitoring::Drift) -> Self {
        Self {
            since: drift.since,
            users: drift.users,
            unknown_users: drift.unknown_users,
            unknown_user_share: drift.unknown_user_share,
            resources: drift.resources,
            unknown_resources: drift.unknown_resources,
            unknown_resource_share: drift.unknown_resource_share,
            interactions: drift.interactions,
        }
    }
}
