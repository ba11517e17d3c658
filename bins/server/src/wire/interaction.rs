use chrono::{DateTime, TimeDelta, Utc};
use docent::{DomainError, Interaction, InteractionType, NewInteraction, Recorded, Signals};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{OneOfBuilder, Ref, RefOr, Schema},
};

use super::{object::Object, time::timestamp};

/// How far the clock of a caller may be ahead of ours.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// One interaction, or a batch of them.
#[derive(Debug)]
pub enum InteractionRequest {
    /// One.
    One(InteractionInput),
    /// A batch.
    Batch(InteractionBatch),
}

/// A batch of interactions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InteractionBatch {
    /// 1 to 1000 of them.
    #[schema(value_type = Vec<InteractionInput>)]
    pub interactions: Vec<Object<InteractionInput>>,
}

/// What a user did with a resource.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InteractionInput {
    /// Your own id of the user, who is made on first use.
    #[schema(example = "ada")]
    pub user_id: String,
    /// Your own id of the resource.
    #[schema(example = "isbn:0140449132")]
    pub resource_id: String,
    /// `view`, `annotation`, `collection_add`, `export`, `rating`, `dismiss`, or a type of the configuration.
    #[schema(example = "view")]
    interaction_type: String,
    /// Time spent, in seconds.
    dwell_seconds: Option<f64>,
    /// Share of the resource scrolled through, 0 to 1.
    scroll_depth: Option<f64>,
    /// Stars, 0.5 to 5 in halves; required for the type `rating`.
    rating: Option<f64>,
    /// RFC 3339; now without it; at most 5 minutes ahead of our clock.
    occurred_at: Option<String>,
}

impl<'de> Deserialize<'de> for InteractionRequest {
    /// By whether there is a field `interactions`, because trying one shape after the other would lose the reason why
    /// neither fits.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let request = if value.get("interactions").is_some() {
            serde_json::from_value(value).map(Self::Batch)
        } else {
            serde_json::from_value(value).map(Self::One)
        };
        request.map_err(D::Error::custom)
    }
}

impl PartialSchema for InteractionRequest {
    fn schema() -> RefOr<Schema> {
        let names = [InteractionInput::name(), InteractionBatch::name()];
        let shapes = names
            .iter()
            .fold(OneOfBuilder::new(), |shapes, name| shapes.item(Ref::from_schema_name(&**name)));
        shapes.into()
    }
}

impl ToSchema for InteractionRequest {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((InteractionInput::name().into_owned(), InteractionInput::schema()));
        schemas.push((InteractionBatch::name().into_owned(), InteractionBatch::schema()));
    }
}

impl InteractionInput {
    /// Checks what does not depend on the configured types.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn checked(&self, now: DateTime<Utc>) -> Result<NewInteraction, DomainError> {
        let at = match &self.occurred_at {
            Some(text) => timestamp("occurred_at", text)?,
            None => now,
        };
        if at > now + CLOCK_TOLERANCE {
            let expected = "a time at most 5 minutes ahead of now";
            return Err(DomainError::OutOfRange {
                field: "occurred_at".into(),
                expected,
                got: at.to_rfc3339(),
            });
        }
        Ok(NewInteraction {
            user_id: self.user_id.parse()?,
            resource_id: self.resource_id.parse()?,
            interaction_type: InteractionType::from(self.interaction_type.clone()),
            signals: Signals {
                dwell_seconds: self.dwell_seconds,
                scroll_depth: self.scroll_depth,
                rating: self.rating,
            },
            at,
        })
    }
}

/// All that is known of what one user did with one resource in one way: repeats are merged into it.
#[derive(Debug, Serialize, ToSchema)]
pub struct InteractionView {
    /// The same for every repeat.
    interaction_id: String,
    /// Who.
    user_id: String,
    /// With what.
    resource_id: String,
    /// Did what.
    interaction_type: String,
    /// How strongly it speaks for the resource, 0 to 1; the largest of all repeats.
    interaction_strength: f64,
    /// Whether it is learned from as a yes.
    is_positive: bool,
    /// How often it was repeated; 0 the first time.
    return_visits: u32,
    /// How sure it is, 0 to 1.
    confidence: f64,
    /// When it happened first.
    created_at: DateTime<Utc>,
}

impl InteractionView {
    /// What is known of the interaction that was just recorded for this one.
    pub fn new(new: &NewInteraction, row_id: i64, known: &Interaction) -> Self {
        Self {
            interaction_id: row_id.to_string(),
            user_id: new.user_id.as_str().to_owned(),
            resource_id: new.resource_id.as_str().to_owned(),
            interaction_type: known.interaction_type.as_str().to_owned(),
            interaction_strength: known.strength.value(),
            is_positive: known.is_positive(),
            return_visits: known.return_visits,
            confidence: known.confidence(),
            created_at: known.first_at,
        }
    }
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct InteractionBatchAnswer {
    /// One for each interaction given, in their order.
    results: Vec<InteractionResult>,
}

/// What became of one interaction of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum InteractionResult {
    /// It is stored.
    Recorded {
        /// All that is known of it.
        interaction: InteractionView,
    },
    /// There is no such resource; nothing was recorded.
    UnknownResource {
        /// Which.
        resource_id: String,
    },
}

impl InteractionBatchAnswer {
    /// The results in the order of what was asked.
    pub fn new(asked: &[NewInteraction], recorded: &[Recorded]) -> Self {
        let result = |(new, recorded): (&NewInteraction, &Recorded)| match recorded {
            Recorded::Merged { row_id, interaction } => {
                InteractionResult::Recorded { interaction: InteractionView::new(new, *row_id, interaction) }
            }
            Recorded::UnknownResource => {
                InteractionResult::UnknownResource { resource_id: new.resource_id.as_str().to_owned() }
            }
        };
        Self { results: asked.iter().zip(recorded).map(result).collect() }
    }
}
