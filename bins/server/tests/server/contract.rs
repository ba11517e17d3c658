//! Tests of the OpenAPI document itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::{
    client::read_response,
    harness::{Server, run},
    openapi::{DOCUMENT, mismatches, operations, resolved},
};

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH];
/// Pages for humans, which the document does not cover.
const UNDOCUMENTED: [&str; 3] = ["/", "/docs", "/docs/{file}"];

#[tokio::test]
async fn the_document_is_the_reviewed_one() {
    let printed = String::from_utf8(run(&["openapi"]).stdout).unwrap();
    let server = Server::start().await;
    assert_eq!(server.get("/openapi.json").await, (StatusCode::OK, DOCUMENT.clone()));
    insta::assert_snapshot!("openapi", printed);
}

#[tokio::test]
async fn every_documented_path_has_the_documented_methods_and_no_others() {
    let server = Server::start().await;
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        let supported = |method: &Method| {
            // A resource may have the id "ingest", so its path supports the methods of a resource
            // too.
            let is_id = path == "/api/resources/ingest"
                && [Method::GET, Method::PATCH, Method::DELETE].contains(method);
            is_id || item.get(method.as_str().to_lowercase()).is_some()
        };
        let mut allowed: BTreeSet<String> =
            METHODS.iter().filter(|method| supported(method)).map(Method::to_string).collect();
        if allowed.contains("GET") {
            allowed.insert("HEAD".to_owned());
        }
        for method in METHODS {
            let response = server.request(method.clone(), &path.replace("{id}", "x")).send().await.unwrap();
            let is_supported = response.status() != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(is_supported, supported(&method), "{method} {path}");
            if !is_supported {
                let allow = response.headers()["allow"].to_str().unwrap();
                let allow: BTreeSet<String> = allow.split(", ").map(str::to_owned).collect();
                assert_eq!(allow, allowed, "{method} {path}");
            }
            if response.status() == StatusCode::NOT_FOUND {
                let (_, body) = read_response(response).await;
                assert_ne!(body["error"]["code"], "unknown_route", "{method} {path}");
            }
        }
    }
}

#[test]
fn every_route_is_documented() {
    let mut routed = BTreeSet::new();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/routes")).unwrap() {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        for rest in source.split("web::resource(\"").skip(1) {
            let pattern = rest.split('"').next().unwrap();
            routed.insert(pattern.replace(":[^/]*", "").replace(":.*", ""));
        }
    }
    assert!(routed.len() > 10, "{routed:?}");
    let documented = DOCUMENT["paths"].as_object().unwrap().keys().cloned();
    let expected: BTreeSet<String> = documented.chain(UNDOCUMENTED.map(str::to_owned)).collect();
    assert_eq!(routed, expected);
}

#[test]
fn operations_have_unique_ids_and_one_declared_tag() {
    let declared: Vec<&Value> = DOCUMENT["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeMap::new();
    for (path, method, operation) in operations() {
        let id = operation["operationId"].as_str().unwrap();
        assert_eq!(ids.insert(id, path), None, "{method} {path} repeats the id {id}");
        let [tag] = operation["tags"].as_array().unwrap().as_slice() else { panic!("{method} {path}") };
        assert!(declared.contains(&tag), "{method} {path}: {tag}");
    }
}

#[test]
fn operations_parameters_responses_schemas_and_properties_are_described() {
    let mut missing = Vec::new();
    let mut expect = |what: String, value: &Value| {
        if !value.as_str().is_some_and(|text| text.ends_with(['.', ':', '|'])) {
            missing.push(format!("{what}: {value}"));
        }
    };
    for (path, method, operation) in operations() {
        expect(format!("{method} {path}"), &operation["summary"]);
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            expect(format!("{method} {path} {}", parameter["name"]), &parameter["description"]);
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            expect(format!("{method} {path} {status}"), &resolved(response)["description"]);
        }
    }
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        let is_error_code = name == "ErrorCode";
        assert!(!name.ends_with("View"), "{name}");
        if !is_error_code && schema["allOf"].is_null() {
            expect(name.clone(), &schema["description"]);
        }
        let parts = schema["allOf"].as_array().into_iter().flatten().chain([schema]);
        for (property, schema) in parts.filter_map(|part| part["properties"].as_object()).flatten() {
            let is_tag = schema["enum"].as_array().is_some_and(|names| names.len() == 1);
            // The description of an optional reference stands beside the reference.
            let option = schema["oneOf"].as_array().into_iter().flatten().find(|of| of.get("$ref").is_some());
            let description = &option.unwrap_or(schema)["description"];
            if !is_tag {
                expect(format!("{name}.{property}"), description);
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn the_http_reference_lists_every_operation() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/http.md");
    let reference = fs::read_to_string(reference).unwrap();
    for (path, method, operation) in operations() {
        let statuses: Vec<&str> =
            operation["responses"].as_object().unwrap().keys().rev().map(String::as_str).collect();
        let success: Vec<&str> = statuses.iter().copied().filter(|status| status.starts_with('2')).collect();
        let specific = ["404", "409", "415"].into_iter().filter(|status| statuses.contains(status));
        let specific: Vec<&str> = specific.collect();
        let (method, id) = (method.to_uppercase(), operation["operationId"].as_str().unwrap());
        let row =
            format!("| `{method} {path}` | `{id}` | {} | {} |", success.join(", "), specific.join(", "));
        assert!(
            reference.contains(&row.replace("|  |", "| |")),
            "docs/reference/http.md lacks this row:\n{row}"
        );
    }
}

#[test]
fn examples_fit_their_schemas() {
    let mut checked = 0;
    for (path, method, operation) in operations() {
        let body = &operation["requestBody"];
        let responses = operation["responses"].as_object().unwrap().values().map(resolved);
        for part in [body].into_iter().chain(responses) {
            for media in part["content"].as_object().into_iter().flat_map(serde_json::Map::values) {
                let examples = media["examples"].as_object().into_iter().flatten();
                let examples = examples.map(|(_, example)| &example["value"]).chain(media.get("example"));
                for example in examples {
                    let mismatches = mismatches(&media["schema"], example);
                    assert!(mismatches.is_empty(), "{method} {path}: {mismatches:#?}\n{example:#}");
                    checked += 1;
                }
            }
        }
    }
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        for example in schema["examples"].as_array().into_iter().flatten() {
            let mismatches = mismatches(schema, example);
            assert!(mismatches.is_empty(), "{name}: {mismatches:#?}\n{example:#}");
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked} examples");
}
