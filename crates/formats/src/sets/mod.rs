//! Data sets that are known by the names of their files. Each is a mapping, and nothing else.

use std::path::{Path, PathBuf};

use docent_rows::{Place, Row, RowOptions, Rows, members};

use crate::{
    FormatError, InputFile, Opener,
    mapping::{Fields, FileMapping, Kind, Mapping},
    survey::file_name,
};

/// A data set that many use.
#[derive(Debug, Clone, Copy)]
pub struct KnownSet {
    /// Name of the command that imports it.
    pub name: &'static str,
    /// Files that it has.
    pub files: &'static str,
    text: &'static str,
}

/// The known sets, those of the most telling file names first.
pub const KNOWN_SETS: [KnownSet; 10] = [
    KnownSet {
        name: "movielens",
        files: "movies.csv and ratings.csv, movies.dat and ratings.dat, or u.item and u.data",
        text: include_str!("movielens.toml"),
    },
    KnownSet {
        name: "goodbooks",
        files: "books.csv and ratings.csv, and optionally to_read.csv, book_tags.csv and tags.csv",
        text: include_str!("goodbooks.toml"),
    },
    KnownSet {
        name: "book-crossing",
        files: "BX-Books.csv and BX-Book-Ratings.csv",
        text: include_str!("book-crossing.toml"),
    },
    KnownSet {
        name: "retailrocket",
        files: "events.csv, and optionally item_properties_part1.csv and item_properties_part2.csv",
        text: include_str!("retailrocket.toml"),
    },
    KnownSet { name: "steam", files: "steam-200k.csv", text: include_str!("steam.toml") },
    KnownSet {
        name: "lastfm",
        files: "artists.dat and user_artists.dat, or usersha1-artmbid-artname-plays.tsv",
        text: include_str!("lastfm.toml"),
    },
    KnownSet {
        name: "yelp",
        files: "yelp_academic_dataset_business.json and yelp_academic_dataset_review.json",
        text: include_str!("yelp.toml"),
    },
    KnownSet { name: "recbole", files: "NAME.inter and NAME.item", text: include_str!("recbole.toml") },
    KnownSet {
        name: "gorse",
        files: "items and feedback, as .jsonl or .csv",
        text: include_str!("gorse.toml"),
    },
    KnownSet {
        name: "amazon",
        files: "meta_NAME.json and NAME.json, compressed or not",
        text: include_str!("amazon.toml"),
    },
];

impl KnownSet {
    /// Returns a set by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        KNOWN_SETS.into_iter().find(|set| set.name == name)
    }

    /// Finds the files of the set among paths, of which folders hold files. `said` goes before the
    /// mapping of the set.
    ///
    /// # Errors
    /// [`FormatError::File`] if a path is missing, or no file has interactions.
    pub fn find(&self, paths: &[PathBuf], said: &FileMapping) -> Result<Vec<InputFile>, FormatError> {
        let mapping: Mapping =
            self.text.parse().map_err(|error| FormatError::file(Path::new(self.name), error))?;
        let mut found = Vec::new();
        for path in paths {
            let files = if path.is_dir() { files_of(path)? } else { vec![path.clone()] };
            for file in files {
                for file in with_members(file, &mapping)? {
                    if let Some(of_set) = mapping.of(&file_name(&file)) {
                        let mapping = said.clone().or(of_set);
                        found.push(InputFile { path: file, mapping, stated: Vec::new() });
                    }
                }
            }
        }
        let has_interactions = found.iter().any(|file| file.mapping.kind == Some(Kind::Interactions));
        match paths.first() {
            Some(first) if !has_interactions => {
                Err(FormatError::file(first, format_args!("expected {}, there is none", self.files)))
            }
            _ => Ok(found),
        }
    }
}

/// Returns true if files that have the names of a set have its columns, too: other shops and other
/// sites have a `ratings.csv` of their own. Names such as `orders.csv` alone are those of no set.
#[must_use]
pub fn has_columns_of_set(files: &[InputFile], opener: &dyn Opener) -> bool {
    let is_telling = |file: &InputFile| {
        let FileMapping { map, columns, .. } = &file.mapping;
        !map.is_empty() || !columns.is_empty() || !file_name(&file.path).ends_with(".csv")
    };
    files.iter().any(is_telling) && files.iter().all(|file| has_columns(file, opener))
}

/// Returns true if a file has the columns of its mapping, and if it cannot be read: the import says
/// why.
fn has_columns(file: &InputFile, opener: &dyn Opener) -> bool {
    let FileMapping { kind: Some(kind), columns, separator, encoding, .. } = &file.mapping else {
        return true;
    };
    if !columns.is_empty() {
        return true;
    }
    let (separator, encoding) = (separator.as_deref(), encoding.as_deref());
    let options = RowOptions { separator, encoding, ..RowOptions::default() };
    let Ok(mut rows) = Rows::open(&file.path, opener, &options) else { return true };
    let mut names: Vec<String> = rows.columns().map(<[String]>::to_vec).unwrap_or_default();
    if names.is_empty()
        && let Some(Ok(())) = rows.advance()
        && let Row::Object(object) = rows.row()
    {
        names.extend(object.keys().cloned());
    }
    let columns: Vec<(String, Place)> =
        names.into_iter().map(|name| (name.clone(), Place::Path(vec![name]))).collect();
    columns.is_empty()
        || Fields::find(*kind, &columns, &file.mapping).is_ok_and(|fields| {
            !fields
                .absent
                .iter()
                .any(|entry| ["user=", "item=", "id="].iter().any(|of| entry.starts_with(of)))
        })
}

/// Returns the members of an archive that the mapping does not know as a file of its own.
fn with_members(file: PathBuf, mapping: &Mapping) -> Result<Vec<PathBuf>, FormatError> {
    if mapping.of(&file_name(&file)).is_some() {
        return Ok(vec![file]);
    }
    let members = members(&file)?;
    Ok(if members.is_empty() { vec![file] } else { members })
}

/// Returns the files of a folder in the order of their names, without hidden ones.
///
/// # Errors
/// [`FormatError::Open`] if the folder cannot be read.
pub fn files_of(folder: &Path) -> Result<Vec<PathBuf>, FormatError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|source| unread(folder, source))? {
        let path = entry.map_err(|source| unread(folder, source))?.path();
        if path.is_file() && !file_name(&path).starts_with('.') {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn unread(folder: &Path, source: std::io::Error) -> FormatError {
    FormatError::Open { path: folder.to_owned(), source }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
