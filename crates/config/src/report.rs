//! Values as text: for `docent-server config`, errors and the reference.

use std::fmt::Write;

use figment::value::{Num, Value};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::{Key, Loaded, Origin, key::keys, path, secret};

/// A key with its value and the source of the value. Passwords are hidden.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Setting {
    /// Key that the value belongs to.
    #[serde(flatten)]
    pub key: Key,
    /// Value; null if it is unset.
    pub value: Json,
    /// Source of the value.
    pub source: Origin,
    #[serde(skip)]
    text: Option<String>,
}

impl Loaded {
    /// Returns every key with its value, in the order of [`keys`]. Keys that do not apply, because
    /// they belong to another kind of embedder, are left out.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let applying = keys().into_iter().filter(|key| !key.is_in_array());
        applying.filter_map(|key| self.setting(key)).collect()
    }

    fn setting(&self, key: Key) -> Option<Setting> {
        let value = path::get(&self.values, &key.path);
        if key.only_if.as_deref().is_some_and(|condition| !self.is_met(&key.path, condition)) {
            return None;
        }
        let value = value.filter(|value| !matches!(value, Value::Empty(..)));
        let value = value.map(|value| secret::shown(&key.path, value));
        Some(Setting {
            value: value.as_ref().map_or(Json::Null, to_json),
            text: match &value {
                Some(value) => Some(inline(value)),
                // A default of a table that is not a default itself.
                None => key.default.clone(),
            },
            source: self.origin(&key.path),
            key,
        })
    }

    fn is_met(&self, key: &str, condition: &str) -> bool {
        let (table, _) = path::split(key);
        condition.split_once(" = ").is_some_and(|(name, expected)| {
            path::get(&self.values, &path::join(table, name)).map(inline).as_deref() == Some(expected)
        })
    }
}

/// Renders settings as TOML, each with its meaning, default and source in comments.
#[must_use]
pub fn to_toml(settings: &[Setting]) -> String {
    let mut out = String::new();
    for setting in settings {
        let Key { path, kind, range, default, meaning, .. } = &setting.key;
        for line in wrapped(meaning) {
            let _infallible = writeln!(out, "# {line}");
        }
        let range = range.as_ref().map_or_else(String::new, |range| format!(", {range}"));
        let default = default.as_deref().unwrap_or("unset");
        let _infallible = writeln!(out, "# Type: {kind}{range}. Default: {default}.");
        let _infallible = match &setting.text {
            Some(value) => writeln!(out, "{path} = {value}  # from: {}\n", setting.source),
            None => writeln!(out, "# {path} is unset\n"),
        };
    }
    out
}

/// Maximum width of a comment.
const WIDTH: usize = 98;

fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Renders a value as TOML in one line.
pub(crate) fn inline(value: &Value) -> String {
    match value {
        Value::String(_, text) => quoted(text),
        Value::Char(_, text) => quoted(&text.to_string()),
        Value::Bool(_, bool) => bool.to_string(),
        Value::Num(_, value) => number(*value),
        Value::Empty(..) => String::new(),
        Value::Array(_, elements) => {
            format!("[{}]", elements.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Value::Dict(_, dict) => {
            let pairs: Vec<String> = dict
                .iter()
                .filter(|(_, value)| !matches!(value, Value::Empty(..)))
                .map(|(name, value)| format!("{} = {}", bare_or_quoted(name), inline(value)))
                .collect();
            if pairs.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", pairs.join(", ")) }
        }
    }
}

/// Renders a number; floating-point numbers with the fewest digits that give the same value.
pub(crate) fn number(number: Num) -> String {
    match number {
        Num::F32(single) => format!("{single:?}"),
        Num::F64(double) => format!("{double:?}"),
        other => match (other.to_i128(), other.to_u128()) {
            (Some(signed), _) => signed.to_string(),
            (None, unsigned) => unsigned.map_or_else(String::new, |unsigned| unsigned.to_string()),
        },
    }
}

fn quoted(text: &str) -> String {
    // The escapes of JSON are those of TOML.
    Json::from(text).to_string()
}

fn bare_or_quoted(name: &str) -> String {
    let is_bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_bare { name.to_owned() } else { quoted(name) }
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::String(_, text) => text.as_str().into(),
        Value::Char(_, text) => text.to_string().into(),
        Value::Bool(_, bool) => (*bool).into(),
        // By way of the text, so that 0.1 with 32 bits is 0.1 with 64.
        Value::Num(_, value) => serde_json::from_str(&number(*value)).unwrap_or(Json::Null),
        Value::Empty(..) => Json::Null,
        Value::Array(_, elements) => elements.iter().map(to_json).collect(),
        Value::Dict(_, dict) => {
            let pairs = dict.iter().map(|(name, value)| (name.clone(), to_json(value)));
            json!(pairs.collect::<serde_json::Map<_, _>>())
        }
    }
}
