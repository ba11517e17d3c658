//! What the library is about.

use crate::{topics_humanities, topics_science};

/// A topic and the words it is written in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Topic {
    /// Lower case; also the first subject of its resources and the stem of their ids.
    pub name: &'static str,
    /// Corners of the topic, each with what is studied there.
    pub corners: [Corner; 3],
    /// What acts on what is studied: singular noun phrases.
    pub causes: [&'static str; 6],
    /// What changes: singular noun phrases.
    pub outcomes: [&'static str; 6],
    /// How it is found out: plural noun phrases.
    pub methods: [&'static str; 6],
    /// Where; reads well after "in".
    pub places: [&'static str; 6],
    /// Where it is published.
    pub journals: [&'static str; 3],
}

/// A corner of a topic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Corner {
    /// As a subject.
    pub name: &'static str,
    /// Plural noun phrases.
    pub things: [&'static str; 5],
}

pub(crate) const fn corner(name: &'static str, things: [&'static str; 5]) -> Corner {
    Corner { name, things }
}

/// All topics: science and the humanities by turns, so that a small library has both.
pub(crate) fn all() -> Vec<Topic> {
    let humanities = topics_humanities::TOPICS.into_iter();
    topics_science::TOPICS.into_iter().zip(humanities).flat_map(|(science, other)| [science, other]).collect()
}
