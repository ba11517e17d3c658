//! The mapping of files to records: what each column is, and how its values are written.

mod fields;
mod names;

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer};

pub(crate) use self::{
    fields::Fields,
    names::{OPINIONS, Role, normal, roles},
};
use crate::values::{
    rating::Scale,
    time::{TimeFormat, Zone},
};

/// Kind of the rows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Names of labels, by their ids.
    Names,
    /// Labels of resources: each becomes a subject.
    Labels,
    /// Texts of resources, such as the tags that users wrote: each becomes a line of the text.
    Texts,
    /// Properties of resources over time, one a row: the newest value becomes an attribute.
    Properties,
    /// Links between resources.
    Links,
    /// Resources and their content.
    Resources,
    /// Interactions of users with resources.
    Interactions,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Names => "names of labels",
            Self::Labels => "labels",
            Self::Texts => "texts",
            Self::Properties => "properties",
            Self::Links => "links",
            Self::Resources => "resources",
            Self::Interactions => "interactions",
        })
    }
}

/// One column or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "the name of a column, or a list of names")]
pub enum Columns {
    /// One column alone.
    One(String),
    /// Several columns: texts and lists are joined, of other values the first counts.
    Many(Vec<String>),
}

impl Columns {
    /// Returns the names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }

    /// Adds a name.
    pub fn push(&mut self, name: String) {
        let mut names = self.names().to_vec();
        names.push(name);
        *self = Self::Many(names);
    }
}

/// The mapping of the files of one name. Everything that it leaves open is recognised.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileMapping {
    /// Pattern of the name of the file, in which `*` is any text; blank for any file.
    pub name: String,
    /// Kind of the rows.
    pub kind: Option<Kind>,
    /// Columns by what they are: `user`, `item`, `time`, `type`, `rating`, `id`, `title`, ...
    pub map: BTreeMap<String, Columns>,
    /// Names of the columns of a file without a header.
    pub columns: Vec<String>,
    /// Text between two cells.
    pub separator: Option<String>,
    /// Encoding, such as `windows-1252`.
    pub encoding: Option<String>,
    /// Text between the names of a list in a cell; `|` by default.
    pub list_separator: Option<String>,
    /// Decimal point of the numbers, `.` or `,`; the other one then stands between thousands.
    pub decimal: Option<String>,
    /// Number of lines before the header, which are not read.
    pub skip_lines: usize,
    /// Zone of the times that name none.
    #[serde(deserialize_with = "parsed")]
    pub time_zone: Option<Zone>,
    /// Form of the times.
    #[serde(deserialize_with = "parsed")]
    pub time_format: Option<TimeFormat>,
    /// Scale of the ratings.
    #[serde(deserialize_with = "parsed")]
    pub rating_scale: Option<Scale>,
    /// Interaction type of rows whose rating is 0, where that means not rated.
    pub unrated: Option<String>,
    /// Interaction types by the names of events.
    pub types: BTreeMap<String, String>,
    /// Interaction type of rows that name none.
    #[serde(rename = "type")]
    pub interaction_type: Option<String>,
    /// Names of the events that have a count; all of them by default.
    pub counted: Vec<String>,
    /// Columns that are neither read nor kept.
    pub leave_out: Vec<String>,
    /// Columns, or names of properties, that become attributes of a resource; all unknown ones by
    /// default.
    pub attributes: Option<Vec<String>>,
    /// Columns that are 1 or 0, whose names are subjects where they are 1.
    pub flags: Vec<String>,
    /// Values that mean that there is none.
    pub blank: Vec<String>,
    /// True if titles end with the year of publication, as in `Toy Story (1995)`.
    pub year_in_title: bool,
}

fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err = String>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

/// The mapping of the files of a data set: the table `[[file]]` of a mapping file, once per file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Mappings of files; the first whose name fits is used.
    #[serde(default)]
    pub file: Vec<FileMapping>,
}

impl FromStr for Mapping {
    type Err = String;

    /// Reads a mapping file in TOML.
    fn from_str(text: &str) -> Result<Self, String> {
        let mapping: Self = toml_edit::de::from_str(text).map_err(|error| error.message().to_owned())?;
        for role in mapping.file.iter().flat_map(|file| file.map.keys()) {
            FileMapping::check_role(role).map_err(|reason| format!("map: {reason}"))?;
        }
        Ok(mapping)
    }
}

