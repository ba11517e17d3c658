use std::collections::BTreeMap;

use super::{
    FileMapping, Kind,
    names::{Role, normal, required, roles},
};
use docent_rows::{Cell, Place, Row};

use crate::values::{is_missing, shown};

/// The columns of one kind of rows, by what they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    by_role: BTreeMap<Role, Vec<(String, Place)>>,
    /// Flags: subjects by their columns.
    pub flags: Vec<(String, Place)>,
    /// Columns that are none of these.
    pub rest: Vec<(String, Place)>,
    /// Entries of the mapping, as `role=column`, whose column there is not.
    pub absent: Vec<String>,
}

impl Fields {
    /// Finds out what each column is: by the mapping, or by its name.
    ///
    /// # Errors
    /// Returns what is missing, and how to say it.
    pub fn find(kind: Kind, columns: &[(String, Place)], mapping: &FileMapping) -> Result<Self, String> {
        let mut fields = Self::default();
        let mut taken: Vec<&Place> = Vec::new();
        for (role, _) in roles(kind) {
            let names = mapped(kind, *role, mapping);
            for name in names {
                if let Some((column, place)) = columns.iter().find(|(column, _)| column == name) {
                    taken.push(place);
                    fields.by_role.entry(*role).or_default().push((column.clone(), place.clone()));
                }
            }
            if !names.is_empty() && !fields.by_role.contains_key(role) {
                fields.absent.push(format!("{role}={}", names.join(" or ")));
            }
        }
        let normal: Vec<(String, &(String, Place))> =
            columns.iter().map(|column| (normal(&column.0), column)).collect();
        // A header of our own with one other name is a mistake that is not guessed at.
        let ours = ["interaction_type", "resource_id", "user_id"]
            .map(|name| normal.iter().any(|(column, _)| column == name));
        let is_own = matches!(ours, [true, true, _] | [true, _, true]);
        for (role, names) in roles(kind) {
            if fields.by_role.contains_key(role) {
                continue;
            }
            let found = names
                .split_whitespace()
                .filter(|name| !(is_own && matches!(*name, "user" | "item")))
                .find_map(|name| {
                    normal.iter().find(|(column, (_, place))| column == name && !taken.contains(&place))
                });
            if let Some((_, (column, place))) = found
                && !mapping.leave_out.contains(column)
            {
                taken.push(place);
                fields.by_role.insert(*role, vec![(column.clone(), place.clone())]);
            }
        }
        for role in required(kind) {
            if !fields.by_role.contains_key(role) {
                return Err(missing(kind, *role, columns, &fields.absent));
            }
        }
        fields.sort_rest(columns, &taken.into_iter().cloned().collect::<Vec<_>>(), mapping);
        Ok(fields)
    }

    fn sort_rest(&mut self, columns: &[(String, Place)], taken: &[Place], mapping: &FileMapping) {
        for (name, place) in columns {
            if taken.contains(place) || mapping.leave_out.contains(name) || name.is_empty() {
                continue;
            }
            let column = (name.clone(), place.clone());
            if mapping.flags.contains(name) {
                self.flags.push(column);
            } else {
                self.rest.push(column);
            }
        }
    }

    /// Takes the columns whose names are wanted out of those that are nothing else.
    pub fn take_rest(&mut self, mut is_wanted: impl FnMut(&str) -> bool) -> Vec<(String, Place)> {
        self.rest.extract_if(.., |(name, _)| is_wanted(name)).collect()
    }

    /// Returns the column of this name, in the form of [`normal`], that is nothing else.
    pub fn rest_called(&self, name: &str) -> Option<String> {
        self.rest.iter().find(|(column, _)| normal(column) == name).map(|(column, _)| column.clone())
    }

    /// Gives a role to a column.
    pub fn set(&mut self, role: Role, name: String, place: Place) {
        self.by_role.insert(role, vec![(name, place)]);
    }

