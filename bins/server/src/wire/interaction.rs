use chrono::{DateTime, Utc};
use docent::{Interaction, NewInteraction, Recorded};
use docent_messages::{InteractionInput, InteractionType, Object, from_value};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// Header of a request that can be retried.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes a header; the route reads it from the request")]
pub struct IdempotencyHeader {
    /// Key that makes the request safe to retry: 1 to 255 visible ASCII characters.
    #[param(
        rename = "Idempotency-Key",
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$",
        example = "6f1c9c52-1d0e-4a7e-9d43-2b8f5a0c7e11"
    )]
    key: String,
}

/// One interaction, or a batch of interactions. An object with the property `interactions` is a
/// batch.
#[derive(Debug, ToSchema)]
#[schema(as = InteractionRequest)]
#[serde(untagged)]
pub enum InteractionRequest {
    /// A single interaction, without `interactions`.
    One(InteractionInput),
    /// Batch of interactions.
    Batch(InteractionBatch),
}

/// Batch of interactions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "interactions": [
    { "user_id": "ada", "resource_id": "isbn:0140449132", "interaction_type": "rating", "rating": 4.5 },
    { "user_id": "ada", "resource_id": "isbn:0140449245", "interaction_type": "dismiss",
      "occurred_at": "2026-01-31T09:30:00Z" }
] })))]
pub struct InteractionBatch {
    /// Interactions to record, at most 1,000.
    #[schema(value_type = Vec<InteractionInput>, min_items = 1, max_items = 1000)]
    pub interactions: Vec<Object<InteractionInput>>,
}

impl<'de> Deserialize<'de> for InteractionRequest {
    /// Chooses by the field `interactions`. Trying both shapes would lose the reason why neither
    /// fits.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let request = if value.get("interactions").is_some() {
            from_value(value).map(Self::Batch)
        } else {
            from_value(value).map(Self::One)
        };
        request.map_err(D::Error::custom)
    }
}

/// Parameters of a request to record interactions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecordQuery {
    /// Create unknown resources, with their ids as titles. Their content can be ingested later.
    #[param(value_type = bool, required = false, default = false)]
    pub create_missing: Option<bool>,
}

/// Parameters of a request to delete interactions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeleteInteractionsQuery {
    /// Id of the user.
    #[param(example = "ada", min_length = 1, max_length = 255)]
    pub user_id: String,
    /// Id of the resource.
    #[param(example = "isbn:0140449132", min_length = 1, max_length = 255)]
    pub resource_id: String,
    /// Type of the interactions. All types by default.
    #[param(value_type = String, required = false, example = "dismiss")]
    pub interaction_type: Option<String>,
}

/// Result of a request to delete interactions.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedInteractions {
    /// Number of deleted interactions, each counted once however often it was repeated.
    pub deleted: u64,
}

/// Response to one interaction or to a batch, in the shape of the request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum InteractionResponse {
    /// Response to one interaction.
    One(RecordedInteraction),
    /// Response to a batch.
    Batch(InteractionBatchResponse),
}

/// Everything recorded about one user, one resource and one interaction type. Repeats are merged.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordedInteraction {
    /// Id of the interaction. Repeats have the same id.
    interaction_id: String,
    /// Id of the user.
    user_id: String,
    /// Id of the resource.
    resource_id: String,
    /// Type of the interaction.
    #[schema(value_type = InteractionType)]
    interaction_type: String,
    /// Strength of the interaction: the largest of all repeats; of a rating, that of the newest.
    #[schema(minimum = 0, maximum = 1)]
    interaction_strength: f64,
    /// True if training treats the interaction as a positive example.
    is_positive: bool,
    /// Number of repeats; 0 after the first interaction.
    return_visits: u32,
    /// Confidence in the interaction, which grows with strength and repeats.
    #[schema(minimum = 0, maximum = 1)]
    confidence: f64,
    /// Time of the first interaction (RFC 3339); null if no time is known.
    #[schema(required = true)]
    created_at: Option<DateTime<Utc>>,
}

impl RecordedInteraction {
    /// Combines the recorded state with the ids of the request.
    pub fn new(new: &NewInteraction, row_id: i64, recorded: &Interaction) -> Self {
        Self {
            interaction_id: row_id.to_string(),
            user_id: new.user_id.as_str().to_owned(),
            resource_id: new.resource_id.as_str().to_owned(),
            interaction_type: recorded.interaction_type.as_str().to_owned(),
            interaction_strength: recorded.strength.value(),
            is_positive: recorded.is_positive(),
            return_visits: recorded.return_visits,
            confidence: recorded.confidence(),
            created_at: recorded.first_at,
        }
    }
}

/// Results of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct InteractionBatchResponse {
    /// One result per interaction, in the order of the request.
    results: Vec<InteractionResult>,
}

/// Result of one interaction of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum InteractionResult {
    /// The interaction was recorded.
    Recorded {
        /// Interaction as it is stored after the request.
        interaction: RecordedInteraction,
    },
    /// The resource is unknown. Nothing was recorded for this item.
    UnknownResource {
        /// Id that belongs to no resource.
        resource_id: String,
    },
}

impl InteractionBatchResponse {
    /// Pairs the results with the interactions of the request.
    pub fn new(requested: &[NewInteraction], recorded: &[Recorded]) -> Self {
        let results = requested.iter().zip(recorded);
        Self { results: results.map(|(new, recorded)| InteractionResult::new(new, recorded)).collect() }
    }
}

impl InteractionResult {
    fn new(new: &NewInteraction, recorded: &Recorded) -> Self {
        match recorded {
            Recorded::Merged { row_id, interaction } => {
                Self::Recorded { interaction: RecordedInteraction::new(new, *row_id, interaction) }
            }
            Recorded::UnknownResource => {
                Self::UnknownResource { resource_id: new.resource_id.as_str().to_owned() }
            }
        }
    }
}
