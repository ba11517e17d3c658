//! Limits on the attributes of a resource, which every server keeps in memory.

use serde_json::{Map, Value};

use crate::DomainError;

/// Maximum size of the attributes of a resource as JSON, in bytes.
pub const MAX_ATTRIBUTES_BYTES: usize = 64 * 1024;
/// Maximum number of keys of the attributes, those of inner objects included.
pub const MAX_ATTRIBUTE_KEYS: usize = 256;
/// Maximum number of values of the attributes, those of lists included.
pub const MAX_ATTRIBUTE_VALUES: usize = 1_000;
/// Maximum depth of the attributes: 1 for values that are neither objects nor lists.
pub const MAX_ATTRIBUTE_DEPTH: usize = 8;

/// Size of attributes.
#[derive(Debug, Default)]
struct Extent {
    bytes: usize,
    keys: usize,
    values: usize,
    depth: usize,
}

impl Extent {
    fn add_object(&mut self, object: &Map<String, Value>, depth: usize) {
        self.bytes += 2;
        self.keys += object.len();
        for (key, value) in object {
            // Quotes, a colon and a comma.
            self.bytes += key.len() + 4;
            self.add(value, depth);
        }
    }

    fn add(&mut self, value: &Value, depth: usize) {
        self.depth = self.depth.max(depth);
        match value {
            // Nothing deeper is of interest once the limit is passed.
            _ if depth > MAX_ATTRIBUTE_DEPTH => {}
            Value::Object(object) => self.add_object(object, depth + 1),
            Value::Array(values) => {
                self.bytes += 2;
                for value in values {
                    self.bytes += 1;
                    self.add(value, depth + 1);
                }
            }
            value => {
                self.values += 1;
                self.bytes += match value {
                    Value::String(text) => text.len() + 2,
                    _ => 8,
                };
            }
        }
    }
}

/// Checks the size, the number of keys and values, and the depth of attributes.
///
/// # Errors
/// [`DomainError::TooLong`] for the first limit that is exceeded.
pub(crate) fn check(attributes: &Map<String, Value>) -> Result<(), DomainError> {
    let mut extent = Extent::default();
    extent.add_object(attributes, 1);
    for (field, limit, got) in [
        ("attributes (depth)", MAX_ATTRIBUTE_DEPTH, extent.depth),
        ("attributes (keys)", MAX_ATTRIBUTE_KEYS, extent.keys),
        ("attributes (values)", MAX_ATTRIBUTE_VALUES, extent.values),
        ("attributes (bytes)", MAX_ATTRIBUTES_BYTES, extent.bytes),
    ] {
        if got > limit {
            return Err(DomainError::TooLong { field, limit, got });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(depth: usize, is_list: bool) -> Value {
        (1..depth).fold(json!(1), |inner, _| if is_list { json!([inner]) } else { json!({ "a": inner }) })
    }

    #[test]
    fn attributes_are_bounded_in_every_direction() {
        let keys = |count: usize| -> Value { (0..count).map(|key| (format!("k{key}"), json!(1))).collect() };
        for (attributes, exceeded) in [
            (json!({}), None),
            (json!({ "a": nested(8, false) }), None),
            (json!({ "a": nested(9, false) }), Some("depth")),
            (json!({ "a": nested(8, true) }), None),
            (json!({ "a": nested(9, true) }), Some("depth")),
            (json!({ "a": nested(100, true) }), Some("depth")),
            (keys(256), None),
            (keys(257), Some("keys")),
            (json!({ "a": keys(128), "b": keys(127) }), Some("keys")),
            (json!({ "a": vec![1; 1_000] }), None),
            (json!({ "a": vec![1; 1_001] }), Some("values")),
            (json!({ "a": "x".repeat(65_000) }), None),
            (json!({ "a": "x".repeat(66_000) }), Some("bytes")),
            (json!({ "x".repeat(66_000): 1 }), Some("bytes")),
        ] {
            let error = attributes.as_object().and_then(|attributes| check(attributes).err());
            let named = error.map(|error| error.to_string());
            match (exceeded, &named) {
                (None, None) => {}
                (Some(exceeded), Some(named)) if named.contains(exceeded) => {}
                _ => panic!("{exceeded:?}: {named:?}"),
            }
        }
    }
}
