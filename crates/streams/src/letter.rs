use std::{error::Error, future::Future};

/// The reason why a message was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// It is no JSON, or has other fields than expected.
    InvalidJson,
    /// A value breaks a rule: an id, a type, a time in the future.
    InvalidValue,
    /// The resource of the interaction is unknown or deleted.
    UnknownResource,
}

impl Reason {
    /// Returns the value of the label `reason` of metrics, and of the header of dead letters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::InvalidValue => "invalid_value",
            Self::UnknownResource => "unknown_resource",
        }
    }
}

/// Message that cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Place of the message in what the caller read.
    pub place: usize,
    /// The reason why it is dead.
    pub reason: Reason,
    /// Description of what is wrong. It may show a value of the message.
    pub why: String,
}

/// Dead letters that were not delivered: the batch is not stored, and can be tried again.
pub type Undelivered = Box<dyn Error + Send + Sync>;

/// Keeps messages that cannot be stored.
pub trait DeadLetters {
    /// Delivers letters, all of which are kept when this returns.
    ///
    /// # Errors
    /// Any failure to deliver one of them. They are given again then, also those that were
    /// delivered.
    fn deliver(&self, letters: &[Letter]) -> impl Future<Output = Result<(), Undelivered>> + Send;
}
