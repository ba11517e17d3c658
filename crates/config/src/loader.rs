use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Profile, Provider,
    providers::Serialized,
    value::{Dict, Value},
};
use serde::Serialize;

use crate::{Config, ConfigError, Origin, check, file, path, renamed, schema, secret, variables};

/// Loads a [`Config`] from its sources. Flags win over variables, variables over the file, the file
/// over the defaults.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Loader {
    file: Option<PathBuf>,
    variables: Vec<(String, Result<String, ()>)>,
    flags: Vec<(String, String, Result<Value, figment::Error>)>,
}

/// Values of one source, and the place of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layer {
    pub(crate) values: Dict,
    pub(crate) origins: BTreeMap<String, Origin>,
}

/// A configuration, and the source of each of its values.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Loaded {
    /// The configuration, checked.
    pub config: Config,
    pub(crate) values: Value,
    origins: BTreeMap<String, Origin>,
    warnings: Vec<String>,
}

impl Loader {
    /// Creates a loader of the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates the loader of a program with the flags `--config`, `--database-url` and
    /// `--snapshots`: reads the file that `config` names, the `DOCENT_*` variables of this process
    /// and the other flags that are given.
    pub fn for_program(config: Option<&Path>, database_url: Option<&str>, snapshots: Option<&Path>) -> Self {
        let mut loader = Self::new().environment();
        if let Some(file) = config {
            loader = loader.file(file);
        }
        if let Some(url) = database_url {
            loader = loader.flag("--database-url", "engine.database_url", url);
        }
        if let Some(folder) = snapshots {
            loader = loader.flag("--snapshots", "engine.snapshots", folder);
        }
        loader
    }

    /// Reads a TOML file, which must exist.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Reads the `DOCENT_*` variables of this process.
    pub fn environment(mut self) -> Self {
        self.variables.extend(variables::of_process());
        self
    }

    /// Reads variables as if they were in the environment.
    pub fn variables<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.variables.extend(variables.into_iter().map(|(name, value)| (name.into(), Ok(value.into()))));
        self
    }

    /// Sets a key by a command-line flag. `flag` names it in errors and reports.
    pub fn flag(mut self, flag: &str, key: &str, value: impl Serialize) -> Self {
        self.flags.push((flag.to_owned(), key.to_owned(), Value::serialize(value)));
        self
    }

    /// Reads all sources, merges them and checks the result. Logs a warning for each unknown
    /// `DOCENT_*` variable and each former name of a key.
    ///
    /// # Errors
    /// [`ConfigError`] for the first source that cannot be read, key that is unknown, or value that
    /// does not suit its key.
    pub fn load(self) -> Result<Loaded, ConfigError> {
        let (mut warnings, mut unknown) = (Vec::new(), Vec::new());
        let mut layers = Vec::new();
        if let Some(path) = &self.file {
            layers.push(file::read(path)?);
        }
        layers.push(variables::layer(&self.variables, &mut unknown)?);
        layers.push(flags(self.flags)?);

        let mut figment = Figment::from(Serialized::defaults(Config::default()));
        let mut origins = BTreeMap::new();
        for mut layer in layers {
            renamed::rename(&mut layer, &mut warnings)?;
            figment = figment.merge(Serialized::defaults(layer.values));
            origins.extend(layer.origins);
        }
        let mut values = figment.data().map_err(|error| ConfigError::internal(&error))?;
        let values = Value::from(values.remove(&Profile::Default).unwrap_or_default());

        let origin_of = |key: &str| place_of_error(&origins, key);
        check::check(schema::root(), &values).map_err(|problem| problem.at(origin_of))?;
        let config: Config = figment.extract().map_err(|error| rejected(&error).with_origin(origin_of))?;
        config.check_rules().map_err(|error| error.with_origin(origin_of))?;
        // The key of an embedder may be in a variable of any name.
        let key_variable = path::get(&values, "train.embedder.key_env").and_then(Value::as_str);
        unknown.retain(|name| key_variable != Some(name));
        let unknown =
            unknown.iter().map(|name| format!("unknown environment variable {name}; it has no effect"));
        warnings.extend(unknown);
        for warning in &warnings {
            tracing::warn!("{warning}");
        }
        Ok(Loaded { config, values, origins, warnings })
    }
}

impl Layer {
    /// Returns the source of a key, or that of the table it is in.
    pub(crate) fn origin(&self, key: &str) -> Origin {
        origin(&self.origins, key)
    }
}

impl Loaded {
    /// Returns the source of a key's value.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        origin(&self.origins, key)
    }

    /// Returns the warnings that were logged.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

fn flags(flags: Vec<(String, String, Result<Value, figment::Error>)>) -> Result<Layer, ConfigError> {
    let mut layer = Layer::default();
    for (flag, key, value) in flags {
        let value = value.map_err(|error| ConfigError::internal(&error))?;
        path::insert(&mut layer.values, &key, value);
        layer.origins.insert(key, Origin::Flag { name: flag });
    }
    Ok(layer)
}

/// Returns the source of a key: its own, else that of the nearest table or array around it that a
/// file has as a whole.
fn origin(origins: &BTreeMap<String, Origin>, key: &str) -> Origin {
    let mut rest = key;
    loop {
        if let Some(origin) = origins.get(rest) {
            // A table that has other keys says nothing about the source of this one.
            let is_around = rest.len() < key.len();
            let has_keys = origins
                .keys()
                .any(|other| other.strip_prefix(rest).is_some_and(|rest| rest.starts_with('.')));
            if !(is_around && has_keys) {
                return origin.clone();
            }
        }
        match rest.rfind(['.', '[']) {
            Some(end) => rest = rest.get(..end).unwrap_or_default(),
            None => return Origin::Default,
        }
    }
}

/// Returns the place to correct if a key is wrong: its own, else that of a key in it, else that of
/// the nearest table or array around it.
fn place_of_error(origins: &BTreeMap<String, Origin>, key: &str) -> Option<Origin> {
    let is_inside = |other: &str| other.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    if let Some(origin) = origins.get(key) {
        return Some(origin.clone());
    }
    if let Some((_, origin)) = origins.iter().find(|(other, _)| is_inside(other)) {
        return Some(origin.clone());
    }
    let mut rest = key;
    while let Some(end) = rest.rfind(['.', '[']) {
        rest = rest.get(..end)?;
        if let Some(origin) = origins.get(rest) {
            return Some(origin.clone());
        }
    }
    None
}

/// Converts an error of a type that checks its own value, such as the sum of weights.
fn rejected(error: &figment::Error) -> ConfigError {
    let key = error.path.join(".");
    let (_, name) = path::split(&key);
    let message = error.kind.to_string();
    let message = message.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&message);
    ConfigError::Rejected { origin: None, message: secret::redacted(message), key }
}
