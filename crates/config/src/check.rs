//! Checks values against the schema: keys, types and ranges.

use figment::value::{Dict, Num, Value};

use crate::{ConfigError, Origin, nearest::nearest, path, schema::Node, secret};

/// A key or a value that the schema does not allow.
#[derive(Debug)]
pub(crate) enum Problem {
    UnknownKey { key: String },
    Value { key: String, expected: String, got: String },
}

impl Problem {
    /// Returns the error, with the source of the key.
    pub(crate) fn at(self, origin_of: impl Fn(&str) -> Option<Origin>) -> ConfigError {
        match self {
            Self::UnknownKey { key } => {
                ConfigError::UnknownKey { origin: origin_of(&key), nearest: nearest(&key), key }
            }
            Self::Value { key, expected, got } => {
                ConfigError::Invalid { origin: origin_of(&key), key, expected, got }
            }
        }
    }
}

/// Checks the whole configuration and returns the first problem.
pub(crate) fn check(root: Node<'_>, value: &Value) -> Result<(), Problem> {
    check_value(root, value, "")
}

fn check_value(node: Node<'_>, value: &Value, key: &str) -> Result<(), Problem> {
    match value {
        // A setting that is not set.
        Value::Empty(..) => Ok(()),
        Value::Dict(_, dict) => check_table(node, value, dict, key),
        Value::Array(_, elements) => match node.items() {
            Some(items) => check_array(node, items, value, elements, key),
            None => Err(wrong(node, value, key)),
        },
        _ if is_allowed(node, value) => Ok(()),
        _ => Err(wrong(node, value, key)),
    }
}

fn check_table(node: Node<'_>, value: &Value, dict: &Dict, key: &str) -> Result<(), Problem> {
    let Some(table) = node.selected(dict) else {
        let tagged = node.tagged();
        let Some((tag, _)) = tagged.iter().find_map(|node| node.tag()) else {
            return Err(wrong(node, value, key));
        };
        let choices: Vec<&str> = tagged.iter().filter_map(|node| Some(node.tag()?.1)).collect();
        let got = dict.get(tag).map_or_else(|| "nothing".to_owned(), shown);
        return Err(Problem::Value { key: path::join(key, tag), expected: one_of(&choices), got });
    };
    if !table.is("object") {
        return Err(wrong(node, value, key));
    }
    for (name, value) in dict {
        let inner_key = path::join(key, name);
        match table.property(name).or_else(|| table.values()) {
            Some(inner) => check_value(inner, value, &inner_key)?,
            None => return Err(Problem::UnknownKey { key: inner_key }),
        }
    }
    match table.required().find(|name| !dict.contains_key(*name)) {
        None => Ok(()),
        Some(name) => {
            let expected = table.property(name).map_or_else(|| "a value".to_owned(), expected);
            Err(Problem::Value { key: path::join(key, name), expected, got: "nothing".to_owned() })
        }
    }
}

fn check_array(
    node: Node<'_>,
    items: Node<'_>,
    value: &Value,
    elements: &[Value],
    key: &str,
) -> Result<(), Problem> {
    if node.bound("minItems").is_some_and(|min| (elements.len() as f64) < min) {
        return Err(wrong(node, value, key));
    }
    for (index, element) in elements.iter().enumerate() {
        check_value(items, element, &format!("{key}[{index}]"))?;
    }
    Ok(())
}

fn is_allowed(node: Node<'_>, value: &Value) -> bool {
    if let Some(choices) = node.choices() {
        return matches!(value, Value::String(_, text) if choices.contains(&text.as_str()));
    }
    let alternatives = node.alternatives();
    if !alternatives.is_empty() {
        return alternatives.into_iter().any(|node| is_allowed(node, value));
    }
    match value {
        Value::String(..) | Value::Char(..) => node.is("string"),
        Value::Bool(..) => node.is("boolean"),
        Value::Num(_, number) => {
            let is_integer = !matches!(number, Num::F32(_) | Num::F64(_));
            (node.is("number") || (is_integer && node.is("integer"))) && is_in_range(node, as_f64(*number))
        }
        _ => false,
    }
}

fn is_in_range(node: Node<'_>, number: f64) -> bool {
    number.is_finite()
        && node.bound("minimum").is_none_or(|min| number >= min)
        && node.bound("maximum").is_none_or(|max| number <= max)
        && node.bound("exclusiveMinimum").is_none_or(|min| number > min)
        && node.bound("exclusiveMaximum").is_none_or(|max| number < max)
}

fn as_f64(number: Num) -> f64 {
    match number {
        Num::F32(single) => f64::from(single),
        Num::F64(double) => double,
        other => other
            .to_i128()
            .map(|n| n as f64)
            .or_else(|| other.to_u128().map(|n| n as f64))
            .unwrap_or(f64::NAN),
    }
}

fn wrong(node: Node<'_>, value: &Value, key: &str) -> Problem {
    let got = if secret::is_secret(key) { kind(value).to_owned() } else { shown(value) };
    Problem::Value { key: key.to_owned(), expected: expected(node), got }
}

/// Describes the values that a node allows.
pub(crate) fn expected(node: Node<'_>) -> String {
    if let Some(choices) = node.choices() {
        return one_of(&choices);
    }
    let alternatives = node.alternatives();
    if !alternatives.is_empty() {
        return alternatives.into_iter().map(expected).collect::<Vec<_>>().join(" or ");
    }
    let range = range(node).map_or_else(String::new, |range| format!(" {range}"));
    if node.is("integer") {
        format!("an integer{range}")
    } else if node.is("number") {
        format!("a number{range}")
    } else if node.is("boolean") {
        "true or false".to_owned()
    } else if node.is("string") {
        "a string".to_owned()
    } else if node.is("array") {
        match node.bound("minItems") {
            Some(min) => format!("an array of at least {min} elements"),
            None => "an array".to_owned(),
        }
    } else {
        "a table".to_owned()
    }
}

/// Describes the range of a number: `from 1 to 4096`, `above 0`, ...
pub(crate) fn range(node: Node<'_>) -> Option<String> {
    let bounds = ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"].map(|name| node.bound(name));
    Some(match bounds {
        [Some(min), None, Some(max), None] => format!("from {min} to {max}"),
        [Some(min), None, None, Some(max)] => format!("of at least {min} and below {max}"),
        [None, Some(min), Some(max), None] => format!("above {min} and at most {max}"),
        [None, Some(min), None, Some(max)] => format!("above {min} and below {max}"),
        [Some(min), None, None, None] => format!("of at least {min}"),
        [None, Some(min), None, None] => format!("above {min}"),
        [None, None, Some(max), None] => format!("of at most {max}"),
        [None, None, None, Some(max)] => format!("below {max}"),
        _ => return None,
    })
}

fn one_of(choices: &[&str]) -> String {
    let quoted: Vec<String> = choices.iter().map(|choice| format!("\"{choice}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// Shows a value in an error, without passwords.
fn shown(value: &Value) -> String {
    match value {
        Value::String(_, text) => secret::redacted(&format!("\"{text}\"")),
        Value::Char(_, text) => format!("\"{text}\""),
        Value::Bool(_, bool) => bool.to_string(),
        Value::Num(_, number) => crate::report::number(*number),
        other => kind(other).to_owned(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(..) | Value::Char(..) => "a string",
        Value::Bool(..) => "true or false",
        Value::Num(..) => "a number",
        Value::Empty(..) => "nothing",
        Value::Dict(..) => "a table",
        Value::Array(_, elements) if elements.is_empty() => "an empty array",
        Value::Array(..) => "an array",
    }
}
