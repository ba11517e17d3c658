//! Validates responses of the server against its OpenAPI document.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use crate::harness::run;

const METHODS: [&str; 5] = ["get", "post", "put", "delete", "patch"];
/// Pages for humans, which the document does not cover.
const UNDOCUMENTED: [&str; 3] = ["/", "/docs", "/docs/"];

/// OpenAPI document of the server under test, parsed once.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_slice(&run(&["openapi"]).stdout).unwrap());

static CHECKS: LazyLock<Checks> = LazyLock::new(|| Checks::new(&DOCUMENT));

/// Response as the checks see it.
pub struct Observed<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub status: u16,
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
}

/// Panics unless the document describes the response: its status, content type and body.
pub fn check(observed: &Observed<'_>) {
    if let Err(problem) = CHECKS.check(observed) {
        let body = String::from_utf8_lossy(observed.body);
        panic!("{} {} -> {}: {problem}\n{body}", observed.method, observed.path, observed.status);
    }
}

/// Returns the reasons why a value does not fit a schema of the document.
pub fn mismatches(schema: &Value, value: &Value) -> Vec<String> {
    CHECKS.mismatches(schema, value)
}

/// Returns the operations of the document: path, method, operation.
pub fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        METHODS.into_iter().filter_map(move |method| Some((path.as_str(), method, item.get(method)?)))
    })
}

/// Follows the reference of a response to `components/responses`.
pub fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

struct Checks {
    /// Components whose objects reject properties that they do not describe.
    closed_components: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Checks {
    fn new(document: &Value) -> Self {
        let mut components = document["components"].clone();
        let mut parts = BTreeSet::new();
        collect_parts(&components, &mut parts);
        for (name, schema) in components["schemas"].as_object_mut().unwrap() {
            let is_object = schema.get("properties").is_some() || schema.get("allOf").is_some();
            // A part of an `allOf` must accept the properties of the other parts.
            if is_object && schema.get("additionalProperties").is_none() && !parts.contains(name) {
                schema["unevaluatedProperties"] = json!(false);
            }
        }
        Self { closed_components: components, validators: Mutex::default() }
    }

    fn check(&self, observed: &Observed<'_>) -> Result<(), String> {
        let envelope = json!({ "$ref": "#/components/schemas/ErrorEnvelope" });
        let method = observed.method.to_lowercase();
        let templates: Vec<&str> = DOCUMENT["paths"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .filter(|template| matches(template, observed.path))
            .collect();
        let operation = operations()
            .find(|(path, candidate, _)| *candidate == method && templates.contains(path))
            .map(|(_, _, operation)| operation);
        let Some(operation) = operation else {
            let is_page = UNDOCUMENTED.contains(&observed.path) || observed.path.starts_with("/docs/");
            if is_page && observed.status < 400 {
                return Ok(());
            }
            let expected: &[u16] =
                if templates.is_empty() { &[404, 405, 413, 503] } else { &[405, 413, 503] };
            if !expected.contains(&observed.status) {
                return Err(format!("no operation, so expected one of {expected:?}"));
            }
            return self.fits(&envelope, observed);
        };
        let response = operation["responses"].get(observed.status.to_string());
        let response = resolved(response.ok_or("undocumented status")?);
        let Some(content) = response["content"].as_object() else {
            return if observed.body.is_empty() { Ok(()) } else { Err("expected no body".into()) };
        };
        let essence = observed.content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        let media = content.get(essence).ok_or_else(|| format!("undocumented content type {essence:?}"))?;
        if essence == "application/json" { self.fits(&media["schema"], observed) } else { Ok(()) }
    }

    fn fits(&self, schema: &Value, observed: &Observed<'_>) -> Result<(), String> {
        let body: Value = serde_json::from_slice(observed.body).map_err(|error| error.to_string())?;
        let mismatches = self.mismatches(schema, &body);
        if mismatches.is_empty() { Ok(()) } else { Err(mismatches.join("\n")) }
    }

    fn mismatches(&self, schema: &Value, value: &Value) -> Vec<String> {
        let validator = self.validator(schema);
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let validator = validators.entry(schema.to_string()).or_insert_with(|| {
            let mut root = schema.clone();
            root["components"] = self.closed_components.clone();
            let options = jsonschema::options().with_draft(Draft::Draft202012);
            Arc::new(options.should_validate_formats(true).build(&root).unwrap())
        });
        Arc::clone(validator)
    }
}

/// Collects the names of schemas that are a part of an `allOf`.
fn collect_parts(value: &Value, parts: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for part in map.get("allOf").and_then(Value::as_array).into_iter().flatten() {
                let reference = part["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
                parts.extend(reference.map(str::to_owned));
            }
            map.values().for_each(|value| collect_parts(value, parts));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_parts(item, parts)),
        _ => {}
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(part, segment)| part.starts_with('{') || part == segment)
}

#[test]
fn responses_that_the_document_does_not_describe_are_found() {
    let check = |status, content_type, body: &str| {
        let (method, path, body) = ("GET", "/livez", body.as_bytes());
        CHECKS.check(&Observed { method, path, status, content_type: Some(content_type), body })
    };
    let json = "application/json";
    assert_eq!(check(200, json, r#"{"status": "ok"}"#), Ok(()));
    assert!(check(200, json, r#"{"status": "ok", "more": 1}"#).is_err(), "an undescribed property");
    assert!(check(200, json, r#"{"status": "fine"}"#).is_err(), "a value outside of the enumeration");
    assert!(check(200, json, "{}").is_err(), "a missing property");
    assert!(check(200, "text/html", "").is_err(), "an undocumented content type");
    assert!(check(201, json, r#"{"status": "ok"}"#).is_err(), "an undocumented status");
    assert!(check(500, json, r#"{"error": "x"}"#).is_err(), "an error without the envelope");
}
