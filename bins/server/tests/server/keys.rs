//! API keys: made, listed and revoked by commands, and followed by running servers.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use docent::storage::{ApiKey as StoredKey, AuditEntry, Store};
use docent_auth::{ApiKey, RANDOM_BYTES, Scopes};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    client::read,
    harness::{Server, command, database_url, until},
};

/// Runs `docent-server key` on a database, and returns its standard output.
pub fn key(url: &str, arguments: &[&str]) -> String {
    let output = command().arg("key").args(arguments).args(["--database-url", url]).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Creates a key with scopes by the command.
pub fn create(url: &str, scopes: &str) -> String {
    key(url, &["create", "--name", "test", "--scope", scopes])
}

/// Folder whose store has the keys.
pub async fn folder_with(keys: &[(&ApiKey, Scopes, Lifetime)]) -> Arc<TempDir> {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let url = database_url(folder.path());
    let store = Store::connect(&docent::storage::StoreConfig::new(url)).await.unwrap();
    store.migrate().await.unwrap();
    for (key, scopes, lifetime) in keys {
        insert(&store, key, *scopes, *lifetime).await;
    }
    store.close().await.unwrap();
    folder
}

/// State of a key that a test stores.
#[derive(Debug, Clone, Copy)]
pub enum Lifetime {
    Live,
    Expired,
    Revoked,
}

async fn insert(store: &Store, key: &ApiKey, scopes: Scopes, lifetime: Lifetime) {
    let hour_ago = Utc::now() - TimeDelta::hours(1);
    let stored = StoredKey {
        key_id: key.id().to_owned(),
        secret_hash: key.digest(),
        name: format!("{lifetime:?}"),
        scopes: scopes.iter().map(|scope| scope.to_string()).collect(),
        created_at: hour_ago,
        revoked_at: matches!(lifetime, Lifetime::Revoked).then_some(hour_ago),
        expires_at: matches!(lifetime, Lifetime::Expired).then_some(hour_ago),
        last_used_at: None,
    };
    let entry = AuditEntry {
        at: hour_ago,
        actor: "test".into(),
        action: "create_key".into(),
        subject: None,
        request_id: None,
    };
    store.create_api_key(&stored, &entry).await.unwrap();
}

/// Returns a key that differs from those of other numbers.
pub fn numbered(number: u8) -> ApiKey {
    ApiKey::from_random(&[number; RANDOM_BYTES])
}

pub async fn status_of(server: &Server, path: &str, bearer: Option<&str>) -> StatusCode {
    let request = server.request(Method::GET, path);
    let request = match bearer {
        Some(bearer) => request.bearer_auth(bearer),
        None => request,
    };
    request.send().await.unwrap().status()
}

const PROFILE: &str = "/api/profile?user_id=ada";

#[tokio::test]
async fn the_first_key_makes_keys_mandatory_and_a_revoked_one_is_refused() {
    let server = Server::start().await;
    assert!(server.log_text().contains("there is no API key"), "{}", server.log_text());
    assert_eq!(server.get(PROFILE).await.0, StatusCode::OK, "no key is needed yet");
    let url = database_url(server.folder().path());
    let [old, new] = [create(&url, "recommend,write"), create(&url, "recommend")];
    until("keys are mandatory", async || status_of(&server, PROFILE, None).await == StatusCode::UNAUTHORIZED)
        .await;
    for key in [&old, &new] {
        until("both are accepted", async || status_of(&server, PROFILE, Some(key)).await == StatusCode::OK)
            .await;
    }
    assert_eq!(status_of(&server, "/livez", None).await, StatusCode::OK);
    assert_eq!(status_of(&server, "/openapi.json", None).await, StatusCode::OK);
    assert_eq!(status_of(&server, "/metrics", None).await, StatusCode::UNAUTHORIZED);

    let listed = || -> Vec<Value> { serde_json::from_str(&key(&url, &["list", "--json"])).unwrap() };
    until("the use is stored", async || !listed()[0]["last_used_at"].is_null()).await;
    let id = listed()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(&old[10..17], id);
    assert_eq!(key(&url, &["revoke", &id]), format!("revoked {id}"));
    until("it is refused", async || {
        status_of(&server, PROFILE, Some(&old)).await == StatusCode::UNAUTHORIZED
    })
    .await;
    let (_, body) = read(server.request(Method::GET, PROFILE).bearer_auth(&old)).await;
    assert_eq!(body["error"]["message"], "the key was revoked");
    assert_eq!(status_of(&server, PROFILE, Some(&new)).await, StatusCode::OK);
    let new_id = listed()[1]["id"].as_str().unwrap().to_owned();
    key(&url, &["revoke", &new_id]);
    until("it is refused", async || {
        status_of(&server, PROFILE, Some(&new)).await == StatusCode::UNAUTHORIZED
    })
    .await;
    assert_eq!(status_of(&server, PROFILE, None).await, StatusCode::UNAUTHORIZED, "revoking opens nothing");
    assert!(!server.log_text().contains("docent_sk_"), "{}", server.log_text());
    let dump = server.store().await.raw_sql("SELECT secret_hash FROM api_keys").await.unwrap();
    assert!(dump.iter().all(|hash| hash.len() == 64 && !old.contains(hash)), "{dump:?}");
}

#[tokio::test]
async fn a_key_is_listed_with_everything_but_itself() {
    let folder = folder_with(&[(&numbered(1), Scopes::default(), Lifetime::Revoked)]).await;
    let url = database_url(folder.path());
    let secret = key(&url, &["create", "--name", "shop", "--scope", "admin,recommend", "--expires", "90d"]);
    assert!(ApiKey::parse(&secret).is_ok(), "{secret}");
    let listed: Vec<Value> = serde_json::from_str(&key(&url, &["list", "--json"])).unwrap();
    let [revoked, live] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((&revoked["state"], &live["state"]), (&"revoked".into(), &"live".into()));
    assert_eq!(live["scopes"], serde_json::json!(["recommend", "admin"]));
    let time = |name: &str| live[name].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    assert_eq!(time("expires_at") - time("created_at"), TimeDelta::days(90));
    let table = key(&url, &["list"]);
    assert!(table.contains("shop") && !table.contains(&secret[17..]), "{table}");
    let again = command().args(["key", "revoke", "0000000", "--database-url", &url]).output().unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("no live key has the id"));
    let audit = command().args(["audit", "--json", "--database-url", &url]).output().unwrap();
    let newest: Value =
        serde_json::from_slice(audit.stdout.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    assert_eq!((&newest["actor"], &newest["action"]), (&"command".into(), &"create_key".into()));
    assert_eq!(newest["subject"], format!("key:{}", &secret[10..17]));
}

#[tokio::test]
async fn an_address_that_others_can_reach_needs_keys_unless_the_flag_is_given() {
    let public = ["--bind", "0.0.0.0:0"];
    let folder = folder_with(&[]).await;
    let server = Server::start_with_arguments(Arc::clone(&folder), &public).await;
    assert!(server.log_text().contains("every request is refused"), "{}", server.log_text());
    assert_eq!(status_of(&server, PROFILE, None).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status_of(&server, "/readyz", None).await, StatusCode::OK);
    let secret = create(&database_url(folder.path()), "recommend");
    until("it is accepted", async || status_of(&server, PROFILE, Some(&secret)).await == StatusCode::OK)
        .await;
    drop(server);
    let insecure = ["--bind", "0.0.0.0:0", "--insecure"];
    let server = Server::start_with_arguments(folder, &insecure).await;
    assert!(server.log_text().contains("--insecure: no API keys are checked"), "{}", server.log_text());
    assert_eq!(status_of(&server, PROFILE, None).await, StatusCode::OK);
}

#[tokio::test]
async fn what_keys_do_is_in_the_audit_log_and_what_users_do_is_not() {
    let admin = numbered(1);
    let all = docent_auth::Scope::ALL.into_iter().collect();
    let server = Server::start_in(folder_with(&[(&admin, all, Lifetime::Live)]).await).await;
    let send = async |method: Method, path: &str, body: Value| {
        let request =
            server.request(method, path).bearer_auth(admin.reveal()).header("x-request-id", "audited");
        read(if body.is_null() { request } else { request.json(&body) }).await
    };
    let resources =
        serde_json::json!({ "resources": [{ "id": "a/b", "title": "A" }, { "id": "c", "title": "C" }] });
    assert_eq!(send(Method::POST, "/api/resources/ingest", resources).await.0, StatusCode::OK);
    let view = serde_json::json!({ "user_id": "ada", "resource_id": "c", "interaction_type": "view" });
    assert_eq!(send(Method::POST, "/api/interactions", view).await.0, StatusCode::CREATED);
    assert_eq!(send(Method::DELETE, "/api/resources/a%2Fb", Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(send(Method::DELETE, "/api/resources/a%2Fb", Value::Null).await.0, StatusCode::NOT_FOUND);
    assert_eq!(send(Method::DELETE, PROFILE, Value::Null).await.0, StatusCode::NO_CONTENT);
    let (status, log) = send(Method::GET, "/api/audit?limit=2", Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let before = log["next_before"].as_i64().unwrap();
    let (_, rest) = send(Method::GET, &format!("/api/audit?before={before}"), Value::Null).await;
    let entries =
        [log["entries"].as_array().unwrap().clone(), rest["entries"].as_array().unwrap().clone()].concat();
    let shown: Vec<(&str, &str, &str)> = entries
        .iter()
        .map(|entry| ["actor", "action", "subject"].map(|name| entry[name].as_str().unwrap_or_default()))
        .map(|[actor, action, subject]| (actor, action, subject))
        .collect();
    let actor = format!("key:{}", admin.id());
    let ada = docent::storage::user_reference(&"ada".parse().unwrap());
    assert_eq!(
        shown,
        [
            (actor.as_str(), "erase_user", ada.as_str()),
            (&actor, "delete_resource", "resource:a/b"),
            (&actor, "ingest_resources", "2 resources"),
            ("test", "create_key", ""),
        ]
    );
    assert_eq!(entries[0]["request_id"], "audited");
    let line = server.logged("audit").unwrap();
    assert_eq!((&line["action"], &line["actor"]), (&"ingest_resources".into(), &actor.as_str().into()));
    assert!(!server.log_text().contains("\"ada\""), "{}", server.log_text());
}

#[tokio::test]
async fn an_export_has_everything_about_its_user_and_nothing_about_others() {
    let server = Server::start().await;
    server.ingest_library().await;
    for user in ["ada", "bob"] {
        let rating = serde_json::json!({
            "user_id": user, "resource_id": "r1", "interaction_type": "rating", "rating": 4.5
        });
        assert_eq!(server.post("/api/interactions", &rating).await.0, StatusCode::CREATED);
    }
    let profile = serde_json::json!({ "research_domains": ["astronomy"] });
    assert_eq!(server.put(PROFILE, &profile).await.0, StatusCode::OK);
    let (_, list) = server.get("/api/recommendations?user_id=ada&limit=3").await;
    server.get("/api/recommendations?user_id=visitor&limit=2").await;
    let feedback = serde_json::json!({
        "recommendation_id": list["metadata"]["recommendation_id"],
        "resource_id": list["recommendations"][1]["resource_id"],
        "was_clicked": true, "was_useful": true, "feedback_notes": "fine"
    });
    assert_eq!(server.post("/api/recommendations/feedback", &feedback).await.0, StatusCode::OK);
    let (status, ada) = server.get("/api/profile/export?user_id=ada").await;
    assert_eq!(status, StatusCode::OK, "{ada}");
    assert_eq!(ada["profile"]["research_domains"], profile["research_domains"]);
    assert_eq!(
        (&ada["interactions"][0]["resource_id"], &ada["interactions"][0]["rating"]),
        (&"r1".into(), &4.5.into())
    );
    let impressions = ada["impressions"].as_array().unwrap();
    assert_eq!((ada["interactions"].as_array().unwrap().len(), impressions.len()), (1, 3));
    let rated: Vec<&Value> = impressions.iter().filter(|shown| shown["feedback_notes"] == "fine").collect();
    assert_eq!((rated.len(), &rated[0]["rank"]), (1, &2.into()));
    assert_eq!(ada["sessions"].as_array().unwrap().len(), 1);
    let (_, visitor) = server.get("/api/profile/export?user_id=visitor").await;
    assert_eq!(visitor["impressions"].as_array().unwrap().len(), 2);
    assert_eq!((&visitor["created_at"], &visitor["profile"]), (&Value::Null, &Value::Null));
    assert_eq!(server.get("/api/profile/export?user_id=nobody-yet").await.0, StatusCode::NOT_FOUND);
    assert_eq!(server.delete(PROFILE).await.0, StatusCode::NO_CONTENT);
    assert_eq!(server.get("/api/profile/export?user_id=ada").await.0, StatusCode::NOT_FOUND);
    assert_eq!(server.get("/api/profile/export?user_id=bob").await.0, StatusCode::OK);
}
