//! JSON Lines: one JSON object per line, with a field `type`.

mod wire;
mod writer;

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use serde::Deserialize;

pub use self::writer::JsonlWriter;
use crate::{
    FormatError, Located, Location, Opener, Reader, Record, Records,
    lines::{Encoding, Line, Lines},
    reader,
};

/// Reads files with one JSON object per line, in any order. Each file is read three times: for
/// links, resources and interactions.
#[derive(Debug, Clone)]
pub struct JsonlReader {
    paths: Vec<PathBuf>,
}

/// The `type` of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Resource,
    Link,
    Interaction,
}

const PASSES: [Kind; 3] = [Kind::Link, Kind::Resource, Kind::Interaction];

#[derive(Deserialize)]
struct Peek {
    #[serde(rename = "type")]
    kind: Kind,
}

impl JsonlReader {
    /// Returns a reader of several files.
    #[must_use]
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths }
    }
}

impl Reader for JsonlReader {
    fn paths(&self) -> Vec<&Path> {
        self.paths.iter().map(PathBuf::as_path).collect()
    }

    fn passes(&self) -> u64 {
        PASSES.len() as u64
    }

    fn records<'a>(&'a self, opener: &'a dyn Opener) -> Records<'a> {
        let files = PASSES.into_iter().flat_map(move |pass| self.paths.iter().map(move |path| (pass, path)));
        Box::new(files.flat_map(move |(pass, path)| {
            reader::deferred(move || {
                let lines = Lines::open(path, Encoding::Utf8, opener)?;
                Ok(Box::new(lines.filter_map(move |line| in_pass(line, pass))))
            })
        }))
    }
}

/// Streams the records of one input in the order of its lines. Locations name it `name`.
pub fn records(name: &str, input: impl Read + Send + 'static) -> Records<'static> {
    let lines = Lines::new(Box::new(input), Encoding::Utf8, Location::new(name, 0));
    Box::new(lines.filter_map(|line| {
        let line = match line {
            Ok(line) => line,
            Err(error) => return Some(Err(error)),
        };
        let kind = peek(&line)?;
        Some(kind.and_then(|kind| located(line, kind)))
    }))
}

/// Parses a line in the pass of its kind. Lines without a kind are reported in the first pass only.
fn in_pass(line: Result<Line, FormatError>, pass: Kind) -> Option<Result<Located, FormatError>> {
    let peeked = match line {
        Ok(line) => peek(&line)?.map(|kind| (line, kind)),
        Err(error) => Err(error),
    };
    match peeked {
        Ok((line, kind)) if kind == pass => Some(located(line, kind)),
        Ok(_) => None,
        Err(error) if error.bad_line().is_some() && pass != PASSES[0] => None,
        Err(error) => Some(Err(error)),
    }
}

/// Reads the kind of a line before the rest of it; `None` for a blank line.
fn peek(line: &Line) -> Option<Result<Kind, FormatError>> {
    if line.text.trim().is_empty() {
        return None;
    }
    let peeked = serde_json::from_str::<Peek>(&line.text);
    Some(peeked.map(|peek| peek.kind).map_err(|error| line.invalid(reason(&error))))
}

fn located(line: Line, kind: Kind) -> Result<Located, FormatError> {
    let (record, location) = line.parse(|text| record(text, kind))?;
    Ok(Located::new(record, location))
}

fn record(text: &str, kind: Kind) -> Result<Record, String> {
    match kind {
        Kind::Link => Ok(parse::<wire::LinkLine>(text)?.into_record()),
        Kind::Resource => parse::<wire::ResourceLine>(text)?.into_record(),
        Kind::Interaction => parse::<wire::InteractionLine>(text)?.into_record(),
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| reason(&error))
}

/// Returns the error of the parser without its line number, which is always 1.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&position) {
        Some(reason) if error.column() > 0 => format!("{reason} (column {})", error.column()),
        _ => text,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::LocalFiles;

    const LINES: &str = r#"{"type":"interaction","user_id":"u","resource_id":"a","interaction_type":"view"}
{"type":"nonsense"}

{"type":"resource","id":"a","title":"First","links":[]}
{"type":"link","source":"a","target":"b"}
{"type":"resource","id":"b","title":"Second","colour":"red"}
"#;

    fn shown(records: Records<'_>) -> Vec<String> {
        records
            .map(|located| match located {
                Ok(Located { record: Record::Link { source, link }, location }) => {
                    format!("{location} {source} -> {} {} {}", link.target, link.kind, link.weight)
                }
                Ok(Located { record: Record::Resource { resource, has_all_links }, location }) => {
                    format!("{location} {} {has_all_links}", resource.id)
                }
                Ok(Located { record: Record::Interaction(interaction), location }) => {
                    format!("{location} {} at {:?}", interaction.user_id, interaction.at)
                }
                Err(error) => error.to_string().chars().take(44).collect(),
            })
            .collect()
    }

    #[test]
    fn one_input_is_read_in_the_order_of_its_lines() {
        assert_eq!(
            shown(records("memory", LINES.as_bytes())),
            [
                "memory:1 u at None",
                "memory:2: unknown variant `nonsense`, expect",
                "memory:4 a true",
                "memory:5 a -> b citation 1",
                "memory:6: unknown field `colour`, expected o",
            ]
        );
    }

    #[test]
    fn files_are_read_by_kind_and_every_bad_line_is_reported_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.jsonl");
        std::fs::write(&path, LINES).unwrap();
        let reader = JsonlReader::new(vec![path]);
        assert_eq!(reader.size_bytes().unwrap(), 3 * LINES.len() as u64);
        let read = shown(reader.records(&LocalFiles)).join("\n");
        let lines: Vec<&str> =
            read.lines().filter_map(|line| line.rsplit_once(".jsonl:")).map(|l| l.1).collect();
        let starts: Vec<&str> = lines.iter().map(|line| &line[..1]).collect();
        // Names of temporary folders have different lengths, so only the line numbers are compared.
        assert_eq!(starts, ["2", "5", "4", "6", "1"], "{read}");
    }
}
