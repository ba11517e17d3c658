use std::{collections::BTreeSet, fs, path::Path};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::harness::{Server, run};

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH];
/// Pages for people, which no program is promised.
const NOT_PROMISED: [&str; 3] = ["/", "/docs", "/docs/{file}"];

fn contract() -> Value {
    serde_json::from_slice(&run(&["openapi"]).stdout).unwrap()
}

#[tokio::test]
async fn the_contract_is_the_one_that_was_reviewed() {
    let printed = String::from_utf8(run(&["openapi"]).stdout).unwrap();
    let server = Server::start().await;
    assert_eq!(server.get("/openapi.json").await, (StatusCode::OK, contract()));
    insta::assert_snapshot!("openapi", printed);
}

#[tokio::test]
async fn every_route_of_the_contract_is_there_with_its_methods_and_no_others() {
    let server = Server::start().await;
    let contract = contract();
    for (path, operations) in contract["paths"].as_object().unwrap() {
        for method in METHODS {
            let is_promised = operations.get(method.as_str().to_lowercase()).is_some();
            // A resource may have that name, so other methods mean the resource.
            let is_a_name =
                path == "/api/resources/ingest" && [Method::GET, Method::DELETE].contains(&method);
            let request = server.request(method.clone(), &path.replace("{id}", "x"));
            let response = request.send().await.unwrap();
            let has_method = response.status() != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(has_method, is_promised || is_a_name, "{method} {path}");
            if response.status() == StatusCode::NOT_FOUND {
                let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
                assert_ne!(body["error"]["code"], "unknown_route", "{method} {path}");
            } else if !has_method {
                assert!(response.headers().contains_key("allow"), "{method} {path}");
            }
        }
    }
}

#[test]
fn every_route_is_in_the_contract() {
    let mut routed = BTreeSet::new();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/routes")).unwrap() {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        for rest in source.split("web::resource(\"").skip(1) {
            let pattern = rest.split('"').next().unwrap();
            routed.insert(pattern.replace(":[^/]*", "").replace(":.*", ""));
        }
    }
    assert!(routed.len() > 10, "{routed:?}");
    let contract = contract();
    let promised = contract["paths"].as_object().unwrap().keys().cloned();
    let expected: BTreeSet<String> = promised.chain(NOT_PROMISED.map(str::to_owned)).collect();
    assert_eq!(routed, expected);
}
