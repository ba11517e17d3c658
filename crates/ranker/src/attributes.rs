//! Attributes of a resource as filters compare them: flat, small and shared between resources.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{Attribute, AttributeValue};

/// Maximum length of a text value. Filters do not compare longer texts, which count as missing.
const MAX_TEXT_BYTES: usize = 500;
/// Maximum depth of objects and lists. Deeper values count as missing.
const MAX_DEPTH: usize = 16;

/// Returns every value with its path, sorted by path. The elements of a list share its path; the
/// names of nested objects are joined by dots. Null counts as missing.
#[must_use]
pub fn flatten(attributes: &Map<String, Value>) -> Box<[Attribute]> {
    let mut flat = Vec::new();
    for (name, value) in attributes {
        add(&mut flat, name, value, MAX_DEPTH);
    }
    flat.sort_by(|a: &Attribute, b| a.path.cmp(&b.path));
    flat.into_boxed_slice()
}

fn add(flat: &mut Vec<Attribute>, path: &str, value: &Value, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let value = match value {
        Value::Null => None,
        Value::Bool(flag) => Some(AttributeValue::Flag(*flag)),
        Value::Number(number) => {
            number.as_f64().filter(|number| number.is_finite()).map(AttributeValue::Number)
        }
        Value::String(text) => {
            (text.len() <= MAX_TEXT_BYTES).then(|| AttributeValue::Text(Arc::from(text.as_str())))
        }
        Value::Array(values) => {
            values.iter().for_each(|value| add(flat, path, value, depth));
            None
        }
        Value::Object(values) => {
            for (name, value) in values {
                add(flat, &format!("{path}.{name}"), value, depth);
            }
            None
        }
    };
    flat.extend(value.map(|value| Attribute { path: Arc::from(path), value }));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_and_objects_become_paths_with_several_values() {
        let attributes = json!({ "year": 1990, "tags": ["a", "b", ["c"]], "by": { "name": "x", "ok": true },
            "none": null, "empty": [], "long": "x".repeat(501), "list": [{ "n": 1.5 }, { "n": 2 }] });
        let flat = flatten(attributes.as_object().unwrap());
        let text = |text: &str| AttributeValue::Text(text.into());
        let expected = [
            ("by.name", text("x")),
            ("by.ok", AttributeValue::Flag(true)),
            ("list.n", AttributeValue::Number(1.5)),
            ("list.n", AttributeValue::Number(2.0)),
            ("tags", text("a")),
            ("tags", text("b")),
            ("tags", text("c")),
            ("year", AttributeValue::Number(1990.0)),
        ];
        let found: Vec<(&str, AttributeValue)> = flat.iter().map(|a| (&*a.path, a.value.clone())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn values_that_are_nested_too_deep_count_as_missing() {
        let nested = (0..100).fold(json!(1), |inner, _| json!({ "a": inner }));
        assert!(flatten(nested.as_object().unwrap()).is_empty());
    }
}
