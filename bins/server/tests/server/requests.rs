//! Filters, boosts, weights and pages on the wire.

use std::collections::HashSet;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::Server;

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

async fn ask(server: &Server, parameters: &[(&str, &str)]) -> (StatusCode, Value) {
    let query: String =
        parameters.iter().map(|(name, value)| format!("&{name}={}", encoded(value))).collect();
    server.get(&format!("/api/recommendations?user_id=ada{query}")).await
}

fn shown(answer: &Value) -> Vec<&str> {
    let recommendations = answer["recommendations"].as_array().unwrap();
    recommendations.iter().map(|shown| shown["resource_id"].as_str().unwrap()).collect()
}

async fn films() -> Server {
    let server = Server::start().await;
    let film = |n: u64| {
        let (subject, language) = [("horror", "en"), ("Comedy", "de-AT")][n as usize % 2];
        json!({ "id": format!("f{n}"), "title": format!("Film {n}"), "subjects": [subject],
            "language": language, "published_at": format!("{}-07-01", 1980 + n),
            "attributes": { "year": 1980 + n, "cast": [{ "name": format!("Actor {}", n % 3) }], "colour": n > 9 } })
    };
    let films: Vec<Value> = (0..40).map(film).collect();
    let (status, body) = server.post("/api/resources/ingest", &json!({ "resources": films })).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    server
}

#[tokio::test]
async fn a_filter_chooses_what_is_recommended() {
    let server = films().await;
    for (filter, expected) in [
        ("subjects = 'HORROR' AND attributes.year in 1990..1993", vec!["f10", "f12"]),
        ("language = \"de-at\" and published_at < 1984", vec!["f1", "f3"]),
        ("attributes.cast.name = 'Actor 2' AND NOT attributes.colour = true", vec!["f2", "f5", "f8"]),
        ("id in ('f7', 'nothing')", vec!["f7"]),
    ] {
        let (status, answer) = ask(&server, &[("filter", filter)]).await;
        assert_eq!(status, StatusCode::OK, "{filter}: {answer}");
        let found: HashSet<&str> = shown(&answer).into_iter().collect();
        assert_eq!(found, HashSet::from_iter(expected), "{filter}");
        assert_eq!(answer["metadata"]["next_cursor"], Value::Null);
    }
}

#[tokio::test]
async fn a_malformed_filter_or_boost_is_refused_with_position_and_expectation() {
    let server = Server::start().await;
    for (name, text, details) in [
        (
            "filter",
            "subjects = horror",
            json!({ "field": "filter", "position": 12, "expected": "text in quotes", "got": "\"horror\"" }),
        ),
        (
            "filter",
            "(quality > 0.5",
            json!({ "field": "filter", "position": 15, "expected": "AND, OR or )", "got": "the end" }),
        ),
        (
            "filter",
            "language = 'é' quality",
            json!({ "field": "filter", "position": 16, "expected": "AND, OR or the end", "got": "\"quality\"" }),
        ),
        (
            "filter",
            "quality > 'high'",
            json!({ "field": "filter", "position": 11, "expected": "a number", "got": "\"'high'\"" }),
        ),
        (
            "boost",
            "quality > 0.5",
            json!({ "field": "boost", "position": 14, "expected": "AND, OR or ^ and a factor", "got": "the end" }),
        ),
    ] {
        let (status, body) = ask(&server, &[(name, text)]).await;
        let error = &body["error"];
        assert_eq!(
            (status, &error["code"]),
            (StatusCode::BAD_REQUEST, &json!("invalid_expression")),
            "{text}: {body}"
        );
        assert_eq!(error["details"], details, "{text}");
    }
    let long = "x".repeat(4_001);
    let brackets = "(".repeat(4_000);
    let eleven = vec![("boost", "quality > 0.5 ^ 2"); 11];
    type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);
    let cases: [Case<'_>; 8] = [
        (&[("filter", brackets.as_str())], 400, "filter"),
        (&[("filter", long.as_str())], 422, "filter"),
        (&[("boost", long.as_str())], 422, "boost"),
        (&[("boost", "quality > 0.5 ^ 11")], 422, "boost"),
        (&eleven[..], 422, "boost"),
        (&[("weights", "content:1,content:2")], 400, "weights"),
        (&[("weights", "content:1;graph:2")], 400, "weights"),
        (&[("weights", "content:NaN")], 422, "weights.content"),
    ];
    for (parameters, status, field) in cases {
        let (found, body) = ask(&server, parameters).await;
        assert_eq!((found.as_u16(), &body["error"]["details"]["field"]), (status, &json!(field)), "{body}");
    }
}

