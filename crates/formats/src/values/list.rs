use serde_json::Value;

use super::scalar;
use docent_rows::{Cell, cell_of, literal};

/// Separator of the names in a cell, where no other is stated.
pub(crate) const SEPARATOR: &str = "|";

/// Returns the names of a cell, without blanks and without repeats. A text is split at the
/// separator, unless a backslash stands before it, or is a list such as `['tea', 'china']`.
pub(crate) fn names(cell: Cell<'_>, separator: Option<&str>) -> Vec<String> {
    let mut names = Vec::new();
    match cell {
        Cell::Text(text) => {
            let text = text.trim();
            match (list(text), braced(text)) {
                (Some(list), _) => collect(&list, &mut names),
                (None, Some(inside)) => split(inside, ",", &mut names),
                (None, None) => split(text, separator.unwrap_or(SEPARATOR), &mut names),
            }
        }
        Cell::Json(Value::Array(list)) => list.iter().for_each(|value| collect(value, &mut names)),
        Cell::Json(other) => collect(other, &mut names),
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| !name.is_empty() && seen.insert(name.clone()));
    names
}

/// Returns the list that a text is as scripts write it: `['tea', 'china']`, `c("tea", "china")` of
/// R, or `{"tea",china}` of PostgreSQL with quotes throughout.
fn list(text: &str) -> Option<Value> {
    let of_r = text.strip_prefix("c(").and_then(|text| text.strip_suffix(')'));
    match of_r.or_else(|| braced(text)) {
        Some(inside) => literal(&format!("[{inside}]")),
        None if text.starts_with('[') && text.ends_with(']') => literal(text),
        None => None,
    }
}

/// Returns what stands between the braces of an array of PostgreSQL.
fn braced(text: &str) -> Option<&str> {
    text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).filter(|inside| !inside.contains(':'))
}

/// Adds the texts of a value, whatever their depth.
fn collect(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| collect(value, names)),
        Value::Object(object) => {
            // A list of objects, such as `[{"name": "tea"}]`.
            let name = object.get("name").or_else(|| object.get("title")).and_then(Value::as_str);
            names.extend(name.map(str::to_owned));
        }
        other => names.extend(cell_of(other).and_then(scalar).map(|text| text.trim().to_owned())),
    }
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
            ("{tea,green china}", None, vec!["tea", "green china"]),
            ("{\"tea, green\",\"china\"}", None, vec!["tea, green", "china"]),
            ("", None, vec![]),
        ] {
            assert_eq!(names(Cell::Text(text), separator), expected, "{text}");
        }
        let nested = json!([["Books", "Tea"], [{"name": "China"}, 7]]);
        assert_eq!(names(Cell::Json(&nested), None), ["Books", "Tea", "China", "7"]);
    }
}
