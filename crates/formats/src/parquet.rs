//! Writes Parquet files, as the readers of this crate and other programs read them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use ::parquet::{
    basic::{Compression, ZstdLevel},
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};

use chrono::{DateTime, Utc};

use crate::{FormatError, PartialFile};

/// Number of rows of a group, which is held in memory and compressed at once.
const ROWS_OF_GROUP: usize = 20_000;

/// Kind of the values of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParquetKind {
    /// Texts in UTF-8.
    Text,
    /// JSON as texts.
    Json,
    /// Lists of texts.
    Texts,
    /// Numbers in double precision.
    Number,
    /// Lists of numbers in double precision, none of them empty.
    Numbers,
    /// Whole numbers of 64 bits.
    Whole,
    /// True or false.
    Flag,
    /// Times in microseconds since 1970, in UTC.
    Time,
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum ParquetValue {
    /// There is no value.
    Missing,
    /// A text, also as JSON.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// A number in double precision.
    Number(f64),
    /// A list of numbers in double precision.
    Numbers(Vec<f64>),
    /// A whole number, or a time in microseconds since 1970.
    Whole(i64),
    /// True or false.
    Flag(bool),
}

impl<T: Into<ParquetValue>> From<Option<T>> for ParquetValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

impl From<&str> for ParquetValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<f64> for ParquetValue {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<DateTime<Utc>> for ParquetValue {
    fn from(time: DateTime<Utc>) -> Self {
        Self::Whole(time.timestamp_micros())
    }
}

impl ParquetKind {
    fn schema(self, name: &str) -> String {
        match self {
            Self::Text => format!("optional binary {name} (UTF8);"),
            Self::Json => format!("optional binary {name} (JSON);"),
            Self::Texts => {
                let element = "repeated group list { required binary element (UTF8); }";
                format!("required group {name} (LIST) {{ {element} }}")
            }
            Self::Number => format!("optional double {name};"),
            Self::Numbers => {
                let element = "repeated group list { required double element; }";
                format!("required group {name} (LIST) {{ {element} }}")
            }
            Self::Whole => format!("optional int64 {name};"),
            Self::Flag => format!("optional boolean {name};"),
            Self::Time => format!("optional int64 {name} (TIMESTAMP(MICROS,true));"),
        }
    }

