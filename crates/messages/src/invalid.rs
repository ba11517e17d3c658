use docent_domain::repeated_key;
use serde::de::DeserializeOwned;
use serde_json::{Value, error::Category};

use crate::Object;

/// JSON that is not the object that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidJson {
    /// An object has a key twice, so that it is open which value is meant.
    #[error("expected each key once in an object, got {0:?} twice")]
    RepeatedKey(String),
    /// The text is no JSON.
    #[error("expected JSON; line {line}, column {column}: {reason}")]
    Syntax {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
        /// Fault at this place.
        reason: String,
    },
    /// The JSON has another shape: a field is missing, unknown or of another type.
    #[error("{0}")]
    Shape(String),
}

/// Parses a JSON object.
///
/// # Errors
/// [`InvalidJson`] for anything but an object with the fields of `T`, each once.
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, InvalidJson> {
    if let Some(key) = repeated_key(json) {
        return Err(InvalidJson::RepeatedKey(key));
    }
    let error = match serde_json::from_slice(json) {
        Ok(Object(value)) => return Ok(value),
        Err(error) => error,
    };
    // The reader of a name stops at a number as if it were no value at all.
    let is_json = || serde_json::from_slice::<serde::de::IgnoredAny>(json).is_ok();
    if error.classify() != Category::Data && !is_json() {
        let (line, column) = (error.line(), error.column());
        return Err(InvalidJson::Syntax { line, column, reason: syntax(&error) });
    }
    // Only now, since it costs time to remember where one is.
    let found =
        serde_path_to_error::deserialize::<_, Object<T>>(&mut serde_json::Deserializer::from_slice(json));
    let path = found.err().map(|error| error.path().to_string()).unwrap_or_default();
    Err(InvalidJson::Shape(shape(&path, &message(&error))))
}

/// Reads a value that was parsed before.
///
/// # Errors
/// [`InvalidJson::Shape`] for a value without the fields of `T`.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, InvalidJson> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| InvalidJson::Shape(shape(&error.path().to_string(), &message(error.inner()))))
}

/// Returns the message of an error without its place.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message).to_owned()
}

fn syntax(error: &serde_json::Error) -> String {
    if error.classify() == Category::Eof {
        return "it ends too early".to_owned();
    }
    match message(error).as_str() {
        "expected value" => "expected a value".to_owned(),
        other => other.replace('`', "\""),
    }
}

/// Says what is wrong with the value at a path, in the words of JSON and not of a program.
fn shape(path: &str, message: &str) -> String {
    let path = if path == "." { "" } else { path };
    if let Some(field) = quoted(message, "missing field ") {
        let between = if path.is_empty() { "" } else { "." };
        return format!("{path}{between}{field} is missing");
    }
    let reason = if let Some((got, expected)) =
        parted(message, "invalid type: ").or_else(|| parted(message, "invalid value: "))
    {
        format!("expected {}, got {}", expected_type(expected), given(got))
    } else if let Some(name) = quoted(message, "unknown field ") {
        let others = names_of(message);
        // The path ends with the field itself.
        let place = path.strip_suffix(name).unwrap_or(path).trim_end_matches('.');
        return format!("{}unknown field {name:?}{others}", prefix(place));
    } else if let Some(name) = quoted(message, "unknown variant ") {
        format!("{name:?} is unknown{}", names_of(message))
    } else if message == "expected value" {
        "expected text".to_owned()
    } else {
        message.replace('`', "\"")
    };
    format!("{}{reason}", prefix(path))
}

fn prefix(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

/// Returns the name in backquotes after a beginning.
fn quoted<'a>(message: &'a str, beginning: &str) -> Option<&'a str> {
    message.strip_prefix(beginning)?.strip_prefix('`')?.split_once('`').map(|(name, _)| name)
}

/// Returns what was given and what was expected.
fn parted<'a>(message: &'a str, beginning: &str) -> Option<(&'a str, &'a str)> {
    message.strip_prefix(beginning)?.rsplit_once(", expected ")
}

