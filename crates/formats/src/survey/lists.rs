//! The texts between the names of a list in a cell.

use super::column::{Column, SEPARATORS, Table};
use crate::mapping::{Fields, FileMapping, Role, normal};

/// Names of columns that hold several resources in a cell.
const LISTS: [&str; 5] = ["items", "item_ids", "resource_ids", "product_ids", "products"];

/// Returns the text between the ids where each row holds a user and a list of resources.
pub(super) fn item_separator(
    fields: &Fields,
    table: &Table,
    mapping: &FileMapping,
    notes: &mut Vec<String>,
) -> Option<String> {
    let name = fields.name(Role::Item);
    let column = table.column(name).filter(|_| fields.has(Role::User))?;
    let is_list = column.arrays * 2 > column.filled
        || LISTS.contains(&normal(name).as_str())
        || column.first.starts_with('[') && column.first.contains(',');
    if !is_list {
        return None;
    }
    // Names of resources may have blanks.
    let guessed = most(column, &["|", ";", ","]).or_else(|| most(column, &[" "])).unwrap_or("|");
    let separator = mapping.list_separator.clone().unwrap_or_else(|| guessed.to_owned());
    let between = if column.arrays * 2 > column.filled {
        String::new()
    } else {
        format!(", with \"{separator}\" between them")
    };
    notes.push(format!(
        "column \"{name}\" holds a list of resources in each cell{between}: each is an interaction"
    ));
    Some(separator)
}

/// Names of columns that hold one name, which may have commas.
const SINGLE: [&str; 3] = ["category", "class", "subject"];

/// Returns the text between the subjects of a cell, unless the caller says it: `;`, or `,`, if
/// at least half of the cells have it, and none has a `|`, nor a `;` beside `,`; `None` means `|`.
/// Several columns of subjects are not guessed at.
pub(super) fn subject_separator(
    fields: &Fields,
    table: &Table,
    mapping: &FileMapping,
    notes: &mut Vec<String>,
) -> Option<String> {
    if mapping.list_separator.is_some() {
        return None;
    }
    let [(name, _)] = fields.columns(Role::Subjects) else { return None };
    let column = table.column(name)?;
    let separator = ["|", ";", ","].into_iter().find(|separator| count(column, separator) > 0)?;
    let is_single = separator == "," && SINGLE.contains(&normal(name).as_str());
    if separator == "|" || is_single || count(column, separator) * 2 < column.filled {
        return None;
    }
    notes.push(format!(
        "column \"{name}\" holds lists with \"{separator}\" between the names; --list-separator says another"
    ));
    Some(separator.to_owned())
}

/// Returns the separator that most cells have, the first of several.
fn most<'a>(column: &Column, separators: &[&'a str]) -> Option<&'a str> {
    let found = separators.iter().copied().filter(|separator| count(column, separator) > 0);
    found.rev().max_by_key(|separator| count(column, separator))
}

fn count(column: &Column, separator: &str) -> u64 {
    let counts = SEPARATORS.iter().zip(column.separators);
    counts.filter(|(other, _)| **other == separator).map(|(_, n)| n).sum()
}
