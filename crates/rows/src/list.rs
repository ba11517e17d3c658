//! Lists of names or ids in one cell.

use serde_json::Value;

use crate::{Cell, cell_of, literal, scalar};

/// Separator of the texts in a cell, where no other is stated.
const SEPARATOR: &str = "|";

/// Returns the texts of a cell, without blanks and without repeats. A text is split at the
/// separator, `|` for `None`, unless a backslash stands before it, or is a list such as
/// `['tea', 'china']`. An object in a list has its text under one of `keys`, the first that it has.
#[must_use]
pub fn texts(cell: Cell<'_>, separator: Option<&str>, keys: &[&str]) -> Vec<String> {
    let separator = separator.unwrap_or(SEPARATOR);
    let mut names = Vec::new();
    match cell {
        Cell::Text(text) => match (list(text.trim()), array(text.trim())) {
            (Some(list), _) => collect(&list, keys, &mut names),
            (None, Some(array)) => names = array,
            (None, None) => split(text.trim(), separator, &mut names),
        },
        Cell::Json(value) => collect(value, keys, &mut names),
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| !name.is_empty() && seen.insert(name.clone()));
    names
}

/// Returns the list that a text is as scripts write it: `['tea', 'china']`, or `c("tea", "china")`
/// of R.
fn list(text: &str) -> Option<Value> {
    match text.strip_prefix("c(").and_then(|text| text.strip_suffix(')')) {
        Some(inside) => literal(&format!("[{inside}]")),
        None if text.starts_with('[') && text.ends_with(']') => literal(text),
        None => None,
    }
}

/// Returns the elements of an array of PostgreSQL, such as `{tea,"green china"}`; `None` for an
/// object.
fn array(text: &str) -> Option<Vec<String>> {
    let inside = text.strip_prefix('{')?.strip_suffix('}')?;
    if literal(text).is_some_and(|value| value.is_object()) && !inside.is_empty() {
        return None;
    }
    let (mut elements, mut element, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut rest = inside.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => element.extend(rest.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => elements.push(std::mem::take(&mut element)),
            c => element.push(c),
        }
    }
    elements.push(element);
    Some(elements)
}

/// Adds the texts of a value, whatever their depth. An object in a list has its text under one of
/// `keys`, the first that it has.
fn collect(value: &Value, keys: &[&str], names: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| collect(value, keys, names)),
        Value::Object(object) => {
            names.extend(text(value).or_else(|| keys.iter().find_map(|key| text(object.get(*key)?))));
        }
        other => names.extend(text(other)),
    }
}

fn text(value: &Value) -> Option<String> {
    cell_of(value).and_then(scalar).map(|text| text.trim().to_owned())
}

fn split(text: &str, separator: &str, names: &mut Vec<String>) {
    let mut name = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '\\' && rest.get(1..).is_some_and(|rest| rest.starts_with(separator)) {
            name += separator;
            rest = rest.get(1 + separator.len()..).unwrap_or_default();
        } else if let Some(after) = rest.strip_prefix(separator) {
            names.push(std::mem::take(&mut name).trim().to_owned());
            rest = after;
        } else {
            name.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    names.push(name.trim().to_owned());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_split_at_the_separator_or_are_a_list() {
        for (text, separator, expected) in [
            ("tea| |china |tea", None, vec!["tea", "china"]),
            ("Action/Adventure|Sci\\|Fi", None, vec!["Action/Adventure", "Sci|Fi"]),
            ("Ann, Bo", Some(", "), vec!["Ann", "Bo"]),
            ("['tea', \"Bo's\"]", None, vec!["tea", "Bo's"]),
            ("[tea", None, vec!["[tea"]),
            ("c(\"tea\", \"china\")", None, vec!["tea", "china"]),
            ("{tea,\"green china\"}", None, vec!["tea", "green china"]),
            ("{\"tea, \\\"green\\\"\",007}", None, vec!["tea, \"green\"", "007"]),
            ("{\"Dune: Part Two\",scifi}", None, vec!["Dune: Part Two", "scifi"]),
            ("", None, vec![]),
        ] {
            assert_eq!(texts(Cell::Text(text), separator, &[]), expected, "{text}");
        }
        let nested = json!([["Books", "Tea"], [{"name": "China"}, 7]]);
        assert_eq!(texts(Cell::Json(&nested), None, &["name"]), ["Books", "Tea", "China", "7"]);
        let basket = json!([{"id": 7, "name": "Mug"}, {"$oid": "a"}, {"product_id": "x", "quantity": 2}]);
        assert_eq!(texts(Cell::Json(&basket), None, &["id", "product_id"]), ["7", "a", "x"]);
    }
}