/// Returns the names that would have been right, after those that were given.
fn names_of(message: &str) -> String {
    let names = message.split_once("`, expected ").map_or("", |(_, names)| names);
    let names = names.trim_start_matches("one of ").replace('`', "");
    if names.is_empty() { String::new() } else { format!("; expected one of {names}") }
}

fn expected_type(expected: &str) -> String {
    match expected {
        "f64" | "f32" => "a number".to_owned(),
        "u8" => format!("a whole number from 0 to {}", u8::MAX),
        "u16" => format!("a whole number from 0 to {}", u16::MAX),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "u64" | "usize" => "a whole number that is not negative".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "a string" | "a borrowed string" | "a character" => "text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        other if other.starts_with("struct ") => "an object".to_owned(),
        other => other.replace('`', "\""),
    }
}

fn given(got: &str) -> String {
    for (kind, name) in [
        ("string ", "the text "),
        ("integer ", "the number "),
        ("floating point ", "the number "),
        ("boolean ", ""),
    ] {
        if let Some(value) = got.strip_prefix(kind) {
            return format!("{name}{}", value.trim_matches('`'));
        }
    }
    match got {
        "map" => "an object".to_owned(),
        "sequence" => "a list".to_owned(),
        other => other.replace('`', "\""),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "read by the deserialiser alone")]
    struct Outer {
        name: String,
        #[serde(default)]
        items: Vec<Inner>,
        limit: Option<u32>,
        mode: Option<Mode>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "read by the deserialiser alone")]
    struct Inner {
        rating: f64,
        hidden: Option<bool>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        Fast,
        Slow,
    }

    #[test]
    fn errors_name_the_field_and_both_values_in_plain_words() {
        for (json, expected) in [
            (r#"{}"#, "name is missing"),
            (r#"{"name": 5}"#, "name: expected text, got the number 5"),
            (r#"{"name": null}"#, "name: expected text, got null"),
            (
                r#"{"name": "x", "items": [{"rating": 1}, {"rating": "5"}]}"#,
                "items[1].rating: expected a number, got the text \"5\"",
            ),
            (
                r#"{"name": "x", "items": [{"rating": 1, "hidden": 0}]}"#,
                "items[0].hidden: expected true or false, got the number 0",
            ),
            (r#"{"name": "x", "items": [{}]}"#, "items[0].rating is missing"),
            (r#"{"name": "x", "items": {}}"#, "items: expected a list, got an object"),
            (r#"{"name": "x", "items": [7]}"#, "items[0]: expected an object, got the number 7"),
            (
                r#"{"name": "x", "limit": -1}"#,
                "limit: expected a whole number from 0 to 4294967295, got the number -1",
            ),
            (
                r#"{"name": "x", "limit": 1.5}"#,
                "limit: expected a whole number from 0 to 4294967295, got the number 1.5",
            ),
            (r#"{"nam": "x"}"#, "unknown field \"nam\"; expected one of name, items, limit, mode"),
            (
                r#"{"name": "x", "items": [{"stars": 1}]}"#,
                "items[0]: unknown field \"stars\"; expected one of rating or hidden",
            ),
            (r#"{"name": "x", "mode": "quick"}"#, "mode: \"quick\" is unknown; expected one of fast or slow"),
            (r#"{"name": "x", "mode": 1}"#, "mode: expected text"),
            (r#"["x"]"#, "expected an object, got a list"),
            (r#"{"name": "x", "name": "y"}"#, "expected each key once in an object, got \"name\" twice"),
            ("", "expected JSON; line 1, column 0: it ends too early"),
            (r#"{"name": "#, "expected JSON; line 1, column 9: it ends too early"),
            ("name=x", "expected JSON; line 1, column 2: expected ident"),
            ("{\"name\": \"x\",\n}", "expected JSON; line 2, column 1: trailing comma"),
        ] {
            assert_eq!(parse::<Outer>(json.as_bytes()).unwrap_err().to_string(), expected, "{json}");
        }
    }
}
