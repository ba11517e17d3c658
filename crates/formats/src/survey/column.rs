use std::collections::BTreeMap;

use docent_rows::{Cell, Place, Row};
use serde_json::Value;

use crate::{
    mapping::{FileMapping, Kind, OPINIONS, Role, normal, roles},
    values::{
        happened, is_missing,
        number::{Written, has_thousands, written},
        rating::{fraction, marked},
        rating_column::RatingColumn,
        scalar,
        time::TimeColumn,
    },
};

/// Maximum number of columns that are counted apart.
const MAX_COLUMNS: usize = 1_000;
/// Maximum number of names of events that are counted.
const MAX_EVENTS: usize = 200;

/// Texts that may stand between the names of a list in a cell, the likeliest first.
pub(super) const SEPARATORS: [&str; 4] = ["|", ";", ",", " "];

/// The values of one column.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    /// Position, in a table of cells.
    pub position: usize,
    pub filled: u64,
    /// Numbers as programs write them, so that 007 is none.
    pub numbers: u64,
    pub range: Option<(f64, f64)>,
    /// Numbers with a decimal comma.
    pub commas: u64,
    /// Numbers with commas between thousands.
    pub thousands: u64,
    /// Whole numbers that are written as `3.0`.
    pub floats: u64,
    /// The first number such as 9.78014E+12, of which digits are lost.
    pub rounded: Option<String>,
    pub flags: u64,
    /// Values that say whether something happened, or how often, and those of them that say it did.
    happenings: u64,
    pub happened: u64,
    /// Cells that have each of [`SEPARATORS`].
    pub separators: [u64; 4],
    /// Lists and objects, and lists alone.
    pub lists: u64,
    pub arrays: u64,
    pub first: String,
    pub times: TimeColumn,
    pub ratings: RatingColumn,
    /// Number of each event.
    pub events: BTreeMap<String, u64>,
    wants: Wants,
}

/// The roles that a column may have, so that only such values are parsed.
#[derive(Debug, Clone, Copy, Default)]
struct Wants {
    times: bool,
    ratings: bool,
    events: bool,
    lists: bool,
}

/// The columns of one kind of rows.
pub(super) struct Table {
    pub mapping: FileMapping,
    pub rows: u64,
    cells: Vec<(String, Column)>,
    objects: BTreeMap<String, Column>,
    /// Nested columns of objects that the mapping names.
    nested: Vec<(String, Vec<String>)>,
}

impl Table {
    pub fn new(mapping: &FileMapping) -> Self {
        let names = mapping.map.values().flat_map(|columns| columns.names());
        let nested = names.filter(|name| name.contains('.')).map(|name| (name.clone(), path(name)));
        Self {
            mapping: mapping.clone(),
            rows: 0,
            cells: Vec::new(),
            objects: BTreeMap::new(),
            nested: nested.collect(),
        }
    }

    pub fn emptied(&self) -> Self {
        Self::new(&self.mapping)
    }

    /// Sets the columns of a file that has them before its rows.
    pub fn with_columns(&mut self, columns: &[(String, Place)]) {
        for (name, place) in columns {
            let mut column = Column { wants: wants(name, &self.mapping), ..Column::default() };
            match place {
                Place::At(position) => {
                    column.position = *position;
                    self.cells.push((name.clone(), column));
                }
                Place::Path(_) => {
                    self.objects.insert(name.clone(), column);
                }
            }
        }
    }

    pub fn add(&mut self, line: u64, row: Row<'_>) {
        self.rows += 1;
        match row {
            Row::Cells(_) => {
                for (_, column) in &mut self.cells {
                    if let Some(cell) = row.get(&Place::At(column.position)) {
                        column.add(line, cell);
                    }
                }
            }
            Row::Object(object) => {
                for (name, value) in object {
                    if let Some(cell) = docent_rows::cell_of(value) {
                        self.add_named(line, name, cell);
                    }
                }
                for (name, path) in std::mem::take(&mut self.nested) {
                    if let Some(cell) = row.get(&Place::Path(path.clone())) {
                        self.add_named(line, &name, cell);
                    }
                    self.nested.push((name, path));
                }
            }
        }
    }

    fn add_named(&mut self, line: u64, name: &str, cell: Cell<'_>) {
        if let Some(column) = self.objects.get_mut(name) {
            column.add(line, cell);
        } else if self.objects.len() < MAX_COLUMNS {
            let mut column = Column { wants: wants(name, &self.mapping), ..Column::default() };
            column.add(line, cell);
            self.objects.insert(name.to_owned(), column);
        }
    }

    /// Returns the names and the places of the columns.
    pub fn columns(&self) -> Vec<(String, Place)> {
        let cells = self.cells.iter().map(|(name, column)| (name.clone(), Place::At(column.position)));
        let objects = self.objects.keys().map(|name| {
            let is_nested = self.nested.iter().any(|(nested, _)| nested == name);
            (name.clone(), Place::Path(if is_nested { path(name) } else { vec![name.clone()] }))
        });
        cells.chain(objects).collect()
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        let of_cells = self.cells.iter().find(|(column, _)| column == name).map(|(_, column)| column);
        of_cells.or_else(|| self.objects.get(name))
    }
}

