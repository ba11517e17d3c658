use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of action that a user took on a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum InteractionType {
    /// The user viewed it; [`Signals::dwell_seconds`](crate::Signals::dwell_seconds) and
    /// [`Signals::scroll_depth`](crate::Signals::scroll_depth) say how closely.
    View,
    /// The user wrote a note on it.
    Annotation,
    /// The user added it to a collection.
    CollectionAdd,
    /// The user exported or downloaded it.
    Export,
    /// The user gave it 0.5 to 5 stars, in [`Signals::rating`](crate::Signals::rating).
    Rating,
    /// The user asked never to see it again.
    Dismiss,
    /// An interaction type of your own, with the strength that
    /// [`InteractionRules::custom`](crate::InteractionRules::custom) gives it.
    Custom(String),
}

impl InteractionType {
    pub(crate) const BUILT_IN: [&'static str; 6] =
        ["view", "annotation", "collection_add", "export", "rating", "dismiss"];

    /// Returns the name used on the wire and in the database.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::View => "view",
            Self::Annotation => "annotation",
            Self::CollectionAdd => "collection_add",
            Self::Export => "export",
            Self::Rating => "rating",
            Self::Dismiss => "dismiss",
            Self::Custom(name) => name,
        }
    }
}

impl From<String> for InteractionType {
    fn from(name: String) -> Self {
        match name.as_str() {
            "view" => Self::View,
            "annotation" => Self::Annotation,
            "collection_add" => Self::CollectionAdd,
            "export" => Self::Export,
            "rating" => Self::Rating,
            "dismiss" => Self::Dismiss,
            _ => Self::Custom(name),
        }
    }
}

impl From<InteractionType> for String {
    fn from(kind: InteractionType) -> String {
        kind.as_str().to_owned()
    }
}

impl fmt::Display for InteractionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_names_are_read_back_as_built_in_types() {
        for name in InteractionType::BUILT_IN {
            let read = InteractionType::from(name.to_owned());
            assert!(!matches!(read, InteractionType::Custom(_)) && read.as_str() == name, "{name}");
        }
        assert_eq!(InteractionType::from("share".to_owned()), InteractionType::Custom("share".into()));
    }
}
