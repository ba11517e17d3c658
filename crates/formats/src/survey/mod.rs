//! The first reading of a file: what it holds, and what is wrong with it as a whole.

mod column;
mod events;
mod lists;
mod part;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::Value;

pub(crate) use self::part::{Attribute, Part, is_clock};
use self::{column::Table, part::Decided};
use docent_rows::{Charset, Compression, Layout, Place, Row, RowOptions, Rows, Verdict};

use crate::{
    FormatError, Location, Opener,
    mapping::{Columns, Fields, FileMapping, Kind, Role, normal},
};

/// A file to read, with its mapping.
#[derive(Debug, Clone)]
pub struct InputFile {
    /// Path of the file.
    pub path: PathBuf,
    /// Everything that is known about the file; the rest is recognised.
    pub mapping: FileMapping,
    /// Entries of the mapping, as `role=column`, of which some file must have the column.
    pub stated: Vec<String>,
}

/// Column of a file, as its first reading found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnProfile {
    /// Name in the file.
    pub name: String,
    /// Meaning of the column: a role of a mapping, `attribute` or `left out`.
    pub role: String,
    /// Number of values that are not empty.
    pub filled: u64,
    /// Type and range of the values, such as `numbers from 1 to 5`.
    pub values: String,
}

/// A file, as its first reading found it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FileProfile {
    /// Path of the file.
    pub path: PathBuf,
    /// Layout of the rows; `None` if the file could not be opened.
    pub layout: Option<Layout>,
    /// Compression of the file.
    pub compression: Compression,
    /// Name of the encoding; `None` for Parquet.
    pub encoding: Option<&'static str>,
    /// Number of rows of each kind.
    pub rows: BTreeMap<Kind, u64>,
    /// Columns of each kind of rows.
    pub columns: Vec<(Kind, ColumnProfile)>,
    /// Units, scales and encodings that were recognised, and columns that are left out.
    pub notes: Vec<String>,
    /// Faults of the file as a whole. Such a file is not imported.
    pub faults: Vec<String>,
    pub(crate) parts: BTreeMap<Kind, Part>,
    pub(crate) mapping: FileMapping,
    pub(crate) charset: Charset,
    /// Entries of the mapping whose column the file lacks.
    absent: Vec<String>,
}

impl FileProfile {
    fn new(file: &InputFile) -> Self {
        Self {
            path: file.path.clone(),
            layout: None,
            compression: Compression::None,
            encoding: None,
            rows: BTreeMap::new(),
            columns: Vec::new(),
            notes: Vec::new(),
            faults: Vec::new(),
            parts: BTreeMap::new(),
            mapping: file.mapping.clone(),
            charset: Charset::Either,
            absent: Vec::new(),
        }
    }

    /// Returns the kinds of rows of the file.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.parts.keys().copied()
    }

    pub(crate) fn options(&self) -> RowOptions<'_> {
        RowOptions {
            separator: self.mapping.separator.as_deref(),
            encoding: self.mapping.encoding.as_deref(),
            columns: &self.mapping.columns,
            skip_lines: self.mapping.skip_lines,
            charset: Some(self.charset),
        }
    }
}

/// Reads every file from its first row to its last, and finds out how to read their values.
///
/// `types` are the interaction types that the configuration adds. Nothing fails: faults are in the
/// profiles, so that all of them can be shown at once.
#[must_use]
pub fn survey(files: &[InputFile], types: &[String], opener: &dyn Opener) -> Vec<FileProfile> {
    let mut profiles: Vec<FileProfile> = files.iter().map(|file| of_file(file, types, opener)).collect();
    if let Some((n, role, column)) = shared_id(&profiles) {
        let mut file = files[n].clone();
        file.mapping.map.insert(role.to_string(), Columns::One(column.clone()));
        profiles[n] = of_file(&file, types, opener);
        let what =
            if role == Role::Id { "the id, as in the interactions" } else { "the item, as in the catalogue" };
        profiles[n].notes.push(format!("{}: column \"{column}\" is {what}", file.path.display()));
    }
    // A mapping serves several files; a column that none of them has is a mistake.
    let stated: Vec<&String> = files.iter().flat_map(|file| &file.stated).collect();
    let is_sound = profiles.iter().all(|profile| profile.faults.is_empty());
    let everywhere: Vec<String> = profiles.first().filter(|_| is_sound).map_or(Vec::new(), |first| {
        let absent = first.absent.iter().filter(|entry| stated.contains(entry));
        absent
            .filter(|entry| profiles.iter().all(|profile| profile.absent.contains(entry)))
            .cloned()
            .collect()
    });
    if let Some(first) = profiles.first_mut() {
        for entry in everywhere {
            first.faults.push(format!("{}: there is no column for {entry}", first.path.display()));
        }
    }
    profiles
}

