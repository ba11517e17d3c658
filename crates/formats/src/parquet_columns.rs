//! Reads columns of Parquet files whose schema is known, a group of rows at a time.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use ::parquet::{
    basic::Type,
    column::reader::{ColumnReader, ColumnReaderImpl},
    data_type::DataType,
    errors::ParquetError,
    file::reader::{FileReader, RowGroupReader, SerializedFileReader},
};

use crate::{FormatError, ParquetKind};

/// Values of a column in a group of rows. None is missing.
#[derive(Debug, Clone, PartialEq)]
pub enum ParquetColumn {
    /// Texts in UTF-8.
    Texts(Vec<String>),
    /// Whole numbers of 32 or 64 bits.
    Whole(Vec<i64>),
    /// Numbers, which are rounded to single precision.
    Numbers(Vec<f32>),
    /// Lists of numbers: the length of each, and the numbers of all one after another.
    Lists(Vec<usize>, Vec<f32>),
}

/// A Parquet file of which some columns are read.
pub struct ParquetColumns {
    path: PathBuf,
    reader: SerializedFileReader<File>,
    /// Place in the schema, and kind, of each column that is read.
    columns: Vec<(usize, String, ParquetKind)>,
}

impl ParquetColumns {
    /// Opens a file to read these columns, of the kinds `Text`, `Whole`, `Number` and `Numbers`.
    ///
    /// # Errors
    /// [`FormatError::Open`]; [`FormatError::File`] for a file that is damaged, or lacks a column
    /// of the kind.
    pub fn open(path: &Path, columns: &[(&str, ParquetKind)]) -> Result<Self, FormatError> {
        let file = File::open(path).map_err(|source| FormatError::Open { path: path.to_owned(), source })?;
        let reader = SerializedFileReader::new(file).map_err(|error| damaged(path, &error))?;
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let mut found = Vec::with_capacity(columns.len());
        for (name, kind) in columns {
            let is_named =
                |at: &usize| schema.column(*at).path().parts().first().is_some_and(|part| part == name);
            let place = (0..schema.num_columns()).find(is_named);
            let has_kind = |at: &usize| {
                let column = schema.column(*at);
                let is_list = column.max_rep_level() == 1;
                match (kind, column.physical_type()) {
                    (ParquetKind::Text, Type::BYTE_ARRAY)
                    | (ParquetKind::Whole, Type::INT32 | Type::INT64)
                    | (ParquetKind::Number, Type::FLOAT | Type::DOUBLE) => column.max_rep_level() == 0,
                    (ParquetKind::Numbers, Type::FLOAT | Type::DOUBLE) => is_list,
                    _ => false,
                }
            };
            let Some(place) = place.filter(has_kind) else {
                let expected = expected(*kind);
                let schema: Vec<String> =
                    schema.columns().iter().map(|column| column.path().string()).collect();
                return Err(FormatError::file(
                    path,
                    format_args!(
                        "expected a column \"{name}\" of {expected}; the columns are {}",
                        schema.join(", ")
                    ),
                ));
            };
            found.push((place, (*name).to_owned(), *kind));
        }
        Ok(Self { path: path.to_owned(), reader, columns: found })
    }

    /// Returns the number of groups of rows.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.reader.num_row_groups()
    }

    /// Reads the columns of a group, in the order in which they were asked for.
    ///
    /// # Errors
    /// [`FormatError::File`] for a damaged file, and for a row without a value.
    pub fn read(&self, group: usize) -> Result<Vec<ParquetColumn>, FormatError> {
        let group = self.reader.get_row_group(group).map_err(|error| damaged(&self.path, &error))?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        self.columns
            .iter()
            .map(|(place, name, kind)| {
                let column =
                    column(group.as_ref(), *place, rows).map_err(|error| damaged(&self.path, &error))?;
                let column = column.filter(|column| (*kind == ParquetKind::Numbers) == is_list(column));
                column.ok_or_else(|| {
                    FormatError::file(&self.path, format_args!("a row has no value in the column \"{name}\""))
                })
            })
            .collect()
    }
}

