//! Reads a TOML file, with the line of each key.

use std::{collections::BTreeMap, fs, path::Path};

use figment::{
    Profile, Provider,
    providers::{Format, Toml},
};
use toml_edit::{ImDocument, TableLike};

use crate::{ConfigError, Origin, loader::Layer, path::join};

pub(crate) fn read(path: &Path) -> Result<Layer, ConfigError> {
    let text =
        fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
    let document = ImDocument::parse(text.as_str()).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let (line, column) = position(&text, start);
        ConfigError::Syntax {
            path: path.to_owned(),
            line,
            column,
            message: error.message().replace('\n', ", "),
        }
    })?;
    let mut values = Toml::string(&text).data().map_err(|error| ConfigError::internal(&error))?;
    let mut layer =
        Layer { values: values.remove(&Profile::Default).unwrap_or_default(), origins: BTreeMap::new() };
    locate(document.as_table(), "", path, &text, &mut layer);
    Ok(layer)
}

/// Records the line of each key of a table.
fn locate(table: &dyn TableLike, name: &str, path: &Path, text: &str, layer: &mut Layer) {
    for (key, item) in table.iter() {
        let key_path = join(name, key);
        let span = table.get_key_value(key).and_then(|(key, _)| key.span()).or_else(|| item.span());
        let line = span.map(|span| position(text, span.start).0);
        layer.origins.insert(key_path.clone(), Origin::File { path: path.to_owned(), line });
        if let Some(inner) = item.as_table_like() {
            locate(inner, &key_path, path, text, layer);
        }
    }
}

/// Returns line and column of an offset, both counted from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (line, column)
}
