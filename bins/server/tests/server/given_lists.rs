//! Lists that the caller gives or narrows: ranked lists, and pages of similar resources.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::Server;

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|of| of["resource_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_given_list_is_ranked_whole_for_a_user_or_a_history() {
    let server = Server::start().await;
    server.ingest_library().await;
    let hidden = json!({ "resources": [{ "id": "h", "title": "Hidden", "hidden": true }] });
    assert_eq!(server.post("/api/resources/ingest", &hidden).await.0, StatusCode::OK);
    for (resource, kind) in [("r0", "export"), ("r2", "export"), ("r5", "dismiss")] {
        let interaction = json!({ "user_id": "ada", "resource_id": resource, "interaction_type": kind });
        assert_eq!(server.post("/api/interactions", &interaction).await.0, StatusCode::CREATED);
    }
    let given = json!(["r1", "r4", "r3", "r6", "r5", "r0", "h", "nowhere", "r4"]);
    for body in [
        json!({ "user_id": "ada", "resource_ids": given, "novelty": 0 }),
        json!({ "history": ["r8", "r10"], "resource_ids": given, "novelty": 0 }),
    ] {
        let (status, answer) = server.post("/api/recommendations/rank", &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let ranked = ids(&answer["recommendations"]);
        let all: BTreeSet<&str> = ranked.iter().copied().collect();
        assert_eq!((ranked.len(), all), (6, BTreeSet::from(["r0", "r1", "r3", "r4", "r5", "r6"])));
        let first: BTreeSet<&str> = ranked.into_iter().take(3).collect();
        assert_eq!(first, BTreeSet::from(["r0", "r4", "r6"]), "astronomy first: {answer}");
        let metadata = &answer["metadata"];
        assert_eq!(metadata["unknown_resources"], json!(["h", "nowhere"]));
        assert_eq!((&metadata["next_cursor"], &metadata["shortfall"]), (&Value::Null, &json!([])));
    }
    let (status, _) = server.post("/api/recommendations/rank", &json!({ "resource_ids": ["r1"] })).await;
    assert_eq!(status, StatusCode::OK, "for a new user");
}

#[tokio::test]
async fn similar_resources_are_filtered_excluded_and_paged() {
    let server = Server::start().await;
    server.ingest_library().await;
    let (_, all) = server.get("/api/resources/r0/similar?limit=100").await;
    assert_eq!((ids(&all["similar"]).len(), &all["next_cursor"]), (23, &Value::Null), "{all}");
    let options = "filter=subjects%20%3D%20%27gardening%27&exclude=r1,r3&exclude=r5&limit=4";
    let (mut path, mut pages) = (format!("/api/resources/r0/similar?{options}"), Vec::new());
    loop {
        let (status, page) = server.get(&path).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        pages.push(ids(&page["similar"]).into_iter().map(str::to_owned).collect::<Vec<_>>());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/resources/r0/similar?{options}&cursor={cursor}");
        let other = format!("/api/resources/r2/similar?{options}&cursor={cursor}");
        assert_eq!(server.get(&other).await.0, StatusCode::BAD_REQUEST, "a cursor of another list");
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 1]);
    let found: BTreeSet<String> = pages.concat().into_iter().collect();
    let expected = ["r7", "r9", "r11", "r13", "r15", "r17", "r19", "r21", "r23"];
    assert_eq!(found, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn what_is_published_later_waits_for_its_day() {
    let server = Server::start().await;
    let soon = chrono::Utc::now() + chrono::TimeDelta::days(2);
    let resource = |id: &str, at: String| {
        json!({ "id": id, "title": format!("Title {id}"), "published_at": at,
        "text": "The same words in each of them." })
    };
    let resources = json!({ "resources": [resource("now", "2020-01-01".into()), resource("old", "2019".into()),
        resource("later", soon.to_rfc3339())] });
    let resources = resources.to_string().replace("\"2019\"", "\"2019-01-01\"");
    let resources: Value = serde_json::from_str(&resources).unwrap();
    assert_eq!(server.post("/api/resources/ingest", &resources).await.0, StatusCode::OK);
    for (path, list, expected) in [
        ("/api/recommendations?user_id=ada", "recommendations", vec!["now", "old"]),
        (
            "/api/recommendations?user_id=ada&include_unpublished=true",
            "recommendations",
            vec!["later", "now", "old"],
        ),
        ("/api/resources/now/similar", "similar", vec!["old"]),
        ("/api/resources/now/similar?include_unpublished=true", "similar", vec!["later", "old"]),
    ] {
        let (_, answer) = server.get(path).await;
        let mut found = ids(&answer[list]);
        found.sort_unstable();
        assert_eq!(found, expected, "{path}: {answer}");
    }
    let (_, answer) = server.get("/api/recommendations?user_id=ada").await;
    let shortfall =
        json!([{ "reason": "catalogue", "resources": 3 }, { "reason": "unpublished", "resources": 1 }]);
    assert_eq!(answer["metadata"]["shortfall"], shortfall);
    let server = Server::start_with(server.folder(), &[("DOCENT_ENGINE__INCLUDE_UNPUBLISHED", "true")]).await;
    let (_, answer) = server.get("/api/recommendations?user_id=ada").await;
    assert_eq!(ids(&answer["recommendations"]).len(), 3, "{answer}");
}

#[tokio::test]
async fn what_was_viewed_is_seen_unless_the_request_or_the_configuration_narrows_it() {
    let server = Server::start().await;
    server.ingest_library().await;
    for (resource, kind) in [("r0", "view"), ("r1", "export"), ("r2", "dismiss")] {
        let interaction = json!({ "user_id": "ada", "resource_id": resource, "interaction_type": kind });
        assert_eq!(server.post("/api/interactions", &interaction).await.0, StatusCode::CREATED);
    }
    let path = "/api/recommendations?user_id=ada&limit=100";
    let missing = async |server: &Server, options: &str| {
        let (_, answer) = server.get(&format!("{path}{options}")).await;
        let shown = ids(&answer["recommendations"]).into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
        (0..24).map(|n| format!("r{n}")).filter(|id| !shown.contains(id)).collect::<Vec<_>>()
    };
    assert_eq!(missing(&server, "").await, ["r0", "r1", "r2"]);
    assert_eq!(missing(&server, "&seen=any").await, ["r0", "r1", "r2"]);
    assert_eq!(missing(&server, "&seen=positive").await, ["r1", "r2"]);
    assert_eq!(missing(&server, "&include_seen=true").await, ["r2"]);
    let (_, answer) = server.get(path).await;
    let shortfall = json!([{ "reason": "catalogue", "resources": 24 }, { "reason": "seen", "resources": 3 }]);
    assert_eq!(answer["metadata"]["shortfall"], shortfall, "a dismissed resource is seen, too");
    let server = Server::start_with(server.folder(), &[("DOCENT_ENGINE__SEEN", "positive")]).await;
    assert_eq!(missing(&server, "").await, ["r1", "r2"]);
    assert_eq!(missing(&server, "&seen=any").await, ["r0", "r1", "r2"]);
}

#[tokio::test]
async fn a_quality_outlier_is_shown_where_the_request_names_qualities_or_the_resource() {
    let server = Server::start().await;
    server.ingest_library().await;
    let low = json!({ "resources": [{ "id": "low", "title": "Low", "quality": 0.05 }] });
    assert_eq!(server.post("/api/resources/ingest", &low).await.0, StatusCode::OK);
    // The bounds of the catalogue are computed after a change.
    let server = server.restart().await;
    let path = "/api/recommendations?user_id=ada&limit=100";
    let (_, answer) = server.get(path).await;
    assert_eq!(ids(&answer["recommendations"]).len(), 24, "{answer}");
    let shortfall =
        json!([{ "reason": "catalogue", "resources": 25 }, { "reason": "quality_outlier", "resources": 1 }]);
    assert_eq!(answer["metadata"]["shortfall"], shortfall);
    for (options, expected) in
        [("&filter=id%20%3D%20%27low%27", 1), ("&min_quality=0", 25), ("&min_quality=0.1", 24)]
    {
        let (_, answer) = server.get(&format!("{path}{options}")).await;
        assert_eq!(ids(&answer["recommendations"]).len(), expected, "{options}: {answer}");
    }
}

#[tokio::test]
async fn the_audience_of_a_resource_likes_similar_ones_and_does_not_know_it() {
    let server = Server::start().await;
    server.ingest_library().await;
    // Even resources are on astronomy, odd ones on gardening.
    let interactions = [
        ("star", "r0", "export"),
        ("star", "r2", "export"),
        ("planter", "r1", "export"),
        ("planter", "r3", "export"),
        ("both", "r4", "export"),
        ("both", "r5", "export"),
        ("knows it", "r0", "export"),
        ("knows it", "r6", "view"),
    ];
    let all: Vec<Value> = interactions
        .iter()
        .map(|(user, resource, kind)| json!({ "user_id": user, "resource_id": resource, "interaction_type": kind }))
        .collect();
    let (status, _) = server.post("/api/interactions", &json!({ "interactions": all })).await;
    assert_eq!(status, StatusCode::CREATED);
    let (status, audience) = server.get("/api/resources/r6/audience?limit=2").await;
    assert_eq!(status, StatusCode::OK, "{audience}");
    let users: Vec<&Value> = audience["users"].as_array().unwrap().iter().map(|of| &of["user_id"]).collect();
    assert_eq!(users, ["star", "both"], "{audience}");
    let (_, audience) = server.get("/api/resources/r6/audience").await;
    assert!(!audience.to_string().contains("knows it"), "{audience}");
}
