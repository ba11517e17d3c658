//! Resources by what filters ask for: for each value of each field the set of their keys.

use std::{collections::BTreeSet, ops::Bound, sync::Arc};

use chrono::{DateTime, Utc};
use imbl::OrdMap;
use roaring::RoaringBitmap;

use crate::{
    AttributeValue, Facts, Filter,
    filter::{
        condition::{Condition, Field, Member, lower_case},
        node::Node,
    },
};

/// Keys of resources, which clones share until one of them changes.
type Keys = Arc<RoaringBitmap>;

/// The resources that [`Postings`] are of.
pub trait Library {
    /// Returns the key of the resource with an id.
    fn key(&self, id: &str) -> Option<u32>;

    /// Returns the facts of a resource.
    fn facts(&self, key: u32) -> Option<Facts<'_>>;
}

/// Inverted index of a catalogue: finds the resources that match a filter, and no others, without
/// looking at all of them.
///
/// Texts are kept in lower case. Numbers and times are kept in ranges, of which the first and the
/// last of a span are compared one by one. A clone costs little: it shares what a change does not
/// touch.
#[derive(Debug, Clone, Default)]
pub struct Postings {
    all: Keys,
    hidden: Keys,
    columns: OrdMap<Field, Column>,
}

/// Resources by the values of one field.
#[derive(Debug, Clone, Default)]
struct Column {
    /// Resources with a value.
    known: Keys,
    texts: OrdMap<Arc<str>, Keys>,
    flags: OrdMap<bool, Keys>,
    /// By range of numbers or times.
    ranges: OrdMap<i64, Keys>,
}

impl Postings {
    /// Adds a resource, whose key is not among the postings.
    pub fn insert(&mut self, facts: &Facts<'_>) {
        Arc::make_mut(&mut self.all).insert(facts.key);
        if facts.hidden {
            Arc::make_mut(&mut self.hidden).insert(facts.key);
        }
        for (field, posting) in postings_of(facts) {
            let column = self.columns.entry(field).or_default();
            Arc::make_mut(&mut column.known).insert(facts.key);
            let keys = match posting {
                Posting::Text(text) => column.texts.entry(text).or_default(),
                Posting::Flag(flag) => column.flags.entry(flag).or_default(),
                Posting::Range(range) => column.ranges.entry(range).or_default(),
            };
            Arc::make_mut(keys).insert(facts.key);
        }
    }

    /// Removes a resource with the facts that it was added with.
    pub fn remove(&mut self, facts: &Facts<'_>) {
        Arc::make_mut(&mut self.all).remove(facts.key);
        Arc::make_mut(&mut self.hidden).remove(facts.key);
        for (field, posting) in postings_of(facts) {
            let Some(column) = self.columns.get_mut(&field) else { continue };
            Arc::make_mut(&mut column.known).remove(facts.key);
            match posting {
                Posting::Text(text) => remove(&mut column.texts, &text, facts.key),
                Posting::Flag(flag) => remove(&mut column.flags, &flag, facts.key),
                Posting::Range(range) => remove(&mut column.ranges, &range, facts.key),
            }
        }
    }

    /// Returns the keys of all resources.
    #[must_use]
    pub fn all(&self) -> &RoaringBitmap {
        &self.all
    }

    /// Returns the keys of hidden resources.
    #[must_use]
    pub fn hidden(&self) -> &RoaringBitmap {
        &self.hidden
    }

    /// Returns the keys of the resources that match a filter: those whose facts
    /// [`Filter::accepts`]. `library` must have the facts that the postings were made of.
    #[must_use]
    pub fn matching(&self, filter: &Filter, library: &dyn Library) -> RoaringBitmap {
        self.of_node(filter.root(), library)
    }

    /// Returns the keys of the resources with one of these sources, in any case.
    #[must_use]
    pub fn with_sources<'a>(&self, sources: impl IntoIterator<Item = &'a String>) -> RoaringBitmap {
        let Some(column) = self.columns.get(&Field::Source) else { return RoaringBitmap::new() };
        union(sources.into_iter().filter_map(|source| column.texts.get(&*lower(source))))
    }

    /// Returns the keys of the resources whose quality is known.
    pub(crate) fn with_quality(&self) -> RoaringBitmap {
        self.columns
            .get(&Field::Quality)
            .map(|column| RoaringBitmap::clone(&column.known))
            .unwrap_or_default()
    }

    /// Returns the keys of the resources of a known quality below `min`.
    pub(crate) fn below_quality(&self, min: f64, library: &dyn Library) -> RoaringBitmap {
        self.of_member(&Field::Quality, Member::Numbers((Bound::Unbounded, Bound::Excluded(min))), library)
    }

    /// Returns the keys of the resources that were published after `time`.
    pub(crate) fn published_after(&self, time: DateTime<Utc>, library: &dyn Library) -> RoaringBitmap {
        self.of_member(&Field::PublishedAt, Member::Times((Bound::Excluded(time), Bound::Unbounded)), library)
    }

    fn of_node(&self, node: &Node, library: &dyn Library) -> RoaringBitmap {
        match node {
            Node::Any(nodes) => {
                nodes.iter().fold(RoaringBitmap::new(), |found, node| found | self.of_node(node, library))
            }
            Node::All(nodes) => nodes
                .iter()
                .fold(None, |found: Option<RoaringBitmap>, node| match found {
                    Some(found) if found.is_empty() => Some(found),
                    Some(found) => Some(found & self.of_node(node, library)),
                    None => Some(self.of_node(node, library)),
                })
                .unwrap_or_default(),
            Node::Not(node) => self.all() - self.of_node(node, library),
            Node::Is(condition) => self.of_condition(condition, library),
        }
    }

    fn of_condition(&self, condition: &Condition, library: &dyn Library) -> RoaringBitmap {
        let Condition { field, negated, members } = condition;
        let found = members.iter().fold(RoaringBitmap::new(), |found, member| {
            found | self.of_member(field, member.clone(), library)
        });
        match (negated, field) {
            (false, _) => found,
            // Every resource has an id.
            (true, Field::Id) => self.all() - found,
            (true, field) => match self.columns.get(field) {
                Some(column) => &*column.known - found,
                None => RoaringBitmap::new(),
            },
        }
    }

    /// Returns the keys of the resources that have a value of a field among the member.
    fn of_member(&self, field: &Field, member: Member, library: &dyn Library) -> RoaringBitmap {
        if let (Field::Id, Member::Text(id)) = (field, &member) {
            return library.key(id).into_iter().collect();
        }
        let Some(column) = self.columns.get(field) else { return RoaringBitmap::new() };
        let (start, end) = match &member {
            Member::Text(text) => return union(column.texts.get(&**text)),
            Member::Flag(flag) => return union(column.flags.get(flag)),
            Member::Texts((start, end)) => {
                let bounds = (start.as_ref().map(String::as_str), end.as_ref().map(String::as_str));
                return union(column.texts.range::<_, str>(bounds).map(|(_, keys)| keys));
            }
            Member::Numbers((start, end)) => (end_of(start, range_of_number), end_of(end, range_of_number)),
            Member::Times((start, end)) => (end_of(start, range_of_time), end_of(end, range_of_time)),
        };
        let mut found = column.between(start, end);
        let members = [member];
        let ends: BTreeSet<i64> = [start, end].into_iter().flatten().collect();
        for keys in ends.iter().filter_map(|range| column.ranges.get(range)) {
            let is_found = |key: &u32| {
                library.facts(*key).is_some_and(|facts| field.has_member(&facts, &members) == Some(true))
            };
            found.extend(keys.iter().filter(is_found));
        }
        found
    }
}

