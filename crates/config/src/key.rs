use figment::value::Value;
use serde::Serialize;

use crate::{
    Config, check,
    path::{self, join},
    report,
    schema::{self, Node},
};

/// A setting: its key, and everything that its type says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Key {
    /// Names of the tables and of the key, joined by dots. `[]` marks an element of an array.
    #[serde(rename = "key")]
    pub path: String,
    /// Type of the value.
    #[serde(rename = "type")]
    pub kind: String,
    /// Valid values, if the type allows others.
    pub range: Option<String>,
    /// Default in TOML; `None` if the key is unset by default, or required.
    pub default: Option<String>,
    /// True if the table that has this key must have it.
    pub is_required: bool,
    /// Key and value that this key depends on: `kind = "http"`.
    pub only_if: Option<String>,
    /// Meaning, from the doc comment.
    pub meaning: String,
}

impl Key {
    /// Returns true for a key inside an element of an array, which has no value of its own.
    #[must_use]
    pub fn is_in_array(&self) -> bool {
        self.path.contains("[]")
    }
}

/// Lists all keys: those of a table before those of the tables in it, both in alphabetical order.
#[must_use]
pub fn keys() -> Vec<Key> {
    let defaults = Value::serialize(Config::default()).unwrap_or_else(|_| Value::from(false));
    let mut found = Vec::new();
    collect(schema::root(), "", None, &defaults, &mut found);
    found
}

/// Returns the meaning of a table, from its doc comment.
pub(crate) fn meaning_of_table(table: &str) -> String {
    schema::root().at(table).map_or_else(String::new, meaning)
}

fn collect(table: Node<'_>, name: &str, only_if: Option<&str>, defaults: &Value, found: &mut Vec<Key>) {
    let required: Vec<&str> = table.required().collect();
    let mut tables = Vec::new();
    for (key, node) in table.properties() {
        let path = join(name, key);
        let tagged = node.tagged();
        let alternatives = node.alternatives();
        let inner =
            alternatives.iter().copied().chain([node]).find(|node| node.properties().next().is_some());
        if !tagged.is_empty() {
            tables.push((path, None, tagged));
        } else if let Some(inner) = inner {
            tables.push((path, Some(inner), Vec::new()));
        } else if node.constant().is_none() {
            let mut key = describe(node, path.clone(), defaults, required.contains(&key));
            key.only_if = only_if.map(str::to_owned);
            found.push(key);
            if let Some(items) = node.items().filter(|items| items.properties().next().is_some()) {
                tables.push((format!("{path}[]"), Some(items), Vec::new()));
            }
        }
    }
    for (path, inner, tagged) in tables {
        match inner {
            Some(inner) => collect(inner, &path, None, defaults, found),
            None => collect_tagged(&tagged, &path, defaults, found),
        }
    }
}

/// Collects the keys of a table with a key that selects one of several sets of further keys.
fn collect_tagged(alternatives: &[Node<'_>], table: &str, defaults: &Value, found: &mut Vec<Key>) {
    let tags: Vec<(&str, &str, String)> = alternatives
        .iter()
        .filter_map(|node| node.tag().map(|(name, constant)| (name, constant, meaning(*node))))
        .collect();
    let Some((name, ..)) = tags.first() else { return };
    let path = join(table, name);
    let choices: Vec<String> = tags.iter().map(|(_, constant, _)| format!("\"{constant}\"")).collect();
    let meanings: Vec<String> =
        tags.iter().map(|(_, constant, meaning)| format!("`\"{constant}\"`: {meaning}")).collect();
    found.push(Key {
        default: path::get(defaults, &path).map(report::inline),
        path,
        kind: choices.join(", "),
        range: None,
        is_required: false,
        only_if: None,
        meaning: meanings.join(" "),
    });
    for node in alternatives {
        let only_if = node.tag().map(|(name, constant)| format!("{name} = \"{constant}\""));
        collect(*node, table, only_if.as_deref(), defaults, found);
    }
}

fn describe(node: Node<'_>, path: String, defaults: &Value, is_required: bool) -> Key {
    let default = match path::get(defaults, &path) {
        Some(Value::Empty(..)) => None,
        Some(value) => Some(report::inline(value)),
        None => node
            .default()
            .filter(|default| !default.is_null())
            .and_then(|default| Value::serialize(default).ok())
            .map(|value| report::inline(&value)),
    };
    Key {
        kind: kind(node),
        range: check::range(node).map(|range| range.trim_start_matches("of ").to_owned()),
        default,
        is_required,
        only_if: None,
        meaning: meaning(node),
        path,
    }
}

fn kind(node: Node<'_>) -> String {
    if let Some(choices) = node.choices() {
        return choices.iter().map(|choice| format!("\"{choice}\"")).collect::<Vec<_>>().join(", ");
    }
    let alternatives = node.alternatives();
    if !alternatives.is_empty() {
        return alternatives.into_iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    if let Some(values) = node.values() {
        let range = check::range(values).map_or_else(String::new, |range| format!(" {range}"));
        return format!("table of NAME = {}{range}", kind(values));
    }
    if let Some(items) = node.items() {
        return format!("array of {}s", kind(items));
    }
    let known = ["integer", "number", "boolean", "string"].into_iter().find(|kind| node.is(kind));
    known.unwrap_or("table").to_owned()
}

fn meaning(node: Node<'_>) -> String {
    let text = node.description().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let text = without_links(&text).replace("Default `None`: ", "If unset: ");
    let mut kept: Vec<String> =
        sentences(&text).filter(|sentence| !is_shown_elsewhere(sentence)).map(str::to_owned).collect();
    for alternative in node.alternatives() {
        if let (Some(value), Some(_)) = (alternative.constant(), alternative.description()) {
            kept.push(format!("`\"{value}\"`: {}", meaning(alternative)));
        }
    }
    kept.join(" ")
}

/// Splits a text after each full stop that ends a sentence.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(". ").map(str::trim)
}

/// Recognises sentences such as "Default 64." and "Required.", which other columns show.
fn is_shown_elsewhere(sentence: &str) -> bool {
    sentence == "Required." || (sentence.starts_with("Default ") && !sentence.contains(": "))
}

/// Replaces the links of a doc comment by their texts.
fn without_links(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("[`") {
        let (before, link) = rest.split_at(start);
        plain.push_str(before);
        let Some(end) = link.find("`]") else { break };
        plain.push_str(link.get(1..=end).unwrap_or_default());
        rest = link.get(end + 2..).unwrap_or_default();
        if let Some(target) = rest.strip_prefix('(') {
            rest = target.split_once(')').map_or("", |(_, after)| after);
        }
    }
    plain + rest
}
