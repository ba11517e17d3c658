use std::{
    fmt,
    ops::{Bound, RangeBounds},
};

use chrono::{DateTime, Utc};

use crate::{AttributeValue, Facts};

/// A field of a resource that can be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
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

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::Subjects => "subjects",
            Self::Authors => "authors",
            Self::Source => "source",
            Self::Language => "language",
            Self::PublishedAt => "published_at",
            Self::Quality => "quality",
            Self::Attribute(path) => return write!(f, "attributes.{path}"),
        })
    }
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

pub(crate) type Span<T> = (Bound<T>, Bound<T>);

/// A value or a span of values that a condition accepts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Member {
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
pub(crate) struct Condition {
    pub field: Field,
    pub negated: bool,
    pub members: Vec<Member>,
}

impl Condition {
    /// Returns true if the resource with these facts matches the condition.
    pub(super) fn matches(&self, facts: &Facts<'_>) -> bool {
        self.field.has_member(facts, &self.members).is_some_and(|has_member| has_member != self.negated)
    }

    /// Returns the work of finding all resources that match, where that of one value is 1.
    pub(super) fn cost(&self) -> usize {
        self.members.iter().map(Member::cost).sum()
    }
}

impl Field {
    /// Returns true if one of the field's values is among the members; `None` without a value.
    pub(crate) fn has_member(&self, facts: &Facts<'_>, members: &[Member]) -> Option<bool> {
        match self {
            Self::Id => any([facts.id], members, |value, member| member.is_id(value)),
            Self::Subjects => any(facts.subjects, members, |value, member| member.has_text(value)),
            Self::Authors => any(facts.authors, members, |value, member| member.has_text(value)),
            Self::Source => any(facts.source, members, |value, member| member.has_text(value)),
            Self::Language => any(facts.language, members, |value, member| member.has_text(value)),
            Self::PublishedAt => any(facts.published_at, members, |value, member| member.has_time(value)),
            Self::Quality => any(facts.quality, members, |value, member| member.has_number(value)),
            Self::Attribute(path) => {
                // Attributes are in ascending order of their paths.
                let first = facts.attributes.partition_point(|attribute| *attribute.path < **path);
                let values = facts.attributes.iter().skip(first).take_while(|value| *value.path == **path);
                any(values, members, |attribute, member| match &attribute.value {
                    AttributeValue::Text(text) => member.has_text(text),
                    AttributeValue::Number(number) => member.has_number(*number),
                    AttributeValue::Flag(flag) => *member == Member::Flag(*flag),
                })
            }
        }
    }
}

fn any<T: Copy>(
    values: impl IntoIterator<Item = T>,
    members: &[Member],
    is_member: impl Fn(T, &Member) -> bool,
) -> Option<bool> {
    let mut values = values.into_iter().peekable();
    values.peek()?;
    Some(values.any(|value| members.iter().any(|member| is_member(value, member))))
}

/// Work of finding the values in a span of texts or times, and in one of numbers, where that of one
/// value is 1: a catalogue has many different texts and times.
const COST_OF_MANY: usize = 64;
const COST_OF_NUMBERS: usize = 8;

impl Member {
    fn cost(&self) -> usize {
        match self {
            Self::Text(_) | Self::Flag(_) => 1,
            Self::Numbers(_) => COST_OF_NUMBERS,
            Self::Texts(_) | Self::Times(_) => COST_OF_MANY,
        }
    }

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
pub(crate) fn lower_case(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}
