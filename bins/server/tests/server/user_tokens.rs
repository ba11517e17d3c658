//! User tokens: minted by the server or by a backend, and bound to one user.

use chrono::{TimeDelta, Utc};
use docent_auth::{Permissions, Scope, TokenKeys};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    client::{read, read_response},
    harness::Server,
    keys::{Lifetime, folder_with, numbered},
};

const SECRET: &str = "a signing secret of these tests, 32+ bytes";
/// Variable that sets the signing secret of tests.
pub const SECRET_VARIABLE: (&str, &str) = ("DOCENT_ACCESS__TOKEN_KEYS__K1", SECRET);

/// Returns a token that a backend with the secret has signed.
pub fn token_of(user: &str) -> String {
    token_for(user, &Permissions::all(), SECRET)
}

fn token_for(user: &str, permissions: &Permissions, secret: &str) -> String {
    let keys = TokenKeys::new([("k1".to_owned(), secret.to_owned())], TimeDelta::hours(1)).unwrap();
    keys.sign(&user.parse().unwrap(), permissions, TimeDelta::minutes(10), Utc::now()).unwrap()
}

async fn started() -> Server {
    let key = numbered(1);
    let folder = folder_with(&[(&key, Scope::ALL.into_iter().collect(), Lifetime::Live)]).await;
    Server::start_with(folder, &[SECRET_VARIABLE]).await
}

async fn send(
    server: &Server,
    bearer: &str,
    method: Method,
    path: &str,
    body: &Value,
) -> (StatusCode, Value) {
    let request = server.request(method, path).bearer_auth(bearer);
    read(if body.is_null() { request } else { request.json(body) }).await
}

async fn ingest(server: &Server) {
    let resources: Vec<Value> =
        (0..9).map(|n| json!({ "id": format!("r{n}"), "title": format!("R {n}") })).collect();
    let body = json!({ "resources": resources });
    let key = numbered(1);
    assert_eq!(
        send(server, key.reveal(), Method::POST, "/api/resources/ingest", &body).await.0,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_minted_token_serves_the_page_of_its_user_and_no_other() {
    let server = started().await;
    ingest(&server).await;
    let key = numbered(1);
    let asked = json!({ "user_id": "ada", "lifetime_seconds": 60, "permissions": ["recommendations", "interactions"] });
    let (status, minted) = send(&server, key.reveal(), Method::POST, "/api/tokens", &asked).await;
    assert_eq!(status, StatusCode::CREATED, "{minted}");
    let token = minted["token"].as_str().unwrap();
    let (status, list) =
        send(&server, token, Method::GET, "/api/recommendations?user_id=ada", &Value::Null).await;
    assert_eq!((status, list["recommendations"].as_array().unwrap().len()), (StatusCode::OK, 9));
    let view = |user: &str| json!({ "user_id": user, "resource_id": "r1", "interaction_type": "view" });
    let interactions = "/api/interactions";
    assert_eq!(send(&server, token, Method::POST, interactions, &view("ada")).await.0, StatusCode::CREATED);
    let batch = json!({ "interactions": [view("ada"), view("bob")] });
    for (method, path, body) in [
        (Method::GET, "/api/recommendations?user_id=bob", Value::Null),
        (Method::GET, "/api/recommendations?user_id=ada&include_unpublished=true", Value::Null),
        (Method::POST, "/api/recommendations", json!({ "user_id": "bob" })),
        (Method::POST, "/api/recommendations", json!({ "user_id": "ada", "include_unpublished": true })),
        (Method::POST, interactions, view("bob")),
        (Method::POST, interactions, batch),
        (Method::POST, "/api/interactions?create_missing=true", view("ada")),
        (Method::DELETE, "/api/interactions?user_id=bob&resource_id=r1", Value::Null),
        (Method::GET, "/api/profile?user_id=ada", Value::Null),
        (Method::DELETE, "/api/profile?user_id=ada", Value::Null),
        (Method::GET, "/api/resources/r1/audience", Value::Null),
        (Method::POST, "/api/tokens", asked.clone()),
    ] {
        let (status, body) = send(&server, token, method.clone(), path, &body).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (StatusCode::FORBIDDEN, &json!("forbidden")),
            "{method} {path}"
        );
    }
    let (_, bob) = send(&server, key.reveal(), Method::GET, "/api/profile?user_id=bob", &Value::Null).await;
    let (_, ada) = send(&server, key.reveal(), Method::GET, "/api/profile?user_id=ada", &Value::Null).await;
    assert_eq!((&bob["total_interactions"], &ada["total_interactions"]), (&json!(0), &json!(1)));
    for (field, value) in
        [("lifetime_seconds", json!(0)), ("lifetime_seconds", json!(3_601)), ("permissions", json!([]))]
    {
        let asked = json!({ "user_id": "ada", field: value });
        let (status, body) = send(&server, key.reveal(), Method::POST, "/api/tokens", &asked).await;
        assert_eq!(
            (status, &body["error"]["details"]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field))
        );
    }
}

