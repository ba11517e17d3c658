//! Metrics of single users: CSV with the columns `user`, `model` and one per metric.

use std::path::Path;

use ::csv::{ErrorKind, Reader, StringRecord, Writer};

use crate::{FormatError, Location, PartialFile};

const USER: &str = "user";
const MODEL: &str = "model";

/// Metrics of users under models, read from a file of [`PerUserWriter`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PerUserFile {
    /// Names of the metrics, such as `ndcg@10`, in the order of the file.
    pub metrics: Vec<String>,
    /// One row per user and model, or per case where a user has several, in the order of the file.
    pub rows: Vec<PerUserRow>,
}

/// Metrics of one user, or of one case, under one model.
#[derive(Debug, Clone, PartialEq)]
pub struct PerUserRow {
    /// Id of the user.
    pub user: String,
    /// Name of the model.
    pub model: String,
    /// Values in the order of the metrics; `None` for a metric that the user has no value of.
    pub values: Vec<Option<f64>>,
}

impl PerUserFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`FormatError`] for a missing file, a header without `user`, `model` or any metric, the
    /// first bad line, and a file without rows.
    pub fn read(path: &Path) -> Result<Self, FormatError> {
        let start = Location::start_of(path);
        let file = std::fs::File::open(path);
        let file = file.map_err(|source| FormatError::Open { path: path.to_owned(), source })?;
        let mut reader = Reader::from_reader(file);
        let header = reader.headers().map_err(|error| invalid(&start, error))?.clone();
        let columns =
            Columns::of(&header).map_err(|reason| FormatError::Header { location: start.at(1), reason })?;
        let metrics = columns.metrics.iter().map(|(_, name)| name.clone()).collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| invalid(&start, error))?;
            let line = record.position().map_or(0, ::csv::Position::line);
            rows.push(columns.row(&record).map_err(|reason| FormatError::line(start.at(line), reason))?);
        }
        if rows.is_empty() {
            return Err(FormatError::file(path, "expected at least one row after the header, got none"));
        }
        Ok(Self { metrics, rows })
    }
}

/// Positions of the columns of a header.
struct Columns {
    user: usize,
    model: usize,
    metrics: Vec<(usize, String)>,
}

impl Columns {
    fn of(header: &StringRecord) -> Result<Self, String> {
        let find = |name: &str| {
            let found = header.iter().position(|column| column == name);
            found.ok_or_else(|| format!("column \"{name}\" is missing; expected user, model and metrics"))
        };
        let (user, model) = (find(USER)?, find(MODEL)?);
        let others = header.iter().enumerate().filter(|(at, _)| *at != user && *at != model);
        let metrics: Vec<(usize, String)> = others.map(|(at, name)| (at, name.to_owned())).collect();
        if metrics.is_empty() {
            return Err("expected at least one column of a metric, such as ndcg@10, got none".to_owned());
        }
        Ok(Self { user, model, metrics })
    }

    fn row(&self, record: &StringRecord) -> Result<PerUserRow, String> {
        let text = |at: usize| record.get(at).unwrap_or_default();
        let mut values = Vec::with_capacity(self.metrics.len());
        for (at, name) in &self.metrics {
            let cell = text(*at).trim();
            let value =
                if cell.is_empty() { None } else { cell.parse().ok().filter(|v: &f64| v.is_finite()) };
            if value.is_none() && !cell.is_empty() {
                return Err(format!("{name}: expected a finite number, got \"{cell}\""));
            }
            values.push(value);
        }
        Ok(PerUserRow { user: text(self.user).to_owned(), model: text(self.model).to_owned(), values })
    }
}

fn invalid(start: &Location, error: ::csv::Error) -> FormatError {
    let location = start.at(error.position().map_or(1, ::csv::Position::line));
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => FormatError::line(
            location,
            format_args!("expected {expected_len} columns as in the header, got {len}"),
        ),
        ErrorKind::Utf8 { .. } => FormatError::line(location, "expected text in UTF-8, got other bytes"),
        _ => FormatError::Read { after: location, source: error.into() },
    }
}

/// Writes metrics of users, one row per user and model.
pub struct PerUserWriter {
    writer: Writer<PartialFile>,
    path: std::path::PathBuf,
}

impl PerUserWriter {
    /// Creates a file and writes its header. The file gets its name when it is complete.
    ///
    /// # Errors
    /// [`FormatError::Write`] if the file cannot be created.
    pub fn create<'a>(path: &Path, metrics: impl IntoIterator<Item = &'a str>) -> Result<Self, FormatError> {
        let writer = Writer::from_writer(PartialFile::create(path)?);
        let mut created = Self { writer, path: path.to_owned() };
        created.record([USER, MODEL].into_iter().chain(metrics))?;
        Ok(created)
    }

    /// Writes a row; values are in the order of the metrics.
    ///
    /// # Errors
    /// [`FormatError::Write`] if the disk refuses.
    pub fn row(
        &mut self,
        user: &str,
        model: &str,
        values: impl IntoIterator<Item = Option<f64>>,
    ) -> Result<(), FormatError> {
        let cells: Vec<String> =
            values.into_iter().map(|value| value.map_or_else(String::new, |v| v.to_string())).collect();
        self.record([user, model].into_iter().chain(cells.iter().map(String::as_str)))
    }

    /// Completes the file.
    ///
    /// # Errors
    /// [`FormatError::Write`] if the disk refuses.
    pub fn finish(self) -> Result<(), FormatError> {
        let Self { writer, path } = self;
        match writer.into_inner() {
            Ok(file) => file.finish(),
            Err(error) => Err(FormatError::Write { path, source: error.into_error() }),
        }
    }

    fn record<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) -> Result<(), FormatError> {
        let written = self.writer.write_record(cells);
        written.map_err(|error| FormatError::Write { path: self.path.clone(), source: error.into() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("u.csv");
        let mut writer = PerUserWriter::create(&path, ["hr@10", "ndcg@10"]).unwrap();
        writer.row("a, \"b\"", "als", [Some(1.0), Some(1.0 / 3.0)]).unwrap();
        writer.row("7", "als", [Some(0.0), None]).unwrap();
        writer.finish().unwrap();
        let file = PerUserFile::read(&path).unwrap();
        assert_eq!(file.metrics, ["hr@10", "ndcg@10"]);
        let row = |user: &str, values| PerUserRow { user: user.into(), model: "als".into(), values };
        let expected = [row("a, \"b\"", vec![Some(1.0), Some(1.0 / 3.0)]), row("7", vec![Some(0.0), None])];
        assert_eq!(file.rows, expected);
    }

    #[test]
    fn bad_files_are_errors_that_name_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("u.csv");
        for (text, expected) in [
            ("user,ndcg@10\n", "u.csv:1: column \"model\" is missing"),
            ("user,model\n", "u.csv:1: expected at least one column of a metric"),
            ("user,model,hr@1\n", "u.csv: expected at least one row"),
            ("user,model,hr@1\n1,als\n", "u.csv:2: expected 3 columns as in the header, got 2"),
            ("user,model,hr@1\n1,als,1\n2,als,x\n", "u.csv:3: hr@1: expected a finite number, got \"x\""),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = PerUserFile::read(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(PerUserFile::read(&folder.path().join("none.csv")).is_err());
    }
}
