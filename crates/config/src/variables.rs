//! Environment variables: `DOCENT_ENGINE__EXPLORATION` is `exploration` in the table `engine`.

use figment::value::Value;

use crate::{ConfigError, Origin, loader::Layer, path, renamed, schema};

const PREFIX: &str = "DOCENT_";

/// Variables with a short name for a key in a table. They win over the long name.
const SHORT: [(&str, &str); 2] = [("database_url", "engine.database_url"), ("snapshots", "engine.snapshots")];

/// Variables that the programs read themselves.
const OTHERS: [&str; 4] = ["config", "log", "backups", "metrics_file"];

/// Start of the names of variables that only tests read.
const TEST_PREFIXES: [&str; 3] = ["test_", "failpoint", "faults_"];

/// Returns the variables of this process that start with `DOCENT_`.
pub(crate) fn of_process() -> Vec<(String, Result<String, ()>)> {
    let all = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let ours = all.filter(|(name, _)| name.starts_with(PREFIX));
    ours.map(|(name, value)| (name, value.into_string().map_err(drop))).collect()
}

/// Returns the values that variables set, and adds the names of unknown variables to `unknown`.
pub(crate) fn layer(
    variables: &[(String, Result<String, ()>)],
    unknown: &mut Vec<String>,
) -> Result<Layer, ConfigError> {
    let mut layer = Layer::default();
    let mut short = Vec::new();
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let key = rest.to_lowercase();
        if let Some((_, path)) = SHORT.iter().find(|(short, _)| *short == key) {
            short.push((name, *path, value));
        } else if key.contains("__") {
            set(&mut layer, name, &key.replace("__", "."), value)?;
        } else if schema::root().property(&key).is_some_and(|node| !node.is("object")) {
            set(&mut layer, name, &key, value)?;
        } else if !OTHERS.contains(&&*key) && !TEST_PREFIXES.iter().any(|prefix| key.starts_with(prefix)) {
            unknown.push(name.clone());
        }
    }
    for (name, path, value) in short {
        set(&mut layer, name, path, value)?;
    }
    Ok(layer)
}

fn set(layer: &mut Layer, name: &str, key: &str, raw: &Result<String, ()>) -> Result<(), ConfigError> {
    let origin = Origin::Variable { name: name.to_owned() };
    let invalid = |expected: &str, got: &str| ConfigError::Invalid {
        origin: Some(origin.clone()),
        key: key.to_owned(),
        expected: expected.to_owned(),
        got: got.to_owned(),
    };
    let Ok(raw) = raw else { return Err(invalid("text in UTF-8", "other bytes")) };
    let is_set = path::insert(&mut layer.values, key, parse(key, raw));
    if !is_set {
        return Err(invalid("a table, because other variables set keys in it", "a value"));
    }
    layer.origins.insert(key.to_owned(), origin);
    Ok(())
}

/// Reads a text as the type that its key has.
fn parse(key: &str, raw: &str) -> Value {
    let Some(node) = schema::root().at(&renamed::current(key)) else { return raw.to_owned().into() };
    if node.choices().is_some() || (node.is("string") && !node.is("integer")) {
        return raw.to_owned().into();
    }
    if node.is("boolean") {
        return match raw.to_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => true.into(),
            "false" | "f" | "no" | "n" | "off" | "0" => false.into(),
            _ => raw.to_owned().into(),
        };
    }
    raw.parse().unwrap_or_else(|never| match never {})
}