fn is_list(column: &ParquetColumn) -> bool {
    matches!(column, ParquetColumn::Lists(..))
}

fn expected(kind: ParquetKind) -> &'static str {
    match kind {
        ParquetKind::Text => "texts",
        ParquetKind::Whole => "whole numbers",
        ParquetKind::Number => "numbers",
        ParquetKind::Numbers => "lists of numbers",
        _ => "a kind that can be read",
    }
}

fn damaged(path: &Path, error: &ParquetError) -> FormatError {
    FormatError::file(
        path,
        format_args!("the Parquet file is damaged or incomplete ({error}); write it again"),
    )
}

/// Reads a column; `None` if a row has no value.
fn column(
    group: &dyn RowGroupReader,
    place: usize,
    rows: usize,
) -> Result<Option<ParquetColumn>, ParquetError> {
    Ok(match group.get_column_reader(place)? {
        ColumnReader::Int32ColumnReader(reader) => flat(reader, place, group, rows)?
            .map(|values| ParquetColumn::Whole(values.into_iter().map(i64::from).collect())),
        ColumnReader::Int64ColumnReader(reader) => {
            flat(reader, place, group, rows)?.map(ParquetColumn::Whole)
        }
        ColumnReader::FloatColumnReader(reader) => numbers(read(reader, place, group, rows)?, |value| value),
        ColumnReader::DoubleColumnReader(reader) => {
            numbers(read(reader, place, group, rows)?, |value| value as f32)
        }
        ColumnReader::ByteArrayColumnReader(reader) => match flat(reader, place, group, rows)? {
            Some(values) => {
                let texts = values.iter().map(|value| value.as_utf8().map(str::to_owned));
                Some(ParquetColumn::Texts(texts.collect::<Result<_, _>>()?))
            }
            None => None,
        },
        _ => None,
    })
}

/// Values of a column, and the lengths of its lists; no lengths where it has none.
type Values<T> = (Vec<T>, Vec<usize>);

fn numbers<T: Copy>(values: Option<Values<T>>, single: impl Fn(T) -> f32) -> Option<ParquetColumn> {
    let (values, lengths) = values?;
    let values = values.into_iter().map(single).collect();
    Some(if lengths.is_empty() {
        ParquetColumn::Numbers(values)
    } else {
        ParquetColumn::Lists(lengths, values)
    })
}

fn flat<T: DataType>(
    reader: ColumnReaderImpl<T>,
    place: usize,
    group: &dyn RowGroupReader,
    rows: usize,
) -> Result<Option<Vec<T::T>>, ParquetError> {
    Ok(read(reader, place, group, rows)?.map(|(values, _)| values))
}

