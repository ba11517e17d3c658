/// A topic and its vocabulary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Topic {
    /// Name in lower case, which is also the first subject of its resources and the stem of their
    /// ids.
    pub name: &'static str,
    /// Subtopics, each with the things that are studied there.
    pub subtopics: [Subtopic; 3],
    /// Influences on the things that are studied, as singular noun phrases.
    pub causes: [&'static str; 6],
    /// Quantities that change, as singular noun phrases.
    pub outcomes: [&'static str; 6],
    /// Methods of study, as plural noun phrases.
    pub methods: [&'static str; 6],
    /// Places, which read well after "in".
    pub places: [&'static str; 6],
    /// Names of journals.
    pub journals: [&'static str; 3],
}

/// Words that describe one subtopic of a topic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subtopic {
    /// Name of the subtopic, as a subject.
    pub name: &'static str,
    /// Things that are studied, as plural noun phrases.
    pub things: [&'static str; 5],
}

pub(super) const fn subtopic(name: &'static str, things: [&'static str; 5]) -> Subtopic {
    Subtopic { name, things }
}
