use chrono::{DateTime, TimeDelta, Utc};
use docent_domain::{DomainError, NewInteraction, Signals};
use serde::{Deserialize, Deserializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use crate::timestamp;

/// Tolerance for client clocks that run ahead of the server clock.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Interaction of a user with a resource.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "user_id": "ada",
    "resource_id": "isbn:0140449132",
    "interaction_type": "view",
    "dwell_seconds": 300,
    "scroll_depth": 0.5
})))]
pub struct InteractionInput {
    /// Id of the user, chosen by you. The user is created on first use.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\x00-\x1F\x7F-\x9F]+$")]
    user_id: String,
    /// Id of the resource, chosen by you.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\x00-\x1F\x7F-\x9F]+$")]
    resource_id: String,
    /// Type of the interaction.
    #[schema(value_type = InteractionType)]
    interaction_type: String,
    /// Time the user spent on the resource, in seconds.
    #[schema(minimum = 0)]
    dwell_seconds: Option<f64>,
    /// Share of the resource the user scrolled through.
    #[schema(minimum = 0, maximum = 1)]
    scroll_depth: Option<f64>,
    /// Rating in stars, in steps of 0.5. Required for the type `rating`.
    #[schema(minimum = 0.5, maximum = 5, multiple_of = 0.5)]
    rating: Option<f64>,
    /// Time of the interaction (RFC 3339), at most 5 minutes ahead of the server clock. Defaults to
    /// the current time; null if the time is not known.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: OccurredAt,
}

/// Time of an interaction as the request states it.
#[derive(Debug, Default)]
enum OccurredAt {
    /// The field is absent.
    #[default]
    Now,
    /// The field is null.
    Unknown,
    /// The field has a value, not parsed yet.
    At(String),
}

impl<'de> Deserialize<'de> for OccurredAt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Unknown, Self::At))
    }
}

/// Type of an interaction. Only the schema of the OpenAPI document; types are open.
pub struct InteractionType;

impl PartialSchema for InteractionType {
    fn schema() -> RefOr<Schema> {
        let description = "Type of an interaction: one of the built-in types `view`, `annotation`, \
             `collection_add`, `export`, `rating` and `dismiss`, or a type of the configuration.";
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(description))
            .examples(["view", "rating", "dismiss"])
            .into()
    }
}

impl ToSchema for InteractionType {}

impl InteractionInput {
    /// Converts the input into an interaction that happened at `sent` unless it states another
    /// time, or that the time is not known. The store checks the type and the signals.
    ///
    /// # Errors
    /// Returns the first violated rule.
    pub fn to_interaction(
        &self,
        sent: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<NewInteraction, DomainError> {
        let at = match &self.occurred_at {
            OccurredAt::At(text) => Some(timestamp("occurred_at", text)?),
            OccurredAt::Unknown => None,
            OccurredAt::Now => Some(sent),
        };
        if let Some(at) = at
            && at > now + CLOCK_TOLERANCE
        {
            let expected = "a time at most 5 minutes ahead of the server clock";
            let (field, got) = ("occurred_at".into(), at.to_rfc3339());
            return Err(DomainError::OutOfRange { field, expected, got });
        }
        Ok(NewInteraction {
            user_id: self.user_id.parse()?,
            resource_id: self.resource_id.parse()?,
            interaction_type: self.interaction_type.clone().into(),
            signals: Signals {
                dwell_seconds: self.dwell_seconds,
                scroll_depth: self.scroll_depth,
                rating: self.rating,
                ..Signals::default()
            },
            at,
        })
    }
}