impl Column {
    /// Returns the resources in the ranges after `start` and before `end`; `None` is no bound.
    fn between(&self, start: Option<i64>, end: Option<i64>) -> RoaringBitmap {
        if start.zip(end).is_some_and(|(start, end)| start >= end) {
            return RoaringBitmap::new();
        }
        let bound = |end: Option<i64>| end.map_or(Bound::Unbounded, Bound::Excluded);
        union(self.ranges.range::<_, i64>((bound(start), bound(end))).map(|(_, keys)| keys))
    }
}

/// A value of a field, as postings keep it.
enum Posting {
    Text(Arc<str>),
    Flag(bool),
    Range(i64),
}

/// Returns the values of a resource by their fields; its id has no postings.
fn postings_of(facts: &Facts<'_>) -> Vec<(Field, Posting)> {
    let text = |text: &str| Posting::Text(lower(text));
    let mut postings: Vec<(Field, Posting)> = Vec::new();
    postings.extend(facts.subjects.iter().map(|subject| (Field::Subjects, text(subject))));
    postings.extend(facts.authors.iter().map(|author| (Field::Authors, text(author))));
    postings.extend(facts.source.map(|source| (Field::Source, text(source))));
    postings.extend(facts.language.map(|language| (Field::Language, text(language))));
    postings.extend(facts.published_at.map(|at| (Field::PublishedAt, Posting::Range(range_of_time(&at)))));
    postings.extend(facts.quality.map(|of| (Field::Quality, Posting::Range(range_of_number(&of)))));
    postings.extend(facts.attributes.iter().map(|attribute| {
        let posting = match &attribute.value {
            AttributeValue::Text(value) => text(value),
            AttributeValue::Number(number) => Posting::Range(range_of_number(number)),
            AttributeValue::Flag(flag) => Posting::Flag(*flag),
        };
        (Field::Attribute(attribute.path.to_string()), posting)
    }));
    postings
}

fn remove<K: Ord + Clone>(by_value: &mut OrdMap<K, Keys>, value: &K, key: u32) {
    if let Some(keys) = by_value.get_mut(value) {
        Arc::make_mut(keys).remove(key);
        if keys.is_empty() {
            by_value.remove(value);
        }
    }
}

fn union<'a>(sets: impl IntoIterator<Item = &'a Keys>) -> RoaringBitmap {
    sets.into_iter().fold(RoaringBitmap::new(), |mut union, keys| {
        union |= &**keys;
        union
    })
}

fn lower(text: &str) -> Arc<str> {
    lower_case(text).collect::<String>().into()
}

/// Returns the range of a bound; `None` without a bound.
fn end_of<T>(bound: &Bound<T>, range: impl Fn(&T) -> i64) -> Option<i64> {
    match bound {
        Bound::Included(value) | Bound::Excluded(value) => Some(range(value)),
        Bound::Unbounded => None,
    }
}

/// Returns the range of a number, in the order of numbers: there are 64 of them between a power of
/// two and the next.
fn range_of_number(number: &f64) -> i64 {
    const SIGNIFICANT_BITS: u32 = 6;
    // Without this, -0 would be less than 0.
    let bits = (number + 0.0).to_bits().cast_signed();
    // The order of negative numbers is that of their bits, reversed.
    let ordered = bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed();
    ordered >> (f64::MANTISSA_DIGITS - 1 - SIGNIFICANT_BITS)
}

/// Returns the range of a time: one lasts 18 hours.
fn range_of_time(time: &DateTime<Utc>) -> i64 {
    const BITS_OF_SECONDS: u32 = 16;
    time.timestamp() >> BITS_OF_SECONDS
}

#[cfg(test)]
#[path = "postings_tests.rs"]
mod tests;
