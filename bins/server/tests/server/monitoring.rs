use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Server, until};

async fn ok(server: &Server, path: &str) -> Value {
    let (status, body) = server.get(path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}

#[tokio::test]
async fn health_names_the_components_that_are_not_healthy() {
    let server = Server::start().await;
    let health = ok(&server, "/api/monitoring/health").await;
    assert_eq!(health["status"], "degraded", "{health}");
    let names: Vec<&str> =
        health["components"].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["database", "schema", "model", "catalogue", "impressions"]);
    assert_eq!(health["components"][0]["status"], "healthy", "{health}");
    assert!(health["message"].as_str().unwrap().contains("no model is published"), "{health}");
    server.store().await.rollback(1).await.unwrap();
    let health = ok(&server, "/api/monitoring/health").await;
    assert_eq!(
        (&health["status"], &health["components"][1]["status"]),
        (&json!("unhealthy"), &json!("unhealthy"))
    );
    assert_eq!(
        ok(&server, "/api/monitoring/model-health").await,
        json!({ "available": false, "model": null })
    );
}

#[tokio::test]
async fn impressions_interactions_and_feedback_are_counted_exactly() {
    let server = Server::start().await;
    server.ingest_library().await;
    let empty = ok(&server, "/api/monitoring/recommendation-quality").await;
    assert_eq!(empty["overall"]["ctr"], Value::Null);
    assert_eq!(
        (&empty["window"]["days"], &empty["catalogue"]["gini_coefficient"]),
        (&json!(7), &Value::Null)
    );

    let mut answers = Vec::new();
    for user in ["ida", "ulf"] {
        answers.push(ok(&server, &format!("/api/recommendations?user_id={user}&limit=3")).await);
    }
    for (answer, place, clicked, useful) in
        [(0, 0, true, Some(true)), (0, 1, true, Some(false)), (1, 0, false, Some(false)), (1, 2, true, None)]
    {
        let answer = &answers[answer];
        let feedback = json!({ "recommendation_id": answer["metadata"]["recommendation_id"],
            "resource_id": answer["recommendations"][place]["resource_id"], "was_clicked": clicked,
            "was_useful": useful });
        assert_eq!(server.post("/api/recommendations/feedback", &feedback).await.0, StatusCode::OK);
    }
    until("the impressions are written", || async {
        ok(&server, "/api/monitoring/recommendation-quality").await["overall"]["shown"] == 6
    })
    .await;
    let quality = ok(&server, "/api/monitoring/recommendation-quality?time_window_days=1").await;
    for part in [&quality["overall"], &quality["by_strategy"][0], &quality["by_model_version"][0]] {
        let counts = ["shown", "clicked", "rated", "useful"].map(|name| part[name].as_u64().unwrap());
        assert_eq!(counts, [6, 3, 3, 1], "{quality}");
        assert_eq!((&part["ctr"], &part["satisfaction"]), (&json!(0.5), &json!(1.0 / 3.0)), "{quality}");
        assert!(part["novelty"].is_number() && part["diversity"].is_number(), "{quality}");
    }
    assert_eq!(quality["by_strategy"][0]["name"], "hybrid");
    assert_eq!(quality["by_model_version"][0]["name"], Value::Null);
    let ranks = quality["by_rank"].as_array().unwrap();
    let ctrs: Vec<&Value> = ranks.iter().map(|of| &of["ctr"]).collect();
    assert_eq!(ctrs, [&json!(0.5), &json!(0.5), &json!(0.5)], "{quality}");
    let mut shown: Vec<&str> = answers
        .iter()
        .flat_map(|answer| answer["recommendations"].as_array().unwrap())
        .map(|of| of["resource_id"].as_str().unwrap())
        .collect();
    shown.sort_unstable();
    shown.dedup();
    assert_eq!(quality["catalogue"]["resources"], 24);
    assert_eq!(quality["catalogue"]["coverage"], json!(shown.len() as f64 / 24.0));

    for (user, kind) in [("ida", "view"), ("ida", "view"), ("ulf", "export")] {
        let done = json!({ "user_id": user, "resource_id": "r1", "interaction_type": kind });
        assert_eq!(server.post("/api/interactions", &done).await.0, StatusCode::CREATED);
    }
    let used = ok(&server, "/api/monitoring/user-engagement").await;
    assert_eq!(
        (&used["users"], &used["active_users"], &used["interactions"]),
        (&json!(2), &json!(2), &json!(3))
    );
    let views = json!({ "interaction_type": "view", "interactions": 2, "positive": 0 });
    let exports = json!({ "interaction_type": "export", "interactions": 1, "positive": 1 });
    assert_eq!(used["by_type"], json!([exports, views]));
    assert_eq!((&used["positive_rate"], &used["sessions"]), (&json!(1.0 / 3.0), &json!(2)));

    let fast = ok(&server, "/api/monitoring/performance").await;
    let stages = fast["stages"].as_array().unwrap();
    assert_eq!(stages.len(), 7);
    assert!(stages.iter().all(|of| of["count"] == 2), "{fast}");
    assert_eq!((&fast["cache"]["hits"], &fast["cache"]["misses"]), (&json!(0), &json!(2)));
    assert!(fast["queries"]["count"].as_u64().unwrap() > 0);
    assert_eq!(fast["impressions"]["written"], 6);
}

#[tokio::test]
async fn windows_are_of_1_to_90_days() {
    let server = Server::start().await;
    for route in ["recommendation-quality", "user-engagement"] {
        let path = format!("/api/monitoring/{route}");
        for (query, status) in [
            ("time_window_days=1", 200),
            ("time_window_days=90", 200),
            ("time_window_days=0", 422),
            ("time_window_days=91", 422),
            ("time_window_days=-7", 422),
            ("time_window_days=99999999999", 422),
            ("time_window_days=week", 400),
            ("days=7", 400),
        ] {
            let (found, body) = server.get(&format!("{path}?{query}")).await;
            assert_eq!(found.as_u16(), status, "{path}?{query}: {body}");
            if status == 422 {
                assert_eq!(body["error"]["details"]["field"], "time_window_days");
            }
        }
    }
}
