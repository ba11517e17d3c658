//! The rows of a file, whatever its layout: cells by position, or objects by name.

use std::{fmt, path::Path};

use ::csv::StringRecord;
use serde_json::{Map, Value};

#[cfg(feature = "parquet")]
use crate::parquet;
use crate::{
    FormatError, Location, Opener,
    delimited::Delimited,
    dialect,
    input::{self, Charset, Compression, Declared, Evidence},
    json::{self, JsonRows},
    window::Window,
};

/// Layout of the rows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// Cells with a separator between them.
    Delimited {
        /// Text between two cells.
        separator: String,
    },
    /// One JSON object per line.
    JsonLines,
    /// One JSON array of objects.
    JsonArray,
    /// Columns of Parquet.
    Parquet,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delimited { separator } if separator == "\t" => f.write_str("cells separated by tabs"),
            Self::Delimited { separator } => write!(f, "cells separated by \"{separator}\""),
            Self::JsonLines => f.write_str("JSON lines"),
            Self::JsonArray => f.write_str("a JSON array"),
            Self::Parquet => f.write_str("Parquet"),
        }
    }
}

/// Options of reading, all of which can be found out from the file.
#[derive(Debug, Clone, Default)]
pub struct RowOptions<'a> {
    /// Text between two cells.
    pub separator: Option<&'a str>,
    /// Label of the encoding.
    pub encoding: Option<&'a str>,
    /// Names of the columns of a file without a header.
    pub columns: &'a [String],
    /// Number of lines before the header, which are not read.
    pub skip_lines: usize,
    /// Encoding that an earlier reading of the file found.
    pub charset: Option<Charset>,
}

/// A row of a file.
#[derive(Debug, Clone, Copy)]
pub enum Row<'a> {
    /// Cells by position.
    Cells(&'a StringRecord),
    /// Values by name.
    Object(&'a Map<String, Value>),
}

/// Place of a column in a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Position of a cell.
    At(usize),
    /// Names of nested objects, the outermost first.
    Path(Vec<String>),
}

/// A value of a row. It is never an empty text or null.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// Text that is not blank.
    Text(&'a str),
    /// A number, a flag, a list or an object.
    Json(&'a Value),
}

impl<'a> Row<'a> {
    /// Returns a cell; `None` for an empty or absent one.
    #[must_use]
    pub fn get(self, place: &Place) -> Option<Cell<'a>> {
        match (self, place) {
            (Self::Cells(cells), Place::At(position)) => {
                cells.get(*position).filter(|cell| !cell.trim().is_empty()).map(Cell::Text)
            }
            (Self::Object(object), Place::Path(path)) => {
                let (first, rest) = path.split_first()?;
                let mut value = object.get(first)?;
                for name in rest {
                    value = value.get(name)?;
                }
                cell_of(value)
            }
            _ => None,
        }
    }
}

/// Returns the value as a cell; `None` for null and blank text. A value of MongoDB, such as
/// `{"$oid": "5f1e"}` or `{"$date": {"$numberLong": "0"}}`, is the one inside.
#[must_use]
pub fn cell_of(value: &Value) -> Option<Cell<'_>> {
    match value {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(Cell::Text(text)),
        Value::Object(object) if object.len() == 1 => match object.iter().next() {
            Some((name, inside)) if name.starts_with('$') => cell_of(inside),
            _ => Some(Cell::Json(value)),
        },
        other => Some(Cell::Json(other)),
    }
}

/// Returns the text of a cell that is text, a number or true or false.
#[must_use]
pub fn scalar(cell: Cell<'_>) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text.to_owned()),
        Cell::Json(Value::Number(number)) => Some(number.to_string()),
        Cell::Json(Value::Bool(flag)) => Some(flag.to_string()),
        Cell::Json(_) => None,
    }
}

/// Reads the rows of one file.
pub struct Rows {
    reader: Reader,
    /// Layout of the rows.
    pub layout: Layout,
    /// Compression of the file.
    pub compression: Compression,
    /// Encoding that the first bytes or the options tell.
    pub declared: Option<Declared>,
}

enum Reader {
    Delimited(Delimited),
    Json(JsonRows),
    #[cfg(feature = "parquet")]
    Parquet(parquet::ParquetRows),
}

