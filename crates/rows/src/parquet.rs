//! Rows of Parquet files, as objects.

use std::path::Path;

use ::parquet::{
    basic::{Compression, ConvertedType, Type},
    file::{reader::FileReader, serialized_reader::SerializedFileReader},
    record::{Field, Row, reader::RowIter},
    schema::types::ColumnDescriptor,
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Number, Value};

use crate::{FormatError, Location, input};

pub(crate) struct ParquetRows {
    rows: RowIter<'static>,
    columns: Vec<String>,
    /// Columns whose texts are JSON.
    json: Vec<String>,
    object: Map<String, Value>,
    of_file: Location,
    row: u64,
    is_done: bool,
}

impl ParquetRows {
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let reader = SerializedFileReader::new(input::seekable(path)?).map_err(|_| damaged(path))?;
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let chunks = reader.metadata().row_groups().iter().flat_map(|group| group.columns());
        for codec in chunks.map(|chunk| chunk.compression()) {
            use Compression as C;
            if !matches!(codec, C::UNCOMPRESSED | C::SNAPPY | C::GZIP(_) | C::ZSTD(_)) {
                return Err(FormatError::file(
                    path,
                    format_args!(
                        "is compressed by {codec}, which is not read; write it with snappy, gzip or zstd"
                    ),
                ));
            }
        }
        for column in schema.columns() {
            if !is_read(column) {
                return Err(FormatError::file(
                    path,
                    format_args!(
                        "the column \"{}\" is a {} of kind {}, which is not read; write it as text, a number or a \
                         timestamp in microseconds",
                        column.path().string(),
                        column.physical_type(),
                        column.converted_type()
                    ),
                ));
            }
        }
        let columns = schema.root_schema().get_fields().iter().map(|field| field.name().to_owned()).collect();
        let json = schema.columns().iter().filter(|column| column.converted_type() == ConvertedType::JSON);
        Ok(Self {
            json: json.map(|column| column.path().string()).collect(),
            rows: RowIter::from_file_into(Box::new(reader)),
            columns,
            object: Map::new(),
            of_file: Location::start_of(path),
            row: 0,
            is_done: false,
        })
    }

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    pub fn object(&self) -> &Map<String, Value> {
        &self.object
    }

    pub fn location(&self) -> Location {
        self.of_file.at(self.row)
    }

    pub fn advance(&mut self) -> Option<Result<(), FormatError>> {
        if self.is_done {
            return None;
        }
        match self.rows.next() {
            Some(Ok(row)) => {
                self.row += 1;
                self.object = object(row);
                for column in &self.json {
                    let text = self.object.get(column).and_then(Value::as_str);
                    if let Some(value) = text.and_then(|text| serde_json::from_str(text).ok()) {
                        self.object.insert(column.clone(), value);
                    }
                }
                Some(Ok(()))
            }
            Some(Err(_)) => {
                self.is_done = true;
                Some(Err(damaged(Path::new(self.of_file.file()))))
            }
            None => {
                self.is_done = true;
                None
            }
        }
    }
}

fn damaged(path: &Path) -> FormatError {
    FormatError::file(path, "the Parquet file is damaged or incomplete; write it again")
}

/// Returns true if the parser knows the type of the column.
fn is_read(column: &ColumnDescriptor) -> bool {
    use ConvertedType as C;
    let kind = column.converted_type();
    match column.physical_type() {
        Type::BOOLEAN | Type::INT96 | Type::FLOAT | Type::DOUBLE => true,
        Type::INT32 => matches!(
            kind,
            C::NONE
                | C::INT_8
                | C::INT_16
                | C::INT_32
                | C::UINT_8
                | C::UINT_16
                | C::UINT_32
                | C::DATE
                | C::TIME_MILLIS
                | C::DECIMAL
        ),
        Type::INT64 => matches!(
            kind,
            C::NONE
                | C::INT_64
                | C::UINT_64
                | C::TIME_MICROS
                | C::TIMESTAMP_MILLIS
                | C::TIMESTAMP_MICROS
                | C::DECIMAL
        ),
        Type::BYTE_ARRAY => matches!(kind, C::NONE | C::UTF8 | C::ENUM | C::JSON | C::BSON | C::DECIMAL),
        Type::FIXED_LEN_BYTE_ARRAY => matches!(kind, C::NONE | C::DECIMAL),
    }
}

fn object(row: Row) -> Map<String, Value> {
    row.into_columns().into_iter().map(|(name, field)| (name, value(field))).collect()
}

fn value(field: Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(value) => Value::Bool(value),
        Field::Byte(value) => value.into(),
        Field::Short(value) => value.into(),
        Field::Int(value) => value.into(),
        Field::Long(value) => value.into(),
        Field::UByte(value) => value.into(),
        Field::UShort(value) => value.into(),
        Field::UInt(value) => value.into(),
        Field::ULong(value) => value.into(),
        // Through text, so that 4.1 stays 4.1.
        Field::Float(value) => number(value.to_string().parse().ok()),
        Field::Double(value) => number(Some(value)),
        Field::Float16(value) => number(Some(value.to_f64())),
        Field::Str(text) => Value::String(text),
        Field::Bytes(bytes) => Value::String(String::from_utf8_lossy(bytes.data()).into_owned()),
        Field::Date(days) => {
            let date = DateTime::UNIX_EPOCH.checked_add_signed(TimeDelta::days(i64::from(days)));
            date.map_or(Value::Null, |date| Value::String(date.date_naive().to_string()))
        }
        Field::TimestampMillis(millis) => timestamp(DateTime::from_timestamp_millis(millis)),
        Field::TimestampMicros(micros) => timestamp(DateTime::from_timestamp_micros(micros)),
        Field::Group(row) => Value::Object(object(row)),
        Field::ListInternal(list) => list.elements().iter().cloned().map(value).collect(),
        Field::MapInternal(map) => {
            let entries = map.entries().iter().cloned();
            Value::Object(entries.map(|(key, of_key)| (text(&value(key)), value(of_key))).collect())
        }
        other => Value::String(other.to_string()),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns a number; null for one that is not finite, as pandas writes missing values.
fn number(value: Option<f64>) -> Value {
    value.and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

fn timestamp(time: Option<DateTime<Utc>>) -> Value {
    time.map_or(Value::Null, |time| Value::String(time.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
}
