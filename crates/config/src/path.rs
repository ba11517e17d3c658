//! Paths of keys: names of tables and keys joined by dots.

use figment::value::{Dict, Value};

/// Appends a name to the path of a table; the root has an empty path.
pub(crate) fn join(table: &str, name: &str) -> String {
    if table.is_empty() { name.to_owned() } else { format!("{table}.{name}") }
}

/// Splits a path into the path of its table and its last name.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

/// Removes and returns the value at a path.
pub(crate) fn remove(dict: &mut Dict, path: &str) -> Option<Value> {
    match path.split_once('.') {
        None => dict.remove(path),
        Some((first, rest)) => match dict.get_mut(first) {
            Some(Value::Dict(_, inner)) => remove(inner, rest),
            _ => None,
        },
    }
}

/// Inserts a value at a path, making the tables on the way. Returns false if one of them exists and
/// is no table.
pub(crate) fn insert(dict: &mut Dict, path: &str, value: Value) -> bool {
    match path.split_once('.') {
        None => {
            dict.insert(path.to_owned(), value);
            true
        }
        Some((first, rest)) => {
            let table = dict.entry(first.to_owned()).or_insert_with(|| Dict::new().into());
            match table {
                Value::Dict(_, inner) => insert(inner, rest, value),
                _ => false,
            }
        }
    }
}

/// Returns the value at a path.
pub(crate) fn get<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, name| match value {
        Value::Dict(_, dict) => dict.get(name),
        _ => None,
    })
}