/// Reads all values of a column; `None` if a row has none, or only part of a list.
fn read<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    place: usize,
    group: &dyn RowGroupReader,
    rows: usize,
) -> Result<Option<Values<T::T>>, ParquetError> {
    let schema = group.metadata().schema_descr_ptr();
    let (max_defined, max_repeated) =
        (schema.column(place).max_def_level(), schema.column(place).max_rep_level());
    let (mut defined, mut repeated, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let (read, ..) = reader.read_records(rows, Some(&mut defined), Some(&mut repeated), &mut values)?;
    if read != rows || (max_defined > 0 && defined.iter().any(|level| *level < max_defined)) {
        return Ok(None);
    }
    let mut lengths = Vec::new();
    for level in repeated.iter().filter(|_| max_repeated > 0) {
        match lengths.last_mut() {
            Some(length) if *level > 0 => *length += 1,
            _ => lengths.push(1),
        }
    }
    Ok(Some((values, lengths)))
}

/// Returns the Parquet files of a folder, by name.
///
/// # Errors
/// [`FormatError::File`] for a folder that is missing or has none.
pub fn parquet_files(folder: &Path) -> Result<Vec<PathBuf>, FormatError> {
    let entries = std::fs::read_dir(folder).map_err(|error| FormatError::file(folder, error))?;
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| FormatError::file(folder, error))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // Programs that write in parallel keep the marks of their work beside the files.
        if name.ends_with(".parquet") && !name.starts_with(['.', '_']) {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(FormatError::file(folder, "there is no Parquet file"));
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ParquetFile, ParquetValue};

    const COLUMNS: [(&str, ParquetKind); 4] = [
        ("item", ParquetKind::Whole),
        ("id", ParquetKind::Text),
        ("weight", ParquetKind::Number),
        ("factors", ParquetKind::Numbers),
    ];

    fn row(item: i64, factors: Vec<f64>) -> [ParquetValue; 4] {
        let id = format!("id-{item}");
        [ParquetValue::Whole(item), id.as_str().into(), 0.5.into(), ParquetValue::Numbers(factors)]
    }

    fn write(path: &Path, rows: impl IntoIterator<Item = [ParquetValue; 4]>) {
        let mut file = ParquetFile::create(path, &COLUMNS).unwrap();
        rows.into_iter().for_each(|row| file.write(row).unwrap());
        file.finish().unwrap();
    }

    #[test]
    fn columns_are_read_as_they_were_written_in_the_order_that_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        write(&path, [row(7, vec![1.0, -2.0]), row(8, vec![3.0])]);
        let file = ParquetColumns::open(&path, &[COLUMNS[3], COLUMNS[0], COLUMNS[1], COLUMNS[2]]).unwrap();
        assert_eq!(file.groups(), 1);
        let expected = [
            ParquetColumn::Lists(vec![2, 1], vec![1.0, -2.0, 3.0]),
            ParquetColumn::Whole(vec![7, 8]),
            ParquetColumn::Texts(vec!["id-7".into(), "id-8".into()]),
            ParquetColumn::Numbers(vec![0.5, 0.5]),
        ];
        assert_eq!(file.read(0).unwrap(), expected);
    }

    #[test]
    fn a_column_of_another_kind_and_a_row_without_a_value_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        write(&path, [row(7, Vec::new())]);
        for (column, expected) in [
            (("item", ParquetKind::Text), "expected a column \"item\" of texts; the columns are item, id,"),
            (("weight", ParquetKind::Numbers), "expected a column \"weight\" of lists of numbers"),
            (("factors", ParquetKind::Number), "expected a column \"factors\" of numbers"),
            (("item", ParquetKind::Flag), "expected a column \"item\" of a kind that can be read"),
            (("other", ParquetKind::Whole), "expected a column \"other\""),
        ] {
            let refused = ParquetColumns::open(&path, &[column]).err().unwrap().to_string();
            assert!(refused.contains(expected), "{refused}");
        }
        let empty = ParquetColumns::open(&path, &COLUMNS).unwrap().read(0).unwrap_err().to_string();
        assert!(empty.contains("a row has no value in the column \"factors\""), "{empty}");
        let missing: [ParquetValue; 4] =
            [ParquetValue::Missing, "x".into(), 0.5.into(), ParquetValue::Numbers(vec![1.0])];
        write(&path, [missing]);
        let missing = ParquetColumns::open(&path, &COLUMNS).unwrap().read(0).unwrap_err().to_string();
        assert!(missing.contains("a row has no value in the column \"item\""), "{missing}");
    }

    #[test]
    fn a_cut_file_and_a_folder_without_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        write(&path, [row(7, vec![1.0])]);
        std::fs::write(folder.path().join("_SUCCESS"), "").unwrap();
        assert_eq!(parquet_files(folder.path()).unwrap(), std::slice::from_ref(&path));
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 9]).unwrap();
        let cut = ParquetColumns::open(&path, &COLUMNS).err().unwrap().to_string();
        assert!(cut.contains("a.parquet: the Parquet file is damaged or incomplete"), "{cut}");
        std::fs::remove_file(&path).unwrap();
        let none = parquet_files(folder.path()).unwrap_err().to_string();
        assert!(none.contains("there is no Parquet file"), "{none}");
        assert!(parquet_files(&path).is_err());
    }
}
