//! Names the variants of tagged unions.
//!
//! utoipa describes an enum with a serde tag as a `oneOf` of anonymous objects. Generated clients
//! need a name for each variant and a discriminator to choose by.

use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";

/// Moves the anonymous variants of every tagged union in `components/schemas` into schemas of their
/// own, named after tag and union (`similar_to` of `Reason` becomes `SimilarToReason`), and adds
/// the discriminator.
pub fn name_variants(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else {
        return;
    };
    let mut named = Map::new();
    for (union_name, schema) in schemas.iter_mut() {
        let Some(variants) = schema.get("oneOf").and_then(Value::as_array) else { continue };
        let Some(property) = variants.first().and_then(tag_property) else { continue };
        let mut references = Vec::new();
        let mut mapping = Map::new();
        for variant in variants {
            let Some(tag) = tag(variant, &property) else { break };
            let name = format!("{}{union_name}", pascal_case(tag));
            let reference = format!("{SCHEMAS}{name}");
            references.push(json!({ "$ref": reference }));
            mapping.insert(tag.to_owned(), reference.into());
            named.insert(name, variant.clone());
        }
        if references.len() == variants.len()
            && let Some(schema) = schema.as_object_mut()
        {
            schema.insert("oneOf".into(), references.into());
            schema.insert("discriminator".into(), json!({ "propertyName": property, "mapping": mapping }));
        }
    }
    schemas.extend(named);
}

/// Returns the name of the property that holds a single constant, if the variant has one.
fn tag_property(variant: &Value) -> Option<String> {
    let properties = variant.get("properties")?.as_object()?;
    properties.keys().find(|name| tag(variant, name).is_some()).cloned()
}

fn tag<'a>(variant: &'a Value, property: &str) -> Option<&'a str> {
    match variant.get("properties")?.get(property)?.get("enum")?.as_array()?.as_slice() {
        [Value::String(tag)] => Some(tag),
        _ => None,
    }
}

fn pascal_case(snake_case: &str) -> String {
    let mut name = String::new();
    for word in snake_case.split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::name_variants;

    #[test]
    fn variants_of_a_tagged_union_get_names_and_a_discriminator() {
        let variant = json!({ "type": "object", "properties": { "kind": { "enum": ["similar_to"] } } });
        let mut document = json!({ "components": { "schemas": {
            "Reason": { "oneOf": [variant.clone()] },
            "Other": { "oneOf": [{ "type": "null" }] },
        } } });
        name_variants(&mut document);
        let expected = json!({
            "Reason": {
                "oneOf": [{ "$ref": "#/components/schemas/SimilarToReason" }],
                "discriminator": {
                    "propertyName": "kind",
                    "mapping": { "similar_to": "#/components/schemas/SimilarToReason" },
                },
            },
            "SimilarToReason": variant,
            "Other": { "oneOf": [{ "type": "null" }] },
        });
        assert_eq!(document["components"]["schemas"], expected);
    }
}
