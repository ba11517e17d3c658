//! Every route of the OpenAPI document against every kind of caller.

use docent_auth::{Scope, Scopes};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    client::{Request, read_response},
    harness::Server,
    keys::{Lifetime, folder_with, numbered},
    openapi::operations,
    user_tokens::{SECRET_VARIABLE, token_of},
};

/// Request to a route that names the user `ada` wherever the route takes a user.
fn request(server: &Server, method: &str, path: &str, operation: &Value) -> Request {
    let required = |parameter: &&Value| parameter["in"] == "query" && parameter["required"] == true;
    let parameters = operation["parameters"].as_array().into_iter().flatten().filter(required);
    let query: Vec<&str> = parameters
        .map(|parameter| match parameter["name"].as_str().unwrap() {
            "user_id" => "user_id=ada",
            "resource_id" => "resource_id=r1",
            name => panic!("{method} {path}: no value for the parameter {name}"),
        })
        .collect();
    // Every route about recommendations to a user takes one, required or not.
    let query = if path == "/api/recommendations" && method == "get" { vec!["user_id=ada"] } else { query };
    let path_and_query = format!("{}?{}", path.replace("{id}", "r1"), query.join("&"));
    let request = server.request(method.to_uppercase().parse().unwrap(), &path_and_query);
    let body = match path {
        "/api/interactions" => json!({ "user_id": "ada", "resource_id": "r1", "interaction_type": "view" }),
        "/api/recommendations" => json!({ "user_id": "ada" }),
        "/api/recommendations/rank" => json!({ "user_id": "ada", "resource_ids": ["r1"] }),
        "/api/recommendations/feedback" => {
            json!({ "recommendation_id": "x", "resource_id": "r1", "was_clicked": true, "user_id": "ada" })
        }
        _ => json!({}),
    };
    if operation["requestBody"].is_null() { request } else { request.json(&body) }
}

#[tokio::test]
async fn every_route_lets_in_whom_its_rule_names_and_no_one_else() {
    let [expired, revoked, unknown] = [numbered(101), numbered(102), numbered(103)];
    let scoped = Scope::ALL.map(|scope| (scope, numbered(scope as u8)));
    let all: Scopes = Scope::ALL.into_iter().collect();
    let mut keys = vec![(&expired, all, Lifetime::Expired), (&revoked, all, Lifetime::Revoked)];
    keys.extend(scoped.iter().map(|(scope, key)| (key, Scopes::from(*scope), Lifetime::Live)));
    let server = Server::start_with(folder_with(&keys).await, &[SECRET_VARIABLE]).await;

    let mut changed = expired.reveal().to_owned();
    changed.replace_range(20..21, if &changed[20..21] == "x" { "y" } else { "x" });
    let mut callers: Vec<(String, Option<String>)> = vec![
        ("none".into(), None),
        ("malformed".into(), Some("docent_sk_x".into())),
        ("changed".into(), Some(changed)),
        ("unknown".into(), Some(unknown.reveal().into())),
        ("expired".into(), Some(expired.reveal().into())),
        ("revoked".into(), Some(revoked.reveal().into())),
    ];
    callers.extend(scoped.iter().map(|(scope, key)| (scope.to_string(), Some(key.reveal().to_owned()))));
    callers.push(("own token".into(), Some(token_of("ada"))));
    callers.push(("other's token".into(), Some(token_of("bob"))));

    let mut matrix = String::from("| route |");
    callers.iter().for_each(|(name, _)| matrix.push_str(&format!(" {name} |")));
    matrix.push_str(&format!("\n|---|{}\n", "---|".repeat(callers.len())));
    for (path, method, operation) in operations() {
        matrix.push_str(&format!("| {} {path} |", method.to_uppercase()));
        for (name, bearer) in &callers {
            let request = request(&server, method, path, operation);
            let request = match bearer {
                Some(bearer) => request.bearer_auth(bearer),
                None => request,
            };
            let response = request.send().await.unwrap();
            let status = response.status();
            let (_, body) = if path == "/metrics" && status == StatusCode::OK {
                (status, Value::Null)
            } else {
                read_response(response).await
            };
            assert_ne!(
                body["error"]["code"], "unknown_route",
                "{method} {path} is not in the table of routes"
            );
            assert_ne!(
                status,
                StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path} is not in the table of routes"
            );
            assert!(status.as_u16() < 500, "{method} {path} {name}: {body}");
            let outcome = match status {
                StatusCode::UNAUTHORIZED => "401",
                StatusCode::FORBIDDEN => "403",
                _ => "in",
            };
            matrix.push_str(&format!(" {outcome} |"));
        }
        matrix.push('\n');
    }
    insta::assert_snapshot!("access", matrix);
}

#[tokio::test]
async fn paths_that_decode_to_a_route_are_no_way_around_its_rule() {
    let key = numbered(1);
    let folder = folder_with(&[(&key, Scope::Recommend.into(), Lifetime::Live)]).await;
    let server = Server::start_in(folder).await;
    let client = reqwest::Client::new();
    for (method, path, expected) in [
        (Method::DELETE, "/api/%70rofile?user_id=ada", 404),
        (Method::DELETE, "/api//profile?user_id=ada", 404),
        (Method::DELETE, "/api/profile/?user_id=ada", 404),
        (Method::POST, "/api/resources/%69ngest", 405),
        (Method::DELETE, "/api/resources/%69ngest", 403),
        (Method::GET, "/docs/../api/audit", 401),
        (Method::GET, "/docs/..%2Fapi%2Faudit", 404),
        (Method::HEAD, "/metrics", 403),
        (Method::POST, "/api/audit", 405),
    ] {
        let sent = client.request(method.clone(), format!("{}{path}", server.client.address()));
        let sent = if path.starts_with("/docs/../") { sent } else { sent.bearer_auth(key.reveal()) };
        let response = sent.json(&json!({})).send().await.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{method} {path}");
    }
}
