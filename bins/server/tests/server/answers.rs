//! Successful responses of every route.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::Server;

#[tokio::test]
async fn resources_are_ingested_read_searched_compared_and_removed() {
    let server = Server::start().await;
    let book = json!({ "id": "isbn:1/2 ü?#%", "title": "Crime and Punishment", "authors": ["Dostoevsky"],
        "subjects": ["novel"], "source": "shelf", "language": "en", "url": "https://example.org/1",
        "published_at": "1866-01-31", "quality": 0.9, "attributes": { "pages": 671 }, "text": "A student in debt.",
        "links": [{ "target": "r0", "kind": "citation" }], "hidden": false });
    let path = "/api/resources/isbn%3A1%2F2%20%C3%BC%3F%23%25";
    for expected in ["created", "unchanged"] {
        let (status, body) = server.post("/api/resources/ingest", &json!({ "resources": [book] })).await;
        assert_eq!((status, &body["results"][0]["result"]), (StatusCode::OK, &json!(expected)), "{body}");
    }
    let mut changed = book.clone();
    changed["title"] = json!("Schuld und Sühne");
    let (_, body) = server.post("/api/resources/ingest", &json!({ "resources": [changed] })).await;
    assert_eq!(body["results"][0]["result"], "updated");
    server.ingest_library().await;

    let (status, found) = server.get(path).await;
    assert_eq!(status, StatusCode::OK, "{found}");
    let mut expected = changed;
    expected["published_at"] = json!("1866-01-31T00:00:00Z");
    expected["links"][0]["weight"] = json!(1.0);
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&found[field], value, "{field}");
    }

    let (_, page) = server.get("/api/resources?query=SÜHNE").await;
    assert_eq!(page["resources"].as_array().map(Vec::len), Some(1), "{page}");
    let (_, first) = server.get("/api/resources?limit=20").await;
    let (_, second) = server.get(&format!("/api/resources?limit=20&cursor={}", first["next_cursor"])).await;
    assert_eq!(first["resources"].as_array().map(Vec::len), Some(20));
    assert_eq!(
        (second["resources"].as_array().map(Vec::len), &second["next_cursor"]),
        (Some(5), &Value::Null)
    );

    let (status, near) = server.get("/api/resources/r0/similar?limit=3").await;
    assert_eq!((status, near["similar"].as_array().map(Vec::len)), (StatusCode::OK, Some(3)), "{near}");
    assert!(near["similar"][0]["reasons"][0]["kind"].is_string(), "{near}");
    assert_eq!(server.get(&format!("{path}/similar")).await.0, StatusCode::OK);

    assert_eq!(server.delete(path).await, (StatusCode::NO_CONTENT, Value::Null));
    assert_eq!(server.get(path).await.0, StatusCode::NOT_FOUND);
    assert_eq!(server.delete(path).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_resource_may_have_the_name_of_a_route() {
    let server = Server::start().await;
    let named = json!({ "resources": [{ "id": "ingest", "title": "On ingesting" }] });
    assert_eq!(server.post("/api/resources/ingest", &named).await.0, StatusCode::OK);
    assert_eq!(server.get("/api/resources/ingest").await.1["title"], "On ingesting");
    assert_eq!(server.delete("/api/resources/ingest").await.0, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_interaction_is_merged_with_its_repeats_and_counts_in_the_next_answer() {
    let server = Server::start().await;
    server.ingest_library().await;
    let view = json!({ "user_id": "ada", "resource_id": "r0", "interaction_type": "view", "dwell_seconds": 300,
        "scroll_depth": 0.5, "occurred_at": "2026-02-01T10:00:00Z" });
    let (status, first) = server.post("/api/interactions", &view).await;
    assert_eq!(status, StatusCode::CREATED, "{first}");
    for (field, expected) in [
        ("user_id", json!("ada")),
        ("resource_id", json!("r0")),
        ("interaction_type", json!("view")),
        ("interaction_strength", json!(0.45)),
        ("is_positive", json!(true)),
        ("return_visits", json!(0)),
        ("confidence", json!(0.225)),
        ("created_at", json!("2026-02-01T10:00:00Z")),
    ] {
        assert_eq!(first[field], expected, "{field}");
    }
    let (_, again) = server.post("/api/interactions", &view).await;
    assert_eq!((&again["interaction_id"], &again["return_visits"]), (&first["interaction_id"], &json!(1)));

    let (_, answer) = server.get("/api/recommendations?user_id=ada&limit=24").await;
    let ids: Vec<&Value> =
        answer["recommendations"].as_array().unwrap().iter().map(|r| &r["resource_id"]).collect();
    assert_eq!(ids.len(), 23, "{answer}");
    assert!(!ids.contains(&&json!("r0")), "what was chosen is not recommended again");
    assert_eq!(answer["metadata"]["interaction_count"], 2);
    let (_, answer) = server.get("/api/recommendations?user_id=ada&limit=100&include_seen=true").await;
    assert_eq!(answer["metadata"]["total"], 24);
}

#[tokio::test]
async fn an_interaction_happens_at_its_time_or_now_or_at_none_if_the_time_is_null() {
    let server = Server::start().await;
    server.ingest_library().await;
    let export = json!({ "user_id": "ada", "resource_id": "r0", "interaction_type": "export" });
    let with_time = |resource: &str, time: Value| {
        let mut export = export.clone();
        (export["resource_id"], export["occurred_at"]) = (json!(resource), time);
        export
    };
    let unknown = with_time("r1", Value::Null);
    let (status, recorded) = server.post("/api/interactions", &unknown).await;
    assert_eq!((status, recorded.get("created_at")), (StatusCode::CREATED, Some(&Value::Null)), "{recorded}");
    assert_eq!(server.get("/api/profile?user_id=ada").await.1["last_active_at"], Value::Null);
    let (_, engagement) = server.get("/api/monitoring/user-engagement").await;
    assert_eq!((&engagement["users"], &engagement["active_users"]), (&json!(1), &json!(0)), "{engagement}");

    let (_, live) = server.post("/api/interactions", &export).await;
    assert!(live["created_at"].is_string(), "{live}");
    let known = with_time("r1", json!("2026-02-01T10:00:00Z"));
    for again in [known, unknown] {
        let (_, recorded) = server.post("/api/interactions", &again).await;
        assert_eq!(recorded["created_at"], "2026-02-01T10:00:00Z", "a time beats none: {recorded}");
    }
    assert_eq!(server.get("/api/profile?user_id=ada").await.1["total_interactions"], 4);
}

#[tokio::test]
async fn a_batch_records_what_it_can_and_says_what_it_could_not() {
    let server = Server::start().await;
    server.ingest_library().await;
    let one =
        |resource: &str| json!({ "user_id": "bob", "resource_id": resource, "interaction_type": "export" });
    let (status, body) =
        server.post("/api/interactions", &json!({ "interactions": [one("r0"), one("r1")] })).await;
    assert_eq!((status, body["results"].as_array().map(Vec::len)), (StatusCode::CREATED, Some(2)));
    let (status, body) =
        server.post("/api/interactions", &json!({ "interactions": [one("no"), one("r2")] })).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["results"][0], json!({ "result": "unknown_resource", "resource_id": "no" }));
    assert_eq!(body["results"][1]["result"], "recorded");
    assert_eq!(body["results"][1]["interaction"]["resource_id"], "r2");
    assert_eq!(server.get("/api/profile?user_id=bob").await.1["total_interactions"], 3);
}

#[tokio::test]
async fn a_new_user_gets_a_full_list_that_says_how_it_came_about() {
    let server = Server::start().await;
    server.ingest_library().await;
    let (status, answer) = server.get("/api/recommendations?user_id=new").await;
    assert_eq!(status, StatusCode::OK);
    let shown = answer["recommendations"].as_array().unwrap();
    assert_eq!(shown.len(), 20);
    for (rank, item) in (1..).zip(shown) {
        assert_eq!(item["rank"], rank);
        for field in ["resource_id", "title", "strategy"] {
            assert!(item[field].is_string(), "{field}: {item}");
        }
        for field in ["score", "novelty_score", "view_count"] {
            assert!(item[field].is_number(), "{field}: {item}");
        }
        let scores: Vec<&str> = item["scores"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(scores, ["collaborative", "content", "graph", "quality", "recency"]);
        assert!(item["reasons"].is_array());
    }
    let metadata = &answer["metadata"];
    assert_eq!((&metadata["total"], &metadata["is_cold_start"]), (&json!(20), &json!(true)));
    assert_eq!(metadata["model_version"], Value::Null);
    assert!(metadata["degraded"].as_array().unwrap().contains(&json!("no_model")), "{metadata}");
    for field in ["recommendation_id", "strategy", "gini_coefficient", "diversity_applied", "novelty_applied"]
    {
        assert!(!metadata[field].is_null(), "{field}: {metadata}");
    }
    assert_eq!(server.get("/api/profile?user_id=new").await.0, StatusCode::OK);
    assert_eq!(server.store().await.counts().await.unwrap().users, 0, "asking writes nothing");
}

#[tokio::test]
async fn zero_is_a_value_like_any_other() {
    let server = Server::start().await;
    server.ingest_library().await;
    let (_, answer) =
        server.get("/api/recommendations?user_id=zoe&diversity=0&novelty=0&min_quality=0").await;
    assert_eq!(answer["metadata"]["diversity_preference"], 0.0);
    assert_eq!(answer["metadata"]["diversity_applied"], false);
    assert_eq!(answer["metadata"]["novelty_preference"], 0.0);
    assert_eq!(answer["metadata"]["novelty_applied"], false);
    let (status, profile) =
        server.put("/api/profile?user_id=zoe", &json!({ "diversity_preference": 0 })).await;
    assert_eq!((status, &profile["diversity_preference"]), (StatusCode::OK, &json!(0.0)));
    let (_, answer) = server.get("/api/recommendations?user_id=zoe").await;
    assert_eq!(answer["metadata"]["diversity_preference"], 0.0);
    assert_eq!(answer["metadata"]["novelty_preference"], 0.0);
}

#[tokio::test]
async fn a_request_chooses_strategy_weights_and_exclusions() {
    let server = Server::start().await;
    server.ingest_library().await;
    let query =
        "user_id=eve&strategy=hybrid&weights=quality:1&exclude=r0,r1&exclude=r2&limit=100&min_quality=0.5";
    let (status, answer) = server.get(&format!("/api/recommendations?{query}")).await;
    assert_eq!((status, &answer["metadata"]["total"]), (StatusCode::OK, &json!(21)), "{answer}");
    let shown = answer["recommendations"].as_array().unwrap();
    assert!(shown.iter().all(|item| !["r0", "r1", "r2"].contains(&item["resource_id"].as_str().unwrap())));
    let (_, none) = server.get("/api/recommendations?user_id=eve&min_quality=0.95").await;
    assert_eq!(none["metadata"]["total"], 0);
}

#[tokio::test]
async fn a_profile_is_changed_field_by_field_and_erased_with_all_data() {
    let server = Server::start().await;
    server.ingest_library().await;
    let path = "/api/profile?user_id=mia%2Fx";
    let (_, defaults) = server.get(path).await;
    assert_eq!((&defaults["user_id"], &defaults["diversity_preference"]), (&json!("mia/x"), &json!(0.25)));
    assert_eq!(server.delete(path).await.0, StatusCode::NOT_FOUND);
    let wishes =
        json!({ "research_domains": ["astronomy"], "active_domain": "optics", "novelty_preference": 0 });
    assert_eq!(server.put(path, &wishes).await.0, StatusCode::OK);
    let (_, changed) =
        server.put(path, &json!({ "active_domain": null, "excluded_sources": ["spam"] })).await;
    assert_eq!(changed["research_domains"], json!(["astronomy"]));
    assert_eq!(changed["active_domain"], Value::Null);
    assert_eq!(changed["novelty_preference"], 0.0);
    assert_eq!(server.get(path).await.1, changed);
    let view = json!({ "user_id": "mia/x", "resource_id": "r0", "interaction_type": "view" });
    assert_eq!(server.post("/api/interactions", &view).await.0, StatusCode::CREATED);
    assert_eq!(server.delete(path).await, (StatusCode::NO_CONTENT, Value::Null));
    assert_eq!(server.get(path).await.1, defaults);
}

#[tokio::test]
async fn feedback_completes_what_was_shown() {
    let server = Server::start().await;
    server.ingest_library().await;
    let (_, answer) = server.get("/api/recommendations?user_id=ida&limit=2").await;
    let id = answer["metadata"]["recommendation_id"].as_str().unwrap();
    let resource = &answer["recommendations"][0]["resource_id"];
    let feedback = json!({ "recommendation_id": id, "resource_id": resource, "was_clicked": true, "was_useful": false,
        "feedback_notes": "knew it" });
    let (status, body) = server.post("/api/recommendations/feedback", &feedback).await;
    assert_eq!((status, &body["recommendation_id"]), (StatusCode::OK, &json!(id)), "{body}");
    let store = server.store().await;
    crate::harness::until("both impressions are written", || async {
        store.feedback_of(id).await.unwrap().iter().filter(|row| row.shown_at.is_some()).count() == 2
    })
    .await;
    let rows = store.feedback_of(id).await.unwrap();
    assert_eq!((rows[0].was_clicked, rows[0].was_useful, rows[0].rank), (Some(true), Some(false), Some(1)));
    assert_eq!(rows[1].was_clicked, None);
}