/// Returns the file, the role and the column by which one catalogue and its interactions name the
/// same ids, if they do not by the columns that were taken: interactions have a column that is
/// called as the id of the catalogue, or the catalogue one that is called as their items.
fn shared_id(profiles: &[FileProfile]) -> Option<(usize, Role, String)> {
    let mut catalogues = with_kind(profiles, Kind::Resources);
    let (Some((catalogue, file, resources)), None) = (catalogues.next(), catalogues.next()) else {
        return None;
    };
    let id = normal(resources.fields.name(Role::Id));
    let (n, other, interactions) = with_kind(profiles, Kind::Interactions).next()?;
    let item = normal(interactions.fields.name(Role::Item));
    if n == catalogue || id == item {
        return None;
    }
    let said =
        [other, file].map(|file| ["id", "item"].iter().any(|role| file.mapping.map.contains_key(*role)));
    match interactions.fields.rest_called(&id).filter(|_| id != "id") {
        Some(column) if !said[0] => Some((n, Role::Item, column)),
        _ if said[1] => None,
        _ => Some((catalogue, Role::Id, resources.fields.rest_called(&item)?)),
    }
}

fn with_kind(profiles: &[FileProfile], kind: Kind) -> impl Iterator<Item = (usize, &FileProfile, &Part)> {
    profiles.iter().enumerate().filter_map(move |(n, file)| Some((n, file, file.parts.get(&kind)?)))
}

fn of_file(file: &InputFile, types: &[String], opener: &dyn Opener) -> FileProfile {
    let mut profile = FileProfile::new(file);
    let mut tables = Tables::new(&file.mapping);
    if let Err(error) = read(file, opener, &mut profile, &mut tables) {
        profile.faults.push(told(&error));
        return profile;
    }
    let place = file.path.display();
    if tables.n_rows() == 0 {
        // A file of a header alone has nothing to import, and nothing is wrong with it.
        if tables.columns.is_none() {
            profile.faults.push(format!("{place}: expected records, got none"));
            return profile;
        }
    }
    for (kind, table) in tables.by_kind(&mut profile) {
        match Part::decide(kind, &table, &file.mapping, types) {
            Ok(Decided { part, columns, notes, faults, absent }) => {
                profile.rows.insert(kind, table.rows);
                profile.columns.extend(columns.into_iter().map(|column| (kind, column)));
                profile.notes.extend(notes.into_iter().map(|note| format!("{place}: {note}")));
                profile.faults.extend(faults.into_iter().map(|fault| format!("{place}: {fault}")));
                profile.absent.extend(absent);
                profile.parts.insert(kind, part);
            }
            Err(fault) => profile.faults.push(format!("{}: {fault}", Location::start_of(&file.path).at(1))),
        }
    }
    profile
}

fn read(
    file: &InputFile,
    opener: &dyn Opener,
    profile: &mut FileProfile,
    tables: &mut Tables,
) -> Result<(), FormatError> {
    let options = RowOptions { charset: None, ..profile.options() };
    let mut rows = Rows::open(&file.path, opener, &options)?;
    profile.layout = Some(rows.layout.clone());
    profile.compression = rows.compression;
    tables.columns = rows.columns().map(|names| {
        names.iter().enumerate().map(|(at, name)| (name.clone(), rows.place(at, name))).collect()
    });
    if let Some(columns) = &tables.columns {
        tables.plain.with_columns(columns);
        let mut sorted: Vec<&str> =
            columns.iter().map(|(name, _)| name.as_str()).filter(|name| !name.is_empty()).collect();
        sorted.sort_unstable();
        if let Some([name, _]) =
            sorted.windows(2).find(|pair| pair[0] == pair[1]).and_then(|pair| pair.first_chunk::<2>())
        {
            return Err(FormatError::Header {
                location: rows.location(),
                reason: format!("column \"{name}\" occurs twice; expected it once"),
            });
        }
    }
    while let Some(advanced) = rows.advance() {
        match advanced {
            Ok(()) => tables.add(rows.location().line(), rows.row()),
            Err(FormatError::Line { .. }) => tables.bad_rows += 1,
            Err(error) => return Err(error),
        }
    }
    let Some((evidence, lines)) = rows.evidence() else { return Ok(()) };
    match (rows.declared, evidence.verdict(lines)) {
        (Some(declared), _) => (profile.encoding, profile.charset) = (Some(declared.name), declared.charset),
        (None, Verdict::Is { name, charset }) => {
            (profile.encoding, profile.charset) = (Some(name), charset);
            if charset == Charset::Windows1252 {
                profile.notes.push(format!(
                    "{}: read as {name}; another encoding can be said by --encoding",
                    file.path.display()
                ));
            }
        }
        (None, Verdict::Mixed(why)) => return Err(FormatError::file(&file.path, why)),
    }
    Ok(())
}