impl Mapping {
    /// Returns the mapping of a file by its name.
    #[must_use]
    pub fn of(&self, file_name: &str) -> Option<&FileMapping> {
        self.file.iter().find(|file| file.fits(file_name))
    }
}

impl FileMapping {
    /// Returns true if the mapping is for files of this name, compressed or not.
    #[must_use]
    pub fn fits(&self, file_name: &str) -> bool {
        let plain =
            [".gz", ".zst", ".zip"].iter().find_map(|end| file_name.strip_suffix(end)).unwrap_or(file_name);
        self.name.is_empty() || matches(&self.name, plain) || matches(&self.name, file_name)
    }

    /// Checks the name of a role, such as `user`.
    ///
    /// # Errors
    /// Returns the names that there are.
    pub fn check_role(name: &str) -> Result<(), String> {
        name.parse::<Role>().map(|_| ())
    }

    /// Takes over what `other` says and this mapping leaves open.
    #[must_use]
    pub fn or(mut self, other: &Self) -> Self {
        for (role, columns) in &other.map {
            self.map.entry(role.clone()).or_insert_with(|| columns.clone());
        }
        for (name, kind) in &other.types {
            self.types.entry(name.clone()).or_insert_with(|| kind.clone());
        }
        for (mine, theirs) in [
            (&mut self.columns, &other.columns),
            (&mut self.leave_out, &other.leave_out),
            (&mut self.counted, &other.counted),
            (&mut self.flags, &other.flags),
            (&mut self.blank, &other.blank),
        ] {
            if mine.is_empty() {
                mine.clone_from(theirs);
            }
        }
        for (mine, theirs) in [
            (&mut self.separator, &other.separator),
            (&mut self.encoding, &other.encoding),
            (&mut self.list_separator, &other.list_separator),
            (&mut self.decimal, &other.decimal),
            (&mut self.unrated, &other.unrated),
            (&mut self.interaction_type, &other.interaction_type),
        ] {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        }
        self.kind = self.kind.or(other.kind);
        if self.skip_lines == 0 {
            self.skip_lines = other.skip_lines;
        }
        self.time_zone = self.time_zone.or(other.time_zone);
        self.time_format = self.time_format.or_else(|| other.time_format.clone());
        self.rating_scale = self.rating_scale.or(other.rating_scale);
        self.attributes = self.attributes.or_else(|| other.attributes.clone());
        self.year_in_title |= other.year_in_title;
        self
    }
}

/// Returns true if a name fits a pattern in which `*` is any text.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            name.char_indices()
                .map(|(at, _)| at)
                .chain([name.len()])
                .any(|at| name.get(at..).is_some_and(|end| matches(rest, end)))
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_file_names_files_by_patterns() {
        let text = r#"
            [[file]]
            name = "events*.csv"
            kind = "interactions"
            map = { user = "visitorid", item = ["itemid", "sku"] }
            types = { transaction = "export" }
            time_zone = "Europe/Berlin"
            rating_scale = "1..10"

            [[file]]
            separator = ";"
        "#;
        let mapping: Mapping = text.parse().unwrap();
        for name in ["events.csv", "events-2.csv.gz"] {
            assert_eq!(mapping.of(name).unwrap().kind, Some(Kind::Interactions), "{name}");
        }
        assert_eq!(mapping.of("items.csv").unwrap().separator.as_deref(), Some(";"));
        for (wrong, reason) in [
            ("[[file]]\ntime_zone = \"Berlin\"", "time zone: expected an offset"),
            ("[[file]]\nmaps = {}", "unknown field"),
            ("[[file]]\nkind = \"users\"", "unknown variant"),
        ] {
            let said = wrong.parse::<Mapping>().unwrap_err();
            assert!(said.contains(reason), "{said}");
        }
    }

    #[test]
    fn stars_of_a_pattern_are_any_text() {
        for (pattern, name, fits) in [
            ("u.data", "u.data", true),
            ("u.data", "u.dat", false),
            ("*.inter", "ml-100k.inter", true),
            ("meta_*.json*", "meta_Books.jsonl", true),
            ("meta_*.json*", "Books.jsonl", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
