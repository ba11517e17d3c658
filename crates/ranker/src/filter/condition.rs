use std::ops::{Bound, RangeBounds};

use chrono::{DateTime, Utc};

use crate::{AttributeValue, Facts};

/// What of a resource is compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field {
    Id,
    Subjects,
    Authors,
    Source,
    Language,
    PublishedAt,
    Quality,
    /// By its path, joined by dots.
    Attribute(String),
}

/// What a field holds, as far as is known before any resource is seen.
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

/// A value, or a span of values with its ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Member {
    /// In lower case, but for ids.
    Text(String),
    /// In lower case.
    Texts(Span<String>),
    Numbers(Span<f64>),
    Times(Span<DateTime<Utc>>),
    Flag(bool),
}

/// A comparison: whether one of the field's values is one of the members, or whether none is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    pub field: Field,
    pub negated: bool,
    pub members: Vec<Member>,
}

impl Condition {
    pub(super) fn holds(&self, facts: &Facts<'_>) -> bool {
        let text = |held: &str, member: &Member| member.holds_text(held);
        let is_id = |held: &str, member: &Member| matches!(member, Member::Text(id) if id == held);
        match &self.field {
            Field::Id => self.judge([facts.id], is_id),
            Field::Subjects => self.judge(facts.subjects, |held, member| text(held, member)),
            Field::Authors => self.judge(facts.authors, |held, member| text(held, member)),
            Field::Source => self.judge(facts.source, text),
            Field::Language => self.judge(facts.language, text),
            Field::PublishedAt => self.judge(facts.published_at, |held, member| match member {
                Member::Times(span) => span.contains(&held),
                _ => false,
            }),
            Field::Quality => self.judge(facts.quality, |held, member| member.holds_number(held)),
            Field::Attribute(path) => {
                let first = facts.attributes.partition_point(|attribute| *attribute.path < **path);
                let held = facts.attributes.iter().skip(first).take_while(|held| *held.path == **path);
                self.judge(held, |held, member| match &held.value {
                    AttributeValue::Text(held) => member.holds_text(held),
                    AttributeValue::Number(held) => member.holds_number(*held),
                    AttributeValue::Flag(held) => *member == Member::Flag(*held),
                })
            }
        }
    }

    fn judge<T: Copy>(
        &self,
        held: impl IntoIterator<Item = T>,
        is_member: impl Fn(T, &Member) -> bool,
    ) -> bool {
        let mut is_there = false;
        let is_met = held.into_iter().any(|held| {
            is_there = true;
            self.members.iter().any(|member| is_member(held, member))
        });
        is_there && is_met != self.negated
    }
}

impl Member {
    fn holds_text(&self, held: &str) -> bool {
        match self {
            Self::Text(text) if held.is_ascii() => held.eq_ignore_ascii_case(text),
            Self::Text(text) => lower_case(held).eq(text.chars()),
            Self::Texts(span) => span.contains(&lower_case(held).collect::<String>()),
            _ => false,
        }
    }

    fn holds_number(&self, held: f64) -> bool {
        matches!(self, Self::Numbers(span) if span.contains(&held))
    }
}

/// Character by character, so that texts can be compared without being copied.
pub(super) fn lower_case(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}
