use serde::{Deserialize, Deserializer};

/// Change of one field of a request that changes some fields.
#[derive(Debug, Default)]
pub enum Change<T> {
    /// The field is absent.
    #[default]
    Keep,
    /// The field is null.
    Reset,
    /// The field has a value.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Reset, Self::Set))
    }
}

impl<T> Change<T> {
    /// Returns the value to store; `None` keeps the stored one.
    pub fn into_value(self, default: T) -> Option<T> {
        match self {
            Self::Keep => None,
            Self::Reset => Some(default),
            Self::Set(value) => Some(value),
        }
    }

    /// Returns the value to store, where an inner `None` clears the stored one; `None` keeps it.
    pub fn into_option(self) -> Option<Option<T>> {
        match self {
            Self::Keep => None,
            Self::Reset => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }
}