    /// Writes values as the next column of a group. A value of another kind counts as missing.
    fn write(self, group: &mut Group<'_>, values: Vec<ParquetValue>) -> Result<(), ParquetError> {
        let values = values.into_iter();
        match self {
            Self::Text | Self::Json => optional::<ByteArrayType>(
                group,
                values.map(|value| match value {
                    ParquetValue::Text(text) => Some(bytes(text)),
                    _ => None,
                }),
            ),
            Self::Texts => lists::<ByteArrayType>(
                group,
                values.map(|value| match value {
                    ParquetValue::Texts(texts) => texts.into_iter().map(bytes).collect(),
                    _ => Vec::new(),
                }),
            ),
            Self::Numbers => lists::<DoubleType>(
                group,
                values.map(|value| match value {
                    ParquetValue::Numbers(numbers) => numbers,
                    _ => Vec::new(),
                }),
            ),
            Self::Number => optional::<DoubleType>(
                group,
                values.map(|value| match value {
                    ParquetValue::Number(number) => Some(number),
                    _ => None,
                }),
            ),
            Self::Whole | Self::Time => optional::<Int64Type>(
                group,
                values.map(|value| match value {
                    ParquetValue::Whole(whole) => Some(whole),
                    _ => None,
                }),
            ),
            Self::Flag => optional::<BoolType>(
                group,
                values.map(|value| match value {
                    ParquetValue::Flag(flag) => Some(flag),
                    _ => None,
                }),
            ),
        }
    }
}

type Group<'a> = SerializedRowGroupWriter<'a, PartialFile>;

fn bytes(text: String) -> ByteArray {
    ByteArray::from(text.into_bytes())
}

fn optional<T: DataType>(
    group: &mut Group<'_>,
    column: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let (mut values, mut defined) = (Vec::new(), Vec::new());
    for value in column {
        defined.push(i16::from(value.is_some()));
        values.extend(value);
    }
    write::<T>(group, &values, &defined, None)
}

/// Writes lists: an empty one is a place of its own, of a lower level.
fn lists<T: DataType>(
    group: &mut Group<'_>,
    column: impl Iterator<Item = Vec<T::T>>,
) -> Result<(), ParquetError> {
    let (mut values, mut defined, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    for list in column {
        defined.extend(std::iter::repeat_n(i16::from(!list.is_empty()), list.len().max(1)));
        repeated.push(0);
        repeated.extend(std::iter::repeat_n(1, list.len().saturating_sub(1)));
        values.extend(list);
    }
    write::<T>(group, &values, &defined, Some(&repeated))
}

fn write<T: DataType>(
    group: &mut Group<'_>,
    values: &[T::T],
    defined: &[i16],
    repeated: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let missing = || ParquetError::General("the schema has fewer columns".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column.typed::<T>().write_batch(values, Some(defined), repeated)?;
    column.close()
}

/// A Parquet file that gets its name when it is complete.
pub struct ParquetFile {
    path: PathBuf,
    writer: SerializedFileWriter<PartialFile>,
    columns: Vec<(ParquetKind, Vec<ParquetValue>)>,
    waiting: usize,
}

impl ParquetFile {
    /// Creates a file with these columns, which are empty.
    ///
    /// # Errors
    /// [`FormatError::Write`] if the file cannot be created.
    pub fn create(path: &Path, columns: &[(&str, ParquetKind)]) -> Result<Self, FormatError> {
        let fields: Vec<String> = columns.iter().map(|(name, kind)| kind.schema(name)).collect();
        let schema = parse_message_type(&format!("message docent {{ {} }}", fields.join(" ")));
        let schema = schema.map_err(|error| refused(path, error))?;
        let level = ZstdLevel::try_new(3).map_err(|error| refused(path, error))?;
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
        let out = PartialFile::create(path)?;
        let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties));
        Ok(Self {
            path: path.to_owned(),
            writer: writer.map_err(|error| refused(path, error))?,
            columns: columns.iter().map(|(_, kind)| (*kind, Vec::new())).collect(),
            waiting: 0,
        })
    }

    /// Adds a row, whose values are in the order of the columns.
    ///
    /// # Errors
    /// [`FormatError::Write`] if the disk refuses.
    pub fn write(&mut self, row: impl IntoIterator<Item = ParquetValue>) -> Result<(), FormatError> {
        for ((_, column), value) in self.columns.iter_mut().zip(row) {
            column.push(value);
        }
        self.waiting += 1;
        if self.waiting >= ROWS_OF_GROUP { self.write_group() } else { Ok(()) }
    }

    /// Writes the last rows and gives the file its name.
    ///
    /// # Errors
    /// [`FormatError::Write`] if the disk refuses.
    pub fn finish(mut self) -> Result<(), FormatError> {
        self.write_group()?;
        let path = self.path;
        self.writer.into_inner().map_err(|error| refused(&path, error))?.finish()
    }

    fn write_group(&mut self) -> Result<(), FormatError> {
        if self.waiting == 0 {
            return Ok(());
        }
        self.waiting = 0;
        let written = self.writer.next_row_group().and_then(|mut group| {
            for (kind, column) in &mut self.columns {
                kind.write(&mut group, std::mem::take(column))?;
            }
            group.close()
        });
        written.map(|_| ()).map_err(|error| refused(&self.path, error))
    }
}

fn refused(path: &Path, error: ParquetError) -> FormatError {
    FormatError::Write { path: path.to_owned(), source: std::io::Error::other(error) }
}
