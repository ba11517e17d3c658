//! CSV files with a header: resources, links and interactions.

use std::path::{Path, PathBuf};

use docent_domain::{InteractionType, Link, NewInteraction, Resource, ResourceId, Signals};

use crate::{
    FormatError, Input, Located, Location, Opener, Reader, Record, Records, fields, reader,
    table::{Columns, Row, Table},
};

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

/// Reads up to three CSV files.
#[derive(Debug, Clone, Default)]
pub struct CsvReader {
    /// Columns `id` and `title`; optionally `text`, `authors`, `subjects`, `source`, `language`,
    /// `url`, `published_at`, `quality` and `hidden`.
    pub resources: Option<PathBuf>,
    /// Columns `source` and `target`; optionally `kind` and `weight`.
    pub links: Option<PathBuf>,
    /// Columns `user_id`, `resource_id` and `interaction_type`; optionally `rating`,
    /// `dwell_seconds`, `scroll_depth` and `occurred_at`.
    pub interactions: Option<PathBuf>,
}

/// Kind of the rows of a CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Rows of links.
    Links,
    /// Rows of resources.
    Resources,
    /// Rows of interactions.
    Interactions,
}

/// Streams the records of one CSV input. Locations name it `name`.
///
/// # Errors
/// [`FormatError::Header`] for missing, unknown or repeated columns.
pub fn records(
    name: &str,
    input: impl std::io::Read + Send + 'static,
    rows: Rows,
) -> Result<Records<'static>, FormatError> {
    table_records(Box::new(input), Location::new(name, 0), rows)
}

/// Parses one row of a table.
type ParseRow = fn(Row<'_>) -> Result<Record, String>;

fn table_records(input: Input, start: Location, rows: Rows) -> Result<Records<'static>, FormatError> {
    let (columns, parse): (Columns, ParseRow) = match rows {
        Rows::Links => (LINK, link),
        Rows::Resources => (RESOURCE, resource),
        Rows::Interactions => (INTERACTION, interaction),
    };
    let mut table = Table::new(input, columns, start)?;
    Ok(Box::new(std::iter::from_fn(move || {
        let parsed = table.next(parse)?;
        Some(parsed.map(|(record, location)| Located::new(record, location)))
    })))
}

impl Reader for CsvReader {
    fn paths(&self) -> Vec<&Path> {
        let files = [&self.resources, &self.links, &self.interactions];
        files.into_iter().flatten().map(PathBuf::as_path).collect()
    }

    fn records<'a>(&'a self, opener: &'a dyn Opener) -> Records<'a> {
        let files = [
            (&self.links, Rows::Links),
            (&self.resources, Rows::Resources),
            (&self.interactions, Rows::Interactions),
        ];
        Box::new(files.into_iter().flat_map(move |(path, rows)| match path {
            None => Box::new(std::iter::empty()) as Records<'a>,
            Some(path) => reader::deferred(move || {
                table_records(reader::open(opener, path)?, Location::start_of(path), rows)
            }),
        }))
    }
}

fn resource(row: Row<'_>) -> Result<Record, String> {
    let resource = Resource {
        text: row.text("text").unwrap_or_default(),
        authors: row.get("authors").map(fields::list).unwrap_or_default(),
        subjects: row.get("subjects").map(fields::list).unwrap_or_default(),
        source: row.text("source"),
        language: row.text("language"),
        url: row.text("url"),
        published_at: row.time("published_at")?,
        quality: row.number("quality")?,
        hidden: row.flag("hidden")?,
        ..Resource::new(row.id("id")?, row.required("title")?)
    };
    Ok(Record::Resource { resource, has_all_links: false })
}

fn link(row: Row<'_>) -> Result<Record, String> {
    let kind = row.get("kind").unwrap_or("citation").to_owned();
    let weight = row.number("weight")?.unwrap_or(1.0);
    let link = Link { target: row.id("target")?, kind, weight };
    Ok(Record::Link { source: row.id::<ResourceId>("source")?, link })
}

fn interaction(row: Row<'_>) -> Result<Record, String> {
    Ok(Record::Interaction(NewInteraction {
        user_id: row.id("user_id")?,
        resource_id: row.id("resource_id")?,
        interaction_type: InteractionType::from(row.required("interaction_type")?.to_owned()),
        signals: Signals {
            rating: row.number("rating")?,
            dwell_seconds: row.number("dwell_seconds")?,
            scroll_depth: row.number("scroll_depth")?,
        },
        at: row.time("occurred_at")?,
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn columns_may_come_in_any_order_and_a_bad_row_does_not_end_the_file() {
        let text = "title,id,quality\nFirst,a,0.5\nSecond,b,high\nThird,c\nFourth,d,\n";
        let read: Vec<String> = records("r.csv", text.as_bytes(), Rows::Resources)
            .unwrap()
            .map(|located| match located {
                Ok(Located { record: Record::Resource { resource, .. }, location }) => {
                    format!("{location} {} {:?}", resource.id, resource.quality)
                }
                other => other.unwrap_err().to_string(),
            })
            .collect();
        let bad_number = "r.csv:3: quality: expected a number, got \"high\"";
        let bad_length = "r.csv:4: expected 3 columns as in the header, got 2";
        assert_eq!(read, ["r.csv:2 a Some(0.5)", bad_number, bad_length, "r.csv:5 d None"]);
    }

    #[test]
    fn an_interaction_without_a_time_has_none() {
        for text in [
            "user_id,resource_id,interaction_type\nu,a,view\n",
            "user_id,resource_id,interaction_type,occurred_at\nu,a,view,\n",
        ] {
            let read = records("i.csv", text.as_bytes(), Rows::Interactions).unwrap().next().unwrap();
            let Record::Interaction(interaction) = read.unwrap().record else { panic!("an interaction") };
            assert_eq!(interaction.at, None, "{text}");
        }
    }

    #[test]
    fn a_header_with_missing_unknown_or_repeated_columns_is_refused() {
        for (header, reason) in [
            ("id", "column \"title\" is missing"),
            ("id,title,colour", "unknown column \"colour\"; expected some of id, title, text"),
            ("id,title,id", "column \"id\" occurs twice"),
        ] {
            let error = records("r.csv", header.as_bytes(), Rows::Resources).err().unwrap();
            let text = error.to_string();
            assert!(text.starts_with("r.csv:1: ") && text.contains(reason), "{text}");
            assert_eq!(error.bad_line(), None);
        }
    }
}
