//! Keys of earlier versions, which are still read.

use crate::{ConfigError, Origin, loader::Layer, path};

/// Former and current keys.
const RENAMED: [(&str, &str); 2] =
    [("train.broad_als", "train.low_rank_als"), ("train.ease.most_weights", "train.ease.max_weights")];

/// Returns the current name of a key.
pub(crate) fn current(key: &str) -> String {
    for (former, current) in RENAMED {
        match key.strip_prefix(former) {
            Some(rest) if rest.is_empty() || rest.starts_with('.') => return format!("{current}{rest}"),
            _ => {}
        }
    }
    key.to_owned()
}

/// Gives former keys their current names, with a warning for each.
///
/// # Errors
/// [`ConfigError::Invalid`] if one source sets a key by both names.
pub(crate) fn rename(layer: &mut Layer, warnings: &mut Vec<String>) -> Result<(), ConfigError> {
    for (former, current) in RENAMED {
        let Some(value) = path::remove(&mut layer.values, former) else { continue };
        let origin = layer.origin(former);
        if path::remove(&mut layer.values, current).is_some() {
            return Err(ConfigError::Invalid {
                origin: Some(origin),
                key: former.to_owned(),
                expected: format!("only its current name {current}"),
                got: "both names".to_owned(),
            });
        }
        warnings.push(format!("{origin}: {former} is now called {current}; the former name still works"));
        path::insert(&mut layer.values, current, value);
        let moved: Vec<(String, Origin)> = layer
            .origins
            .iter()
            .filter_map(|(key, origin)| {
                Some((format!("{current}{}", key.strip_prefix(former)?), origin.clone()))
            })
            .collect();
        layer.origins.extend(moved);
    }
    Ok(())
}
