use chrono::{DateTime, Utc};
use docent_domain::{DomainError, Interaction, InteractionRules, NewInteraction, Resource, ResourceId};
use docent_messages::{InteractionInput, InvalidJson, ResourceInput, parse};

use crate::Reason;

/// Content of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Content {
    /// Interactions, one in each message.
    Interactions,
    /// Resources, one in each message. A message without a value deletes the resource that its key
    /// names.
    Resources,
}

impl Content {
    /// Returns the value of the label `content` of metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interactions => "interactions",
            Self::Resources => "resources",
        }
    }
}

/// Message of a topic.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Content of the topic.
    pub content: Content,
    /// Key of the message.
    pub key: Option<&'a [u8]>,
    /// Value of the message: JSON.
    pub value: Option<&'a [u8]>,
    /// Time when the message was sent, which is that of an interaction that states none.
    pub sent: DateTime<Utc>,
}

/// Content of a message that can be stored, as far as the message tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A user interacted with a resource.
    Interaction(NewInteraction),
    /// A resource was added or replaced.
    Resource(Box<Resource>),
    /// A resource was deleted.
    Deletion(ResourceId),
}

/// The reason why a message is no event, and what is wrong with it.
pub(crate) type Refusal = (Reason, String);

impl Event {
    /// Reads a message that arrived at `now`.
    pub(crate) fn read(
        message: &Message<'_>,
        rules: &InteractionRules,
        now: DateTime<Utc>,
    ) -> Result<Self, Refusal> {
        match (message.content, message.value) {
            (Content::Interactions, Some(json)) => {
                let input: InteractionInput = parse(json).map_err(no_json)?;
                let interaction = input.to_interaction(message.sent, now).map_err(invalid)?;
                Interaction::first(&interaction, rules).map_err(invalid)?;
                Ok(Self::Interaction(interaction))
            }
            (Content::Interactions, None) => Err((Reason::InvalidJson, "expected JSON, got no value".into())),
            (Content::Resources, Some(json)) => {
                let input: ResourceInput = parse(json).map_err(no_json)?;
                Ok(Self::Resource(Box::new(input.try_into().map_err(invalid)?)))
            }
            (Content::Resources, None) => {
                let key = message.key.map(String::from_utf8_lossy).unwrap_or_default();
                Ok(Self::Deletion(ResourceId::new(key).map_err(invalid)?))
            }
        }
    }

    /// Returns the content of the topics that have such events.
    pub(crate) fn content(&self) -> Content {
        match self {
            Self::Interaction(_) => Content::Interactions,
            Self::Resource(_) | Self::Deletion(_) => Content::Resources,
        }
    }
}

fn no_json(error: InvalidJson) -> Refusal {
    (Reason::InvalidJson, error.to_string())
}

fn invalid(error: DomainError) -> Refusal {
    (Reason::InvalidValue, error.to_string())
}