    /// Puts a column of dates before the column of times of day.
    pub fn join_date(&mut self) {
        const DATES: [&str; 5] = ["date", "day", "event_date", "order_date", "created_date"];
        let Some(place) = self.rest.iter().position(|(name, _)| DATES.contains(&normal(name).as_str()))
        else {
            return;
        };
        let date = self.rest.remove(place);
        self.by_role.entry(Role::Time).or_default().insert(0, date);
    }

    /// Returns the columns of a role.
    pub fn columns(&self, role: Role) -> &[(String, Place)] {
        self.by_role.get(&role).map_or(&[], Vec::as_slice)
    }

    pub fn has(&self, role: Role) -> bool {
        self.by_role.contains_key(&role)
    }

    /// Returns the name of the first column of a role, for messages.
    pub fn name(&self, role: Role) -> &str {
        self.columns(role).first().map_or("", |(name, _)| name)
    }

    /// Returns the first cell of a role that has a value.
    pub fn get<'a>(&self, role: Role, row: Row<'a>) -> Option<Cell<'a>> {
        self.all(role, row).next()
    }

    /// Returns all cells of a role that have a value. A word such as `NULL` in a table of cells is
    /// none, but a title may be one.
    pub fn all<'a>(&self, role: Role, row: Row<'a>) -> impl Iterator<Item = Cell<'a>> {
        let cells = self.columns(role).iter().filter_map(move |(_, place)| row.get(place));
        cells.filter(move |cell| role == Role::Title || !is_word_for_none(row, *cell))
    }

    /// Returns the reason why a role has no value in a row.
    pub fn nothing(&self, role: Role, row: Row<'_>, expected: &str) -> String {
        let name = self.name(role);
        match self.columns(role).iter().find_map(|(_, place)| row.get(place)) {
            Some(word) => format!("{name} holds {}, which means no value; expected {expected}", shown(word)),
            None => format!("{name} is empty; expected {expected}"),
        }
    }

    /// Returns the role of a column.
    pub fn role(&self, place: &Place) -> Option<Role> {
        let of_place =
            self.by_role.iter().find(|(_, columns)| columns.iter().any(|(_, other)| other == place));
        of_place.map(|(role, _)| *role)
    }
}

/// Returns true for a word that programs write into a table where there is no value. JSON has a
/// null of its own, so its texts are what they say.
fn is_word_for_none(row: Row<'_>, cell: Cell<'_>) -> bool {
    matches!((row, cell), (Row::Cells(_), Cell::Text(text)) if is_missing(text.trim()))
}

/// Returns the columns that a mapping names for a role. The id of a resource may be called `item`,
/// as it is in interactions.
fn mapped(kind: Kind, role: Role, mapping: &FileMapping) -> &[String] {
    let is_item = role == Role::Id && kind != Kind::Names;
    let columns = mapping.map.get(&role.to_string());
    let columns = columns.or_else(|| mapping.map.get("item").filter(|_| is_item));
    columns.map_or(&[], super::Columns::names)
}

fn there_are(columns: &[(String, Place)]) -> String {
    const SHOWN: usize = 20;
    let names: Vec<&str> = columns.iter().take(SHOWN).map(|(name, _)| name.as_str()).collect();
    let more = if columns.len() > SHOWN { ", ..." } else { "" };
    format!("the columns are {}{more}", names.join(", "))
}

fn missing(kind: Kind, role: Role, columns: &[(String, Place)], absent: &[String]) -> String {
    let names = roles(kind).iter().find(|(other, _)| *other == role).map_or("", |(_, names)| *names);
    let store = names.split_whitespace().next().unwrap_or_default();
    if let Some(absent) = absent.iter().find(|entry| entry.starts_with(&format!("{role}="))) {
        return format!("there is no column for {absent}; {}", there_are(columns));
    }
    let hint = if columns.len() == 1 {
        "; if the line holds several, say the text between them by --separator"
    } else {
        "; if the file has no header, name its columns by --columns"
    };
    format!(
        "a file of {kind} needs a column for {role}, such as {store}; {}. Say which it is by --map {role}=COLUMN{hint}",
        there_are(columns)
    )
}