fn path(name: &str) -> Vec<String> {
    name.split('.').map(str::to_owned).collect()
}

fn wants(name: &str, mapping: &FileMapping) -> Wants {
    Wants {
        times: may_be(name, Role::Time, mapping) || may_be(name, Role::PublishedAt, mapping),
        ratings: may_be(name, Role::Rating, mapping) || OPINIONS.contains(&normal(name).as_str()),
        events: may_be(name, Role::Type, mapping),
        lists: may_be(name, Role::Subjects, mapping) || may_be(name, Role::Item, mapping),
    }
}

/// Returns true if a column is mapped to a role, or has a name that is common for it.
fn may_be(name: &str, role: Role, mapping: &FileMapping) -> bool {
    let normal = normal(name);
    let mapped = mapping.map.get(&role.to_string());
    let mut kinds = [Kind::Interactions, Kind::Resources].into_iter().flat_map(roles);
    mapped.is_some_and(|columns| columns.names().iter().any(|column| column == name))
        || kinds.any(|(other, names)| *other == role && names.split_whitespace().any(|name| name == normal))
}

impl Column {
    fn add(&mut self, line: u64, cell: Cell<'_>) {
        let Some(text) = scalar(cell) else {
            self.filled += 1;
            self.lists += 1;
            self.arrays += u64::from(matches!(cell, Cell::Json(Value::Array(_))));
            return;
        };
        let text = text.trim();
        if is_missing(text) {
            return;
        }
        if self.filled == 0 {
            self.first = text.chars().take(40).collect();
        }
        self.filled += 1;
        if matches!(text, "true" | "false" | "True" | "False" | "TRUE" | "FALSE") {
            self.flags += 1;
        }
        if let Some(times) = happened(text) {
            self.happenings += 1;
            self.happened += u64::from(times > 0.0);
        }
        if self.wants.lists {
            for (separator, n) in SEPARATORS.iter().zip(&mut self.separators) {
                *n += u64::from(text.contains(separator));
            }
        }
        if text.len() <= 32 && text.starts_with(|c: char| c.is_ascii_digit() || "+-.,".contains(c)) {
            if self.rounded.is_none() && is_rounded(text) {
                self.rounded = Some(text.to_owned());
            }
            match written(text) {
                Some(Written::Plain(number)) => {
                    self.numbers += u64::from(is_canonical(text));
                    self.floats += u64::from(text.ends_with(".0"));
                    self.thousands += u64::from(has_thousands(text));
                    self.number(line, number);
                }
                Some(Written::Comma(number)) => {
                    self.commas += 1;
                    self.number(line, number);
                }
                // Counts as decimal; without other decimal commas the value is refused later.
                Some(Written::Either { decimal, .. }) => self.number(line, decimal),
                None => {}
            }
        }
        if self.wants.ratings
            && let Some(rating) = fraction(text).or_else(|| marked(text))
        {
            self.ratings.add(line, rating);
        }
        if self.wants.times {
            self.times.add(line, text);
        }
        if self.wants.events && (self.events.len() < MAX_EVENTS || self.events.contains_key(text)) {
            *self.events.entry(text.to_owned()).or_default() += 1;
        }
    }

    fn number(&mut self, line: u64, number: f64) {
        let (min, max) = self.range.unwrap_or((number, number));
        self.range = Some((min.min(number), max.max(number)));
        if self.wants.ratings {
            self.ratings.add(line, number);
        }
    }

    /// Returns true if all values are numbers.
    pub fn is_numeric(&self) -> bool {
        self.filled > 0 && self.numbers == self.filled
    }

    /// Returns true if all values are numbers, some of them with decimal commas.
    pub fn has_decimal_commas(&self) -> bool {
        self.commas > 0 && self.numbers + self.commas == self.filled
    }

    /// Returns true if all values are true or false.
    pub fn is_flag(&self) -> bool {
        self.filled > 0 && self.flags == self.filled
    }

    /// Returns true if all values say whether something happened, or how often, and it did.
    pub fn is_of_happenings(&self) -> bool {
        self.happened > 0 && self.happenings == self.filled
    }

    /// Describes type and range.
    pub fn described(&self) -> String {
        match self.range {
            _ if self.filled == 0 => "empty".to_owned(),
            _ if self.is_flag() => "true or false".to_owned(),
            _ if self.lists * 2 > self.filled => "lists or objects".to_owned(),
            Some((min, max)) if self.is_numeric() && min == max => format!("the number {min}"),
            Some((min, max)) if self.is_numeric() => format!("numbers from {min} to {max}"),
            Some((min, max)) if self.commas > 0 => format!("numbers with decimal commas from {min} to {max}"),
            _ => format!("text such as \"{}\"", self.first),
        }
    }
}

/// Returns true for a whole number that is written as 9.78014E+12 or 1e+05.
fn is_rounded(text: &str) -> bool {
    let Some((digits, exponent)) = text.split_once(['e', 'E']) else { return false };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let exponent = exponent.strip_prefix('+').unwrap_or_default();
    is_digits(whole) && whole.len() == 1 && is_digits(fraction) && is_digits(exponent)
}

/// Returns true for a number that is written as programs do: 007 and +5 are names.
fn is_canonical(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    !is_padded && digits.starts_with(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_ok()
}
