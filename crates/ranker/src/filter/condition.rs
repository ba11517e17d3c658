use std::ops::{Bound, RangeBounds};

use chrono::{DateTime, Utc};

use crate::{AttributeValue, Facts};

/// A field of a resource that can be compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field {
    Id,
    Subjects,
    Authors,
    Source,
    Language,
    PublishedAt,
    Quality,
    /// An attribute by its path, joined by dots.
    Attribute(String),
}

/// The type of the values of a field, as far as it is known without a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Date,
    Any,
}

impl Field {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Id | Self::Subjects | Self::Authors | Self::Source | Self::Language => Kind::Text,
            Self::PublishedAt => Kind::Date,
            Self::Quality => Kind::Number,
            Self::Attribute(_) => Kind::Any,
        }
    }
}

pub(super) type Span<T> = (Bound<T>, Bound<T>);

/// A value or a span of values that a condition accepts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Member {
    /// In lower case, except for ids.
    Text(String),
    /// In lower case.
    Texts(Span<String>),
    Numbers(Span<f64>),
    Times(Span<DateTime<Utc>>),
    Flag(bool),
}

/// A comparison. It matches if one of the field's values is among the members or, if negated, if
/// none is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    pub field: Field,
    pub negated: bool,
    pub members: Vec<Member>,
}

impl Condition {
    /// Returns true if the resource with these facts matches the condition.
    pub(super) fn matches(&self, facts: &Facts<'_>) -> bool {
        match &self.field {
            Field::Id => self.matches_values([facts.id], |value, member| member.is_id(value)),
            Field::Subjects => self.matches_values(facts.subjects, |value, member| member.has_text(value)),
            Field::Authors => self.matches_values(facts.authors, |value, member| member.has_text(value)),
            Field::Source => self.matches_values(facts.source, |value, member| member.has_text(value)),
            Field::Language => self.matches_values(facts.language, |value, member| member.has_text(value)),
            Field::PublishedAt => {
                self.matches_values(facts.published_at, |value, member| member.has_time(value))
            }
            Field::Quality => self.matches_values(facts.quality, |value, member| member.has_number(value)),
            Field::Attribute(path) => {
                // Attributes are in ascending order of their paths.
                let first = facts.attributes.partition_point(|attribute| *attribute.path < **path);
                let values = facts.attributes.iter().skip(first).take_while(|value| *value.path == **path);
                self.matches_values(values, |attribute, member| match &attribute.value {
                    AttributeValue::Text(text) => member.has_text(text),
                    AttributeValue::Number(number) => member.has_number(*number),
                    AttributeValue::Flag(flag) => *member == Member::Flag(*flag),
                })
            }
        }
    }

    fn matches_values<T: Copy>(
        &self,
        values: impl IntoIterator<Item = T>,
        is_member: impl Fn(T, &Member) -> bool,
    ) -> bool {
        let mut has_value = false;
        let has_member = values.into_iter().any(|value| {
            has_value = true;
            self.members.iter().any(|member| is_member(value, member))
        });
        has_value && has_member != self.negated
    }
}

impl Member {
    fn is_id(&self, value: &str) -> bool {
        matches!(self, Self::Text(id) if id == value)
    }

    fn has_text(&self, value: &str) -> bool {
        match self {
            Self::Text(text) if value.is_ascii() => value.eq_ignore_ascii_case(text),
            Self::Text(text) => lower_case(value).eq(text.chars()),
            Self::Texts(span) => span.contains(&lower_case(value).collect::<String>()),
            _ => false,
        }
    }

    fn has_number(&self, value: f64) -> bool {
        matches!(self, Self::Numbers(span) if span.contains(&value))
    }

    fn has_time(&self, value: DateTime<Utc>) -> bool {
        matches!(self, Self::Times(span) if span.contains(&value))
    }
}

/// Returns the characters of `text` in lower case, so that texts are compared without a copy.
pub(super) fn lower_case(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}
