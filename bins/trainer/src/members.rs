//! Members of a blend that another program fitted, from the folder of an export.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use docent::{
    ResourceId, UserId,
    models::{ModelError, ModelKind},
    training::external::{
        EXTERNAL_FORMAT, ExternalMembers, HeldOutEvent, MEMBERS_OF_FACTORS, MEMBERS_OF_ROWS, MemberData,
        MemberSource, Part, Scope, SplitManifest,
    },
};
use docent_formats::{
    FormatError, ParquetColumn, ParquetColumns,
    ParquetKind::{self, Number, Numbers, Text, Whole},
    parquet_files,
};
use serde::Deserialize;

/// Name of the description of an export.
pub const MANIFEST: &str = "manifest.json";

const FIT_AGAIN: &str = "export with `export parquet --splits`, fit the members to that, and try again";

/// Description of fitted members: the text in `members/manifest`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MembersManifest {
    format: u32,
    /// False while the other program is at work.
    finished: bool,
    /// Name and version of the other program.
    #[serde(rename = "program")]
    _program: String,
    /// Copy of the manifest of the export.
    split: SplitManifest,
    members: Vec<ModelKind>,
}

/// Reads the members in the folder of an export, except their numbers, which are read when they are
/// needed.
///
/// # Errors
/// [`ModelError::Member`] says which file is missing or wrong, and what to do.
pub fn read(folder: &Path) -> Result<ExternalMembers, ModelError> {
    let split: SplitManifest = parse(&folder.join(MANIFEST), &text(&folder.join(MANIFEST))?)?;
    let described = folder.join("members/manifest");
    let MembersManifest { format, finished, _program: _, split: of_members, members } =
        parse(&described, &only_text(&described)?)?;
    if format != EXTERNAL_FORMAT {
        return Err(refused(&described, format!("format {format}: this program reads {EXTERNAL_FORMAT}")));
    }
    if !finished {
        return Err(refused(&described, format!("the members were not fitted to the end; {FIT_AGAIN}")));
    }
    if of_members != split {
        return Err(refused(
            &described,
            format!("the members were fitted to another export than that of {MANIFEST}; {FIT_AGAIN}"),
        ));
    }
    let is_known = |kind: &&ModelKind| MEMBERS_OF_FACTORS.contains(kind) || MEMBERS_OF_ROWS.contains(kind);
    if let Some(kind) = members.iter().find(|kind| !is_known(kind)) {
        return Err(refused(&described, format!("{kind} cannot come from outside")));
    }
    if members.is_empty() {
        return Err(refused(&described, format!("there is no member; {FIT_AGAIN}")));
    }
    let items = items(&folder.join("items.parquet"))?;
    let mut held_out = Vec::new();
    for part in [Part::Validation, Part::Holdout] {
        add_held_out(&folder.join(format!("events/part={}", part.name())), part, &mut held_out)?;
    }
    let source = Box::new(Files { folder: folder.join("members"), n_items: items.len() });
    Ok(ExternalMembers {
        place: folder.display().to_string(),
        split,
        items,
        held_out,
        kinds: members,
        source,
    })
}

/// Fitted members as Parquet files: `KIND/scope=SCOPE/*.parquet`.
#[derive(Debug)]
struct Files {
    folder: PathBuf,
    n_items: usize,
}

impl MemberSource for Files {
    fn load(&self, kind: ModelKind, scope: Scope) -> Result<MemberData, ModelError> {
        let folder = self.folder.join(format!("{}/scope={}", kind.name(), scope.name()));
        if MEMBERS_OF_FACTORS.contains(&kind) { factors(&folder) } else { self.rows(&folder) }
    }
}

impl Files {
    fn rows(&self, folder: &Path) -> Result<MemberData, ModelError> {
        let mut rows = vec![Vec::new(); self.n_items];
        let columns = [("item", Whole), ("other", Whole), ("weight", Number)];
        each_group(folder, &columns, &mut |path, group| {
            let [ParquetColumn::Whole(items), ParquetColumn::Whole(others), ParquetColumn::Numbers(weights)] =
                group
            else {
                return Err(refused(path, "the columns are of other kinds"));
            };
            for ((item, other), weight) in items.iter().zip(others).zip(weights) {
                let (row, other) = (number(path, *item)?, number(path, *other)?);
                let Some(row) = rows.get_mut(row as usize) else {
                    let known = self.n_items;
                    return Err(refused(
                        path,
                        format!("item {item} is unknown: the export has {known} resources"),
                    ));
                };
                row.push((other, *weight));
            }
            Ok(())
        })?;
        Ok(MemberData::Rows(rows))
    }
}