#[tokio::test]
async fn a_boost_is_shown_where_it_is_felt() {
    let server = films().await;
    let (status, answer) = ask(&server, &[("boost", "subjects = 'comedy' ^ 2"), ("limit", "100")]).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let recommendations = answer["recommendations"].as_array().unwrap();
    assert_eq!(recommendations.len(), 40);
    for (place, shown) in recommendations.iter().enumerate() {
        let is_comedy = shown["resource_id"].as_str().unwrap()[1..].parse::<u64>().unwrap() % 2 == 1;
        assert_eq!(is_comedy, place < 20, "{shown}");
        assert_eq!(shown.get("boost"), is_comedy.then_some(&json!(2.0)), "{shown}");
    }
}

#[tokio::test]
async fn weights_are_taken_for_all_five_components() {
    let server = films().await;
    let weights = "collaborative:1,content:0,graph:0,quality:1,recency:2";
    let (status, answer) =
        ask(&server, &[("weights", weights), ("novelty", "0"), ("limit", "1"), ("diversity", "0")]).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let scores = &answer["recommendations"][0]["scores"];
    let of = |component: &str| scores[component].as_f64().unwrap();
    let expected = (of("collaborative") + of("quality") + 2.0 * of("recency")) / 4.0;
    let score = answer["recommendations"][0]["score"].as_f64().unwrap();
    assert!((score - expected).abs() < 1e-9, "{answer}");
    assert_eq!(shown(&answer), ["f39"]);
}

#[tokio::test]
async fn pages_follow_each_other_and_a_cursor_fits_only_its_own_request() {
    let server = films().await;
    let filter = ("filter", "attributes.year >= 1985");
    let (_, mut answer) = ask(&server, &[filter, ("limit", "8")]).await;
    let first = answer["metadata"]["next_cursor"].as_str().unwrap().to_owned();
    let mut found: Vec<String> = Vec::new();
    let mut pages = 1;
    loop {
        for (rank, item) in (found.len() + 1..).zip(answer["recommendations"].as_array().unwrap()) {
            assert_eq!(item["rank"], rank);
        }
        found.extend(shown(&answer).into_iter().map(str::to_owned));
        let Some(next) = answer["metadata"]["next_cursor"].as_str().map(str::to_owned) else { break };
        if pages == 1 {
            let dismissed =
                json!({ "user_id": "ada", "resource_id": found[0], "interaction_type": "dismiss" });
            assert_eq!(server.post("/api/interactions", &dismissed).await.0, StatusCode::CREATED);
        }
        answer = ask(&server, &[filter, ("limit", "8"), ("cursor", &next)]).await.1;
        pages += 1;
    }
    let distinct: HashSet<&String> = found.iter().collect();
    assert_eq!((pages, found.len(), distinct.len()), (5, 35, 35));

    let changed = format!("{}{}", &first[..first.len() - 1], if first.ends_with('x') { 'y' } else { 'x' });
    for parameters in [
        vec![("cursor", first.as_str())],
        vec![filter, ("cursor", first.as_str()), ("diversity", "0.1")],
        vec![filter, ("cursor", changed.as_str())],
        vec![filter, ("cursor", "2")],
    ] {
        let (status, body) = ask(&server, &parameters).await;
        let error = &body["error"];
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_cursor")), "{body}");
        assert_eq!(error["details"]["field"], "cursor");
        assert!(error["details"]["expected"].as_str().is_some_and(|text| text.contains("next_cursor")));
    }
    let (status, _) = server.get(&format!("/api/recommendations?user_id=bob&cursor={first}")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}
