use strsim::damerau_levenshtein;

use crate::{key::keys, path, schema};

/// Returns the known key that resembles an unknown one most, if any does.
///
/// Keys of the same table come first; then keys of other tables with a similar last name, which
/// finds a key that was written into the wrong table.
pub(crate) fn nearest(unknown: &str) -> Option<String> {
    let (table, name) = path::split(unknown);
    let max = (name.len() / 3).max(2);
    let node = if table.is_empty() { Some(schema::root()) } else { schema::root().at(table) };
    let mut siblings: Vec<&str> = Vec::new();
    if let Some(node) = node {
        let tables = std::iter::once(node).chain(node.alternatives());
        siblings.extend(tables.flat_map(|node| node.properties().map(|(sibling, _)| sibling)));
    }
    let sibling = siblings
        .into_iter()
        .map(|sibling| (damerau_levenshtein(name, sibling), sibling))
        .filter(|(distance, _)| *distance <= max)
        .min();
    if let Some((_, sibling)) = sibling {
        return Some(path::join(table, sibling));
    }
    // A table that is unknown itself is the mistake to correct.
    if !table.is_empty() && schema::root().at(table).is_none() {
        let corrected = path::join(&nearest(table)?, name);
        return if schema::root().at(&corrected).is_some() { Some(corrected) } else { nearest(&corrected) };
    }
    keys()
        .into_iter()
        .map(|key| (damerau_levenshtein(name, path::split(&key.path).1), key.path))
        .filter(|(distance, _)| *distance <= max.min(2))
        .min()
        .map(|(_, key)| key)
}