fn factors(folder: &Path) -> Result<MemberData, ModelError> {
    let (mut items, mut factors, mut dim) = (Vec::new(), Vec::new(), None);
    each_group(folder, &[("item", Whole), ("factors", Numbers)], &mut |path, group| {
        let [ParquetColumn::Whole(of_group), ParquetColumn::Lists(lengths, numbers)] = group else {
            return Err(refused(path, "the columns are of other kinds"));
        };
        let expected = *dim.get_or_insert_with(|| lengths.first().copied().unwrap_or_default());
        let other = of_group.iter().zip(lengths).find(|(_, length)| **length != expected);
        if let Some((item, length)) = other {
            return Err(refused(path, format!("item {item}: expected {expected} factors, found {length}")));
        }
        for item in of_group {
            items.push(number(path, *item)?);
        }
        factors.extend_from_slice(numbers);
        Ok(())
    })?;
    Ok(MemberData::Factors { dim: dim.unwrap_or_default(), items, factors })
}

fn items(path: &Path) -> Result<Vec<ResourceId>, ModelError> {
    let mut items = Vec::new();
    each_group_of(path, &[("item", Whole), ("resource_id", Text)], &mut |path, group| {
        let [ParquetColumn::Whole(numbers), ParquetColumn::Texts(ids)] = group else {
            return Err(refused(path, "the columns are of other kinds"));
        };
        for (item, id) in numbers.iter().zip(ids) {
            if usize::try_from(*item) != Ok(items.len()) {
                return Err(refused(path, format!("expected item {}, found {item}", items.len())));
            }
            items.push(ResourceId::new(id.as_str()).map_err(|error| refused(path, error.to_string()))?);
        }
        Ok(())
    })?;
    Ok(items)
}

fn add_held_out(folder: &Path, part: Part, held_out: &mut Vec<HeldOutEvent>) -> Result<(), ModelError> {
    each_group(folder, &[("user_id", Text), ("item", Whole)], &mut |path, group| {
        let [ParquetColumn::Texts(users), ParquetColumn::Whole(items)] = group else {
            return Err(refused(path, "the columns are of other kinds"));
        };
        for (user, item) in users.iter().zip(items) {
            let user = UserId::new(user.as_str()).map_err(|error| refused(path, error.to_string()))?;
            held_out.push(HeldOutEvent { part, user, item: number(path, *item)? });
        }
        Ok(())
    })
}

/// Takes the columns of a group of rows, and the file that they are from.
type Take<'a> = &'a mut dyn FnMut(&Path, &[ParquetColumn]) -> Result<(), ModelError>;

fn each_group(folder: &Path, columns: &[(&str, ParquetKind)], take: Take<'_>) -> Result<(), ModelError> {
    for path in parquet_files(folder).map_err(unreadable)? {
        each_group_of(&path, columns, take)?;
    }
    Ok(())
}

fn each_group_of(path: &Path, columns: &[(&str, ParquetKind)], take: Take<'_>) -> Result<(), ModelError> {
    let file = ParquetColumns::open(path, columns).map_err(unreadable)?;
    for group in 0..file.groups() {
        take(path, &file.read(group).map_err(unreadable)?)?;
    }
    Ok(())
}

fn number(path: &Path, item: i64) -> Result<u32, ModelError> {
    u32::try_from(item).map_err(|_| refused(path, format!("item {item}: expected the number of an item")))
}

fn text(path: &Path) -> Result<String, ModelError> {
    fs::read_to_string(path).map_err(|error| refused(path, format!("{error}; {FIT_AGAIN}")))
}

/// Returns the only text of a folder that Spark wrote.
fn only_text(folder: &Path) -> Result<String, ModelError> {
    let entries = fs::read_dir(folder).map_err(|error| refused(folder, format!("{error}; {FIT_AGAIN}")))?;
    let mut texts: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    texts.retain(|path| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with(['.', '_'])));
    match texts.as_slice() {
        [path] => text(path),
        [] => Err(refused(folder, format!("expected one file, found none; {FIT_AGAIN}"))),
        found => Err(refused(
            folder,
            format!(
                "expected one file, found {}: members of several jobs are mixed; remove the folder `members`, and copy it \
                 again",
                found.len()
            ),
        )),
    }
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, ModelError> {
    serde_json::from_str(text).map_err(|error| refused(path, format!("{error}; {FIT_AGAIN}")))
}

fn unreadable(error: FormatError) -> ModelError {
    match error {
        FormatError::File { path, reason } => refused(&path, reason),
        FormatError::Open { path, source } => refused(&path, source.to_string()),
        other => {
            let source = other.source().map_or_else(String::new, |source| format!(": {source}"));
            ModelError::Member { place: "members".to_owned(), reason: format!("{other}{source}") }
        }
    }
}

fn refused(path: &Path, reason: impl Into<String>) -> ModelError {
    ModelError::Member { place: path.display().to_string(), reason: reason.into() }
}