/// Returns an error with its cause.
pub(crate) fn told(error: &FormatError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// The columns of a file, apart for the kinds of its rows where each row names its kind.
struct Tables {
    tagged: BTreeMap<Kind, Table>,
    plain: Table,
    /// Columns of a file that has them before its rows.
    columns: Option<Vec<(String, Place)>>,
    said: Option<Kind>,
    bad_rows: u64,
}

/// Returns the kind that a row of JSON names, as those of our own export do.
pub(crate) fn tag(row: Row<'_>) -> Option<Kind> {
    let Row::Object(object) = row else { return None };
    match object.get("type").and_then(Value::as_str)? {
        "resource" => Some(Kind::Resources),
        "link" => Some(Kind::Links),
        "interaction" => Some(Kind::Interactions),
        _ => None,
    }
}

impl Tables {
    fn new(mapping: &FileMapping) -> Self {
        Self {
            tagged: BTreeMap::new(),
            plain: Table::new(mapping),
            columns: None,
            said: mapping.kind,
            bad_rows: 0,
        }
    }

    fn n_rows(&self) -> u64 {
        self.plain.rows + self.bad_rows + self.tagged.values().map(|table| table.rows).sum::<u64>()
    }

    fn add(&mut self, line: u64, row: Row<'_>) {
        match tag(row) {
            Some(kind) => {
                let empty = &self.plain;
                self.tagged.entry(kind).or_insert_with(|| empty.emptied()).add(line, row);
            }
            None => self.plain.add(line, row),
        }
    }

    /// Returns the columns of each kind of rows. Rows that name no kind are of the kind that the
    /// caller says, or that their columns tell.
    fn by_kind(self, profile: &mut FileProfile) -> Vec<(Kind, Table)> {
        let mut tables: Vec<(Kind, Table)> = self.tagged.into_iter().collect();
        if self.plain.rows == 0 && (!tables.is_empty() || self.columns.is_none()) {
            return tables;
        }
        if !tables.is_empty() {
            // The rows without a kind are reported one by one.
            return tables;
        }
        let columns = self.plain.columns();
        match self.said.or_else(|| recognised(&columns, &self.plain.mapping)) {
            Some(kind) => tables.push((kind, self.plain)),
            None => {
                let names: Vec<&str> = columns.iter().take(20).map(|(name, _)| name.as_str()).collect();
                profile.faults.push(format!(
                    "{}: expected resources (a column such as id), interactions (columns such as user_id and \
                     resource_id) or links (source, target); the columns are {}. {}",
                    Location::start_of(&profile.path).at(1),
                    names.join(", "),
                    advice(&columns, self.bad_rows > self.plain.rows)
                ));
            }
        }
        tables
    }
}

/// Columns from which on a table without known names may be a matrix.
const MIN_MATRIX: usize = 4;

/// Returns what to try with columns that say nothing.
fn advice(columns: &[(String, Place)], is_mostly_bad: bool) -> String {
    let has_blank_corner = columns.first().is_some_and(|(name, _)| name.is_empty());
    if has_blank_corner && columns.len() >= MIN_MATRIX {
        return "If this is a matrix of users by resources, write it as one row for each user, resource and rating; \
                otherwise say what the columns are by --map"
            .to_owned();
    }
    let tried = "Say what they are by --map, or the text between cells by --separator";
    if columns.len() == 1 || is_mostly_bad {
        return format!("{tried}; if lines come before the header, say how many by --skip-lines");
    }
    format!("{tried}; if the file has no header, name its columns by --columns")
}

/// Returns the kind of rows that has such columns.
fn recognised(columns: &[(String, Place)], mapping: &FileMapping) -> Option<Kind> {
    let is_link = ["source", "target"].iter().all(|name| columns.iter().any(|(column, _)| column == name));
    if is_link && Fields::find(Kind::Links, columns, mapping).is_ok() {
        return Some(Kind::Links);
    }
    if Fields::find(Kind::Interactions, columns, mapping).is_ok() {
        return Some(Kind::Interactions);
    }
    // An id of another name alone may be that of an interaction whose user is not recognised.
    let found = Fields::find(Kind::Resources, columns, mapping).ok()?;
    (found.has(Role::Title) || found.name(Role::Id) == "id").then_some(Kind::Resources)
}

/// Returns the name of a file without its folders.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