#[tokio::test]
async fn a_token_finds_no_resource_before_its_day() {
    let server = started().await;
    ingest(&server).await;
    let key = numbered(1);
    let secret = json!({ "id": "launch", "title": "Launch", "published_at": "2999-01-01" });
    let body = json!({ "resources": [secret] });
    let ingested = send(&server, key.reveal(), Method::POST, "/api/resources/ingest", &body).await;
    assert_eq!(ingested.0, StatusCode::OK);
    let ranked = json!({ "user_id": "ada", "resource_ids": ["r1", "launch"] });
    for (bearer, found, status) in
        [(token_of("ada"), 1, StatusCode::NOT_FOUND), (key.reveal().to_owned(), 2, StatusCode::OK)]
    {
        let (_, list) = send(&server, &bearer, Method::POST, "/api/recommendations/rank", &ranked).await;
        assert_eq!(list["recommendations"].as_array().unwrap().len(), found, "{list}");
        let similar = "/api/resources/launch/similar";
        assert_eq!(send(&server, &bearer, Method::GET, similar, &Value::Null).await.0, status);
    }
}

#[tokio::test]
async fn feedback_with_a_token_never_counts_for_the_user_of_another_list() {
    let server = started().await;
    ingest(&server).await;
    let recommend = "/api/recommendations?user_id=ada";
    let (_, list) = send(&server, &token_of("ada"), Method::GET, recommend, &Value::Null).await;
    let (list_id, resource) =
        (&list["metadata"]["recommendation_id"], &list["recommendations"][0]["resource_id"]);
    // Without a user, feedback would belong to the user of the list.
    let feedback = json!({
        "recommendation_id": list_id, "resource_id": resource, "was_clicked": true, "was_useful": false
    });
    let path = "/api/recommendations/feedback";
    assert_eq!(send(&server, &token_of("bob"), Method::POST, path, &feedback).await.0, StatusCode::OK);
    let verdicts =
        async |user: &str| server.store().await.verdicts_of(&user.parse().unwrap()).await.unwrap().len();
    assert_eq!((verdicts("ada").await, verdicts("bob").await), (0, 1));
    assert_eq!(send(&server, &token_of("ada"), Method::POST, path, &feedback).await.0, StatusCode::OK);
    assert_eq!((verdicts("ada").await, verdicts("bob").await), (1, 1));
}

#[tokio::test]
async fn a_token_of_another_secret_is_refused_and_without_a_secret_none_is_minted() {
    let server = started().await;
    let forged = token_for("ada", &Permissions::all(), "another signing secret, of 32 bytes and more");
    let (status, body) = send(&server, &forged, Method::GET, "/api/profile?user_id=ada", &Value::Null).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{body}");
    assert!(!server.log_text().contains(&forged) && !server.log_text().contains(SECRET));
    let folder = folder_with(&[(&numbered(1), Scope::Write.into(), Lifetime::Live)]).await;
    let server = Server::start_in(folder).await;
    let asked = json!({ "user_id": "ada" });
    let (status, body) = send(&server, numbered(1).reveal(), Method::POST, "/api/tokens", &asked).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
}

#[tokio::test]
async fn the_idempotency_keys_of_two_callers_never_collide() {
    let [one, two] = [numbered(1), numbered(2)];
    let all = Scope::ALL.into_iter().collect();
    let folder = folder_with(&[(&one, all, Lifetime::Live), (&two, all, Lifetime::Live)]).await;
    let server = Server::start_with(folder, &[SECRET_VARIABLE]).await;
    ingest(&server).await;
    let view = json!({ "user_id": "ada", "resource_id": "r1", "interaction_type": "view" });
    let mut visits = Vec::new();
    for (bearer, replayed) in [
        (one.reveal(), false),
        (one.reveal(), true),
        (two.reveal(), false),
        (&token_of("ada"), false),
        (&token_of("ada"), true),
    ] {
        let request = server.request(Method::POST, "/api/interactions").header("Idempotency-Key", "same");
        let response = request.bearer_auth(bearer).json(&view).send().await.unwrap();
        assert_eq!(response.headers().contains_key("idempotency-replayed"), replayed);
        visits.push(read_response(response).await.1["return_visits"].as_i64().unwrap());
    }
    assert_eq!(visits, [0, 0, 1, 2, 2]);
}
