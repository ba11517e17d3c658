use std::path::Path;

use ::csv::{ErrorKind, Position, ReaderBuilder, StringRecord};
use chrono::{DateTime, Utc};
use docent_domain::DomainError;

use crate::{FormatError, Input, Location, Opener, fields, reader};

/// The columns that a table may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns {
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
}

impl Columns {
    fn all(self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }

    /// Checks that a header has every required column, no unknown one, and none twice. Returns the
    /// names of its columns with their positions.
    fn located(self, header: &StringRecord) -> Result<Vec<(&'static str, usize)>, String> {
        let known = self.all().collect::<Vec<_>>().join(", ");
        let mut columns: Vec<(&'static str, usize)> = Vec::new();
        for (position, name) in header.iter().map(str::trim).enumerate() {
            let Some(column) = self.all().find(|column| *column == name) else {
                return Err(format!("unknown column \"{name}\"; expected some of {known}"));
            };
            if columns.iter().any(|(other, _)| *other == column) {
                return Err(format!("column \"{name}\" occurs twice; expected it once"));
            }
            columns.push((column, position));
        }
        for name in self.required {
            if columns.iter().all(|(column, _)| column != name) {
                return Err(format!("column \"{name}\" is missing; expected {known}"));
            }
        }
        Ok(columns)
    }
}

/// A CSV file with a checked header.
pub(crate) struct Table {
    reader: ::csv::Reader<Input>,
    start: Location,
    columns: Vec<(&'static str, usize)>,
    record: StringRecord,
    has_failed: bool,
}

impl Table {
    pub fn open(path: &Path, columns: Columns, opener: &dyn Opener) -> Result<Self, FormatError> {
        Self::new(reader::open(opener, path)?, columns, Location::start_of(path))
    }

    pub fn new(input: Input, columns: Columns, start: Location) -> Result<Self, FormatError> {
        let mut reader = ReaderBuilder::new().buffer_capacity(1 << 16).from_reader(input);
        let columns = match reader.headers() {
            Ok(header) => columns.located(header),
            Err(error) => Err(format!("expected a header, got an error: {error}")),
        };
        match columns {
            Ok(columns) => {
                Ok(Self { reader, start, columns, record: StringRecord::new(), has_failed: false })
            }
            Err(reason) => Err(FormatError::Header { location: start.at(1), reason }),
        }
    }

    /// Parses the next row; `None` after the last.
    pub fn next<T>(
        &mut self,
        parse: impl FnOnce(Row<'_>) -> Result<T, String>,
    ) -> Option<Result<(T, Location), FormatError>> {
        if self.has_failed {
            return None;
        }
        let (line, parsed) = match self.reader.read_record(&mut self.record) {
            Ok(false) => return None,
            Ok(true) => {
                let row = Row { record: &self.record, columns: &self.columns };
                (self.record.position().map_or(0, Position::line), parse(row))
            }
            Err(error) => {
                let line = error.position().map_or(0, Position::line);
                let reason = match error.kind() {
                    ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("expected {expected_len} columns as in the header, got {len}")
                    }
                    ErrorKind::Utf8 { .. } => "expected text in UTF-8, got other bytes".to_owned(),
                    _ => {
                        self.has_failed = true;
                        let after = self.start.at(self.reader.position().line().saturating_sub(1));
                        return Some(Err(FormatError::Read { after, source: error.into() }));
                    }
                };
                (line, Err(reason))
            }
        };
        let location = self.start.at(line);
        Some(match parsed {
            Ok(value) => Ok((value, location)),
            Err(reason) => Err(FormatError::line(location, reason)),
        })
    }
}

/// A row, read by the names of its columns.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    record: &'a StringRecord,
    columns: &'a [(&'static str, usize)],
}

impl<'a> Row<'a> {
    /// Returns a trimmed cell; `None` for an empty cell or an absent column.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let (_, position) = self.columns.iter().find(|(column, _)| *column == name)?;
        self.record.get(*position).map(str::trim).filter(|cell| !cell.is_empty())
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    pub fn required(&self, name: &str) -> Result<&'a str, String> {
        self.get(name).ok_or_else(|| format!("{name} is empty; expected text"))
    }

    /// Parses the id of a user or a resource.
    pub fn id<T: std::str::FromStr<Err = DomainError>>(&self, name: &str) -> Result<T, String> {
        self.get(name).unwrap_or_default().parse().map_err(|error| format!("{name}: {error}"))
    }

    pub fn number(&self, name: &str) -> Result<Option<f64>, String> {
        self.get(name).map(|cell| fields::number(name, cell)).transpose()
    }

    pub fn time(&self, name: &str) -> Result<Option<DateTime<Utc>>, String> {
        let time = self.get(name).map(fields::time).transpose();
        time.map_err(|reason| format!("{name}: {reason}"))
    }

    pub fn flag(&self, name: &str) -> Result<bool, String> {
        match self.get(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(other) => Err(format!("{name}: expected true or false, got \"{other}\"")),
        }
    }
}
