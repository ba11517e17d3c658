use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use docent_domain::{InteractionType, Link, NewInteraction, Resource, ResourceId, UserId};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{FormatError, PartialFile, Record};

/// Writes records as JSON Lines, in the form that [`MappedReader`](crate::MappedReader) reads.
///
/// Every field of a resource is written, so that an import replaces what differs; absent values are
/// left out. Keys are in alphabetical order.
#[derive(Debug)]
pub struct JsonlWriter<W> {
    name: PathBuf,
    out: W,
}

impl JsonlWriter<PartialFile> {
    /// Creates a file that gets its name when [`JsonlWriter::finish`] is called.
    ///
    /// # Errors
    /// [`FormatError::Write`] if the file cannot be created.
    pub fn create(path: &Path) -> Result<Self, FormatError> {
        let out = PartialFile::create(path)?;
        Ok(Self { name: out.part().to_owned(), out })
    }

    /// Writes what is buffered to disk and gives the file its name.
    ///
    /// # Errors
    /// [`FormatError::Write`] if the disk refuses.
    pub fn finish(self) -> Result<(), FormatError> {
        self.out.finish()
    }
}

impl<W: Write> JsonlWriter<W> {
    /// Returns a writer to any output. Errors name it `name`.
    pub fn new(name: impl Into<PathBuf>, out: W) -> Self {
        Self { name: name.into(), out }
    }

    /// Writes one record as one line.
    ///
    /// # Errors
    /// [`FormatError::Write`] if the output refuses.
    pub fn write(&mut self, record: &Record) -> Result<(), FormatError> {
        let written = match record {
            Record::Link { source, link } => self.line(&LinkLine::new(source, link)),
            Record::Resource { resource, .. } => self.line(&ResourceLine::from(resource)),
            Record::Interaction(interaction) => self.line(&InteractionLine::from(interaction)),
        };
        written.map_err(|source| FormatError::Write { path: self.name.clone(), source })
    }

    /// Returns the output.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }
}

#[derive(Serialize)]
struct ResourceLine<'a> {
    attributes: &'a Map<String, Value>,
    authors: &'a [String],
    hidden: bool,
    id: &'a ResourceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    links: Vec<NestedLink<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    subjects: &'a [String],
    text: &'a str,
    title: &'a str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct NestedLink<'a> {
    kind: &'a str,
    target: &'a ResourceId,
    weight: f64,
}

#[derive(Serialize)]
struct LinkLine<'a> {
    kind: &'a str,
    source: &'a ResourceId,
    target: &'a ResourceId,
    r#type: &'static str,
    weight: f64,
}

#[derive(Serialize)]
struct InteractionLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dwell_seconds: Option<f64>,
    interaction_type: &'a InteractionType,
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<f64>,
    resource_id: &'a ResourceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    scroll_depth: Option<f64>,
    r#type: &'static str,
    user_id: &'a UserId,
}

impl<'a> From<&'a Resource> for ResourceLine<'a> {
    fn from(resource: &'a Resource) -> Self {
        Self {
            attributes: &resource.attributes,
            authors: &resource.authors,
            hidden: resource.hidden,
            id: &resource.id,
            language: resource.language.as_deref(),
            links: resource.links.iter().map(NestedLink::from).collect(),
            published_at: resource.published_at,
            quality: resource.quality,
            source: resource.source.as_deref(),
            subjects: &resource.subjects,
            text: &resource.text,
            title: &resource.title,
            r#type: "resource",
            url: resource.url.as_deref(),
        }
    }
}

impl<'a> From<&'a Link> for NestedLink<'a> {
    fn from(link: &'a Link) -> Self {
        Self { kind: &link.kind, target: &link.target, weight: link.weight }
    }
}

impl<'a> LinkLine<'a> {
    fn new(source: &'a ResourceId, link: &'a Link) -> Self {
        let Link { target, kind, weight } = link;
        Self { kind, source, target, r#type: "link", weight: *weight }
    }
}

impl<'a> From<&'a NewInteraction> for InteractionLine<'a> {
    fn from(interaction: &'a NewInteraction) -> Self {
        Self {
            count: interaction.signals.count,
            dwell_seconds: interaction.signals.dwell_seconds,
            interaction_type: &interaction.interaction_type,
            occurred_at: interaction.at,
            rating: interaction.signals.rating,
            resource_id: &interaction.resource_id,
            scroll_depth: interaction.signals.scroll_depth,
            r#type: "interaction",
            user_id: &interaction.user_id,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{FileMapping, InputFile, LocalFiles, MappedReader, Reader, survey};

    #[test]
    fn what_is_written_is_read_back_as_it_was() {
        let lines = [
            r#"{"attributes":{"shelf":7},"authors":["Ada"],"hidden":true,"id":"a","language":"en","links":[{"kind":"citation","target":"b","weight":0.5}],"published_at":"2024-05-01T00:00:00Z","quality":0.9,"source":"press","subjects":["tea"],"text":"about","title":"First","type":"resource","url":"https://example.org/a"}"#,
            r#"{"attributes":{},"authors":[],"hidden":false,"id":"b","links":[],"subjects":[],"text":"","title":"Second","type":"resource"}"#,
            r#"{"kind":"citation","source":"b","target":"a","type":"link","weight":1.0}"#,
            r#"{"interaction_type":"dismiss","resource_id":"a","type":"interaction","user_id":"u"}"#,
            r#"{"dwell_seconds":300.0,"interaction_type":"view","occurred_at":"2024-06-01T10:00:00Z","resource_id":"a","scroll_depth":0.5,"type":"interaction","user_id":"u"}"#,
            r#"{"count":12.5,"interaction_type":"export","resource_id":"a","type":"interaction","user_id":"u"}"#,
        ];
        let text = lines.join("\n") + "\n";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.jsonl");
        std::fs::write(&path, &text).unwrap();
        let files = [InputFile { path, mapping: FileMapping::default(), stated: Vec::new() }];
        let reader = MappedReader::new(survey(&files, &[], &LocalFiles));
        let mut writer = JsonlWriter::new("memory", Vec::new());
        for located in reader.records(&LocalFiles) {
            writer.write(&located.unwrap().record).unwrap();
        }
        let written = String::from_utf8(writer.into_inner()).unwrap();
        // Links come first, whatever the order of the lines.
        assert_eq!(written.lines().collect::<Vec<_>>(), [2, 0, 1, 3, 4, 5].map(|line| lines[line]));
    }

    #[test]
    fn a_file_gets_its_name_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let mut writer = JsonlWriter::create(&path).unwrap();
        let resource = Resource::new("a".parse().unwrap(), "First");
        writer.write(&Record::Resource { resource, has_all_links: true }).unwrap();
        assert!(!path.exists());
        writer.finish().unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().contains("First"));
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        let error = JsonlWriter::create(&folder.path().join("none/out.jsonl")).unwrap_err();
        assert!(error.to_string().ends_with("none/out.jsonl.part"), "{error}");
    }
}