impl Rows {
    /// Opens a file, and reads the header of one that has a header.
    ///
    /// # Errors
    /// [`FormatError`] of the file as a whole.
    pub fn open(path: &Path, opener: &dyn Opener, options: &RowOptions<'_>) -> Result<Self, FormatError> {
        if is_parquet(path, opener)? {
            if input::on_disk(path) != path {
                return Err(FormatError::file(path, "is a Parquet file inside an archive; unpack it first"));
            }
            return Self::open_parquet(path);
        }
        let source = input::open(path, opener, options.encoding)?;
        let charset = options.charset.or(source.declared.map(|d| d.charset)).unwrap_or(Charset::Either);
        let mut window = Window::new(source.input, Location::start_of(path));
        for _ in 0..options.skip_lines {
            if let Some(line) = window.next_line()? {
                window.consume(line);
            }
        }
        let has_columns = !options.columns.is_empty() || options.separator.is_some();
        let first = window.first_byte()?;
        let (reader, layout) = match first {
            Some(b'{') if !has_columns => match json::wrapped(window.head()?) {
                Some(start) => {
                    window.consume(start);
                    (Reader::Json(JsonRows::array(window, charset)), Layout::JsonArray)
                }
                None => (Reader::Json(JsonRows::lines(window, charset)), Layout::JsonLines),
            },
            Some(b'[') if !has_columns => (Reader::Json(JsonRows::array(window, charset)), Layout::JsonArray),
            _ => {
                let stated = dialect::stated(window.head()?);
                if let Some((line, _)) = &stated {
                    window.consume(*line);
                }
                let separator = match (options.separator, stated) {
                    (Some(separator), _) => dialect::named(separator),
                    (None, Some((_, separator))) => separator,
                    (None, None) => dialect::detect(window.head()?),
                };
                let quote = dialect::quote(window.head()?, &separator);
                let reader = Delimited::open(window, &separator, quote, charset, options.columns)?;
                (Reader::Delimited(reader), Layout::Delimited { separator })
            }
        };
        Ok(Self { reader, layout, compression: source.compression, declared: source.declared })
    }

    #[cfg(feature = "parquet")]
    fn open_parquet(path: &Path) -> Result<Self, FormatError> {
        let reader = Reader::Parquet(parquet::ParquetRows::open(path)?);
        Ok(Self { reader, layout: Layout::Parquet, compression: Compression::None, declared: None })
    }

    #[cfg(not(feature = "parquet"))]
    fn open_parquet(path: &Path) -> Result<Self, FormatError> {
        Err(FormatError::file(path, "is a Parquet file, which this build does not read"))
    }

    /// Returns the names of the columns, if the layout has them before its rows.
    #[must_use]
    pub fn columns(&self) -> Option<&[String]> {
        match &self.reader {
            Reader::Delimited(rows) => Some(rows.columns()),
            Reader::Json(_) => None,
            #[cfg(feature = "parquet")]
            Reader::Parquet(rows) => Some(rows.columns()),
        }
    }

    /// Returns the place of a column.
    #[must_use]
    pub fn place(&self, position: usize, name: &str) -> Place {
        match &self.reader {
            Reader::Delimited(_) => Place::At(position),
            _ => Place::Path(vec![name.to_owned()]),
        }
    }

    /// Reads the next row; `None` after the last. [`FormatError::Line`] costs one row, any other
    /// error ends the file.
    pub fn advance(&mut self) -> Option<Result<(), FormatError>> {
        match &mut self.reader {
            Reader::Delimited(rows) => rows.advance(),
            Reader::Json(rows) => rows.advance(),
            #[cfg(feature = "parquet")]
            Reader::Parquet(rows) => rows.advance(),
        }
    }

    /// Returns the row that was read last.
    #[must_use]
    pub fn row(&self) -> Row<'_> {
        match &self.reader {
            Reader::Delimited(rows) => Row::Cells(rows.cells()),
            Reader::Json(rows) => Row::Object(rows.object()),
            #[cfg(feature = "parquet")]
            Reader::Parquet(rows) => Row::Object(rows.object()),
        }
    }

    /// Returns the location of the row that was read last. Rows of Parquet count from 1.
    #[must_use]
    pub fn location(&self) -> Location {
        match &self.reader {
            Reader::Delimited(rows) => rows.location(),
            Reader::Json(rows) => rows.location(),
            #[cfg(feature = "parquet")]
            Reader::Parquet(rows) => rows.location(),
        }
    }

    /// Returns the evidence on the encoding of the lines that were read, and their number.
    #[must_use]
    pub fn evidence(&self) -> Option<(&Evidence, u64)> {
        match &self.reader {
            Reader::Delimited(rows) => Some(rows.evidence()),
            Reader::Json(rows) => Some(rows.evidence()),
            #[cfg(feature = "parquet")]
            Reader::Parquet(_) => None,
        }
    }
}

fn is_parquet(path: &Path, opener: &dyn Opener) -> Result<bool, FormatError> {
    let read = input::peek(input::raw(path, opener)?, 4);
    match read {
        Ok((head, _)) => Ok(head == b"PAR1"),
        Err(source) => Err(FormatError::Read { after: Location::start_of(path), source }),
    }
}
