use std::path::Path;

use docent_domain::{NewInteraction, Resource};
use serde::Serialize;

use crate::{
    FormatError, Record,
    jsonl::NestedLink,
    parquet::{
        ParquetFile,
        ParquetKind::{self, Flag, Json, Number, Text, Texts, Time},
        ParquetValue,
    },
};

const RESOURCES: [(&str, ParquetKind); 13] = [
    ("id", Text),
    ("title", Text),
    ("text", Text),
    ("authors", Texts),
    ("subjects", Texts),
    ("source", Text),
    ("language", Text),
    ("url", Text),
    ("published_at", Time),
    ("quality", Number),
    ("hidden", Flag),
    ("attributes", Json),
    ("links", Json),
];

const INTERACTIONS: [(&str, ParquetKind); 8] = [
    ("user_id", Text),
    ("resource_id", Text),
    ("interaction_type", Text),
    ("occurred_at", Time),
    ("rating", Number),
    ("dwell_seconds", Number),
    ("scroll_depth", Number),
    ("count", Number),
];

/// Writes records as `resources.parquet` and `interactions.parquet`, in the form that
/// [`MappedReader`](crate::MappedReader) reads.
pub struct ParquetRecords {
    resources: ParquetFile,
    interactions: ParquetFile,
}

impl ParquetRecords {
    /// Creates both files in a folder. They get their names when they are complete.
    ///
    /// # Errors
    /// [`FormatError::Write`] if a file cannot be created.
    pub fn create(folder: &Path) -> Result<Self, FormatError> {
        Ok(Self {
            resources: ParquetFile::create(&folder.join("resources.parquet"), &RESOURCES)?,
            interactions: ParquetFile::create(&folder.join("interactions.parquet"), &INTERACTIONS)?,
        })
    }

    /// Writes a resource or an interaction as a row. Links belong to resources here, so one that
    /// stands apart is left out.
    ///
    /// # Errors
    /// [`FormatError::Write`] if the disk refuses.
    pub fn write(&mut self, record: &Record) -> Result<(), FormatError> {
        match record {
            Record::Resource { resource, .. } => self.resources.write(resource_row(resource)),
            Record::Interaction(interaction) => self.interactions.write(interaction_row(interaction)),
            Record::Link { .. } => Ok(()),
        }
    }

    /// Completes both files.
    ///
    /// # Errors
    /// [`FormatError::Write`] if the disk refuses.
    pub fn finish(self) -> Result<(), FormatError> {
        self.resources.finish()?;
        self.interactions.finish()
    }
}

fn resource_row(resource: &Resource) -> [ParquetValue; 13] {
    let links: Vec<NestedLink<'_>> = resource.links.iter().map(NestedLink::from).collect();
    [
        resource.id.as_str().into(),
        resource.title.as_str().into(),
        resource.text.as_str().into(),
        ParquetValue::Texts(resource.authors.clone()),
        ParquetValue::Texts(resource.subjects.clone()),
        resource.source.as_deref().into(),
        resource.language.as_deref().into(),
        resource.url.as_deref().into(),
        resource.published_at.into(),
        resource.quality.into(),
        ParquetValue::Flag(resource.hidden),
        json(&resource.attributes),
        json(&links),
    ]
}

fn interaction_row(interaction: &NewInteraction) -> [ParquetValue; 8] {
    let signals = &interaction.signals;
    [
        interaction.user_id.as_str().into(),
        interaction.resource_id.as_str().into(),
        interaction.interaction_type.as_str().into(),
        interaction.at.into(),
        signals.rating.into(),
        signals.dwell_seconds.into(),
        signals.scroll_depth.into(),
        signals.count.into(),
    ]
}

fn json(value: &impl Serialize) -> ParquetValue {
    serde_json::to_string(value).map_or(ParquetValue::Missing, ParquetValue::Text)
}
