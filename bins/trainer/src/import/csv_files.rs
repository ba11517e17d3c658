//! CSV with a header.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use csv::{ErrorKind, StringRecord};
use docent::{InteractionType, Link, NewInteraction, Resource, Signals};
use indicatif::ProgressBar;

use super::{Place, Sink, fields, open};

/// What to read.
pub struct Files {
    pub resources: Option<PathBuf>,
    pub links: Option<PathBuf>,
    pub interactions: Option<PathBuf>,
}

impl Files {
    pub fn all(&self) -> Vec<&PathBuf> {
        [&self.resources, &self.links, &self.interactions].into_iter().flatten().collect()
    }
}

const RESOURCE: Columns = Columns {
    required: &["id", "title"],
    optional: &[
        "text",
        "authors",
        "subjects",
        "source",
        "language",
        "url",
        "published_at",
        "quality",
        "hidden",
    ],
};
const LINK: Columns = Columns { required: &["source", "target"], optional: &["kind", "weight"] };
const INTERACTION: Columns = Columns {
    required: &["user_id", "resource_id", "interaction_type"],
    optional: &["rating", "dwell_seconds", "scroll_depth", "occurred_at"],
};

pub async fn read(files: &Files, sink: &mut Sink, bar: &ProgressBar) -> anyhow::Result<()> {
    if let Some(path) = &files.links {
        let mut table = Table::open(path, LINK, bar)?;
        while let Some((place, row)) = table.next()? {
            match row.and_then(link) {
                Ok((source, link)) => sink.link(source, link, place)?,
                Err(why) => sink.bad(&place, why)?,
            }
        }
    }
    if let Some(path) = &files.resources {
        let mut table = Table::open(path, RESOURCE, bar)?;
        while let Some((place, row)) = table.next()? {
            match row.and_then(resource) {
                Ok(resource) => sink.resource(resource, false, place).await?,
                Err(why) => sink.bad(&place, why)?,
            }
        }
    }
    if let Some(path) = &files.interactions {
        let mut table = Table::open(path, INTERACTION, bar)?;
        while let Some((place, row)) = table.next()? {
            match row.and_then(interaction) {
                Ok(interaction) => sink.interaction(interaction, place).await?,
                Err(why) => sink.bad(&place, why)?,
            }
        }
    }
    Ok(())
}

fn resource(row: Row<'_>) -> Result<Resource, String> {
    let text = |column| row.get(column).map(str::to_owned);
    Ok(Resource {
        text: text("text").unwrap_or_default(),
        authors: row.get("authors").map(fields::list).unwrap_or_default(),
        subjects: row.get("subjects").map(fields::list).unwrap_or_default(),
        source: text("source"),
        language: text("language"),
        url: text("url"),
        published_at: row.time("published_at")?,
        quality: row.number("quality")?,
        hidden: row.flag("hidden")?,
        ..Resource::new(row.id("id")?, row.required("title")?)
    })
}

fn link(row: Row<'_>) -> Result<(docent::ResourceId, Link), String> {
    let kind = row.get("kind").unwrap_or("citation").to_owned();
    let link = Link { target: row.id("target")?, kind, weight: row.number("weight")?.unwrap_or(1.0) };
    Ok((row.id("source")?, link))
}

fn interaction(row: Row<'_>) -> Result<NewInteraction, String> {
    Ok(NewInteraction {
        user_id: row.id("user_id")?,
        resource_id: row.id("resource_id")?,
        interaction_type: InteractionType::from(row.required("interaction_type")?.to_owned()),
        signals: Signals {
            rating: row.number("rating")?,
            dwell_seconds: row.number("dwell_seconds")?,
            scroll_depth: row.number("scroll_depth")?,
        },
        at: row.time("occurred_at")?.unwrap_or_else(fields::untimed),
    })
}

/// The columns that a table may have.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
}

/// A CSV file whose header is as expected.
pub struct Table {
    reader: csv::Reader<Box<dyn Read + Send>>,
    start: Place,
    columns: Vec<(&'static str, usize)>,
    record: StringRecord,
}

impl Table {
    /// Opens it and checks the header: every required column, and none that is unknown.
    pub fn open(path: &Path, known: Columns, bar: &ProgressBar) -> anyhow::Result<Self> {
        let source = Box::new(open(path, bar)?) as Box<dyn Read + Send>;
        let mut reader = csv::ReaderBuilder::new().buffer_capacity(1 << 16).from_reader(source);
        let header = reader.headers().with_context(|| format!("reading the header of {}", path.display()))?;
        let all = || known.required.iter().chain(known.optional).copied();
        let list = all().collect::<Vec<_>>().join(", ");
        let mut columns: Vec<(&'static str, usize)> = Vec::new();
        for (place, name) in header.iter().map(str::trim).enumerate() {
            let Some(column) = all().find(|column| *column == name) else {
                bail!("{}:1: unknown column \"{name}\"; expected some of {list}", path.display());
            };
            if columns.iter().any(|(other, _)| *other == column) {
                bail!("{}:1: column \"{name}\" comes twice", path.display());
            }
            columns.push((column, place));
        }
        if let Some(missing) =
            known.required.iter().find(|name| columns.iter().all(|(column, _)| column != *name))
        {
            bail!("{}:1: column \"{missing}\" is missing; expected {list}", path.display());
        }
        Ok(Self { reader, start: Place::of(path), columns, record: StringRecord::new() })
    }

    /// The next row and where it is, or why it cannot be read; `None` after the last.
    #[allow(clippy::type_complexity)]
    pub fn next(&mut self) -> anyhow::Result<Option<(Place, Result<Row<'_>, String>)>> {
        match self.reader.read_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let line = self.record.position().map_or(0, csv::Position::line);
                Ok(Some((self.start.at(line), Ok(Row { record: &self.record, columns: &self.columns }))))
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let why = match error.kind() {
                    ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("expected {expected_len} columns as in the header, got {len}")
                    }
                    ErrorKind::Utf8 { .. } => "this is not UTF-8".to_owned(),
                    _ => return Err(error).with_context(|| format!("reading {}", self.start.at(line))),
                };
                Ok(Some((self.start.at(line), Err(why))))
            }
        }
    }
}

/// A row by the names of its columns.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    record: &'a StringRecord,
    columns: &'a [(&'static str, usize)],
}

impl<'a> Row<'a> {
    /// What stands there, without blanks around it; `None` for an empty cell or an absent column.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let (_, place) = self.columns.iter().find(|(column, _)| *column == name)?;
        self.record.get(*place).map(str::trim).filter(|cell| !cell.is_empty())
    }

    pub fn required(&self, name: &str) -> Result<&'a str, String> {
        self.get(name).ok_or_else(|| format!("{name} is empty"))
    }

    /// An id of a user or a resource.
    pub fn id<T: std::str::FromStr<Err = docent::DomainError>>(&self, name: &str) -> Result<T, String> {
        self.get(name).unwrap_or_default().parse().map_err(|error| format!("{name}: {error}"))
    }

    pub fn number(&self, name: &str) -> Result<Option<f64>, String> {
        let parse =
            |cell: &str| cell.parse().map_err(|_| format!("{name}: expected a number, got \"{cell}\""));
        self.get(name).map(parse).transpose()
    }

    pub fn time(&self, name: &str) -> Result<Option<chrono::DateTime<chrono::Utc>>, String> {
        self.get(name).map(|cell| fields::time(cell).map_err(|why| format!("{name}: {why}"))).transpose()
    }

    fn flag(&self, name: &str) -> Result<bool, String> {
        match self.get(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(other) => Err(format!("{name}: expected true or false, got \"{other}\"")),
        }
    }
}
