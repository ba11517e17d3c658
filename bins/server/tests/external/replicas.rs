//! Two servers on one PostgreSQL database.

use std::sync::Arc;

use docent_test_support::Database;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Server, until};

async fn two(database: &Database) -> anyhow::Result<(Server, Server)> {
    // A day in the cache, so that what is seen has come from the log of changes.
    let variables =
        [("DOCENT_DATABASE_URL", database.url()), ("DOCENT_ENGINE__CACHED_USER_SECONDS", "86400")];
    let a = Server::start_with(Arc::new(tempfile::tempdir()?), &variables).await;
    let b = Server::start_with(Arc::new(tempfile::tempdir()?), &variables).await;
    a.ingest_library().await;
    until("the other server has the library", async || listed(&b, "nobody").await.len() == 24).await;
    Ok((a, b))
}

/// Returns the ids of all resources that a server recommends to a user.
async fn listed(server: &Server, user: &str) -> Vec<String> {
    let (status, answer) = server.get(&format!("/api/recommendations?user_id={user}&limit=100")).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let ids = answer["recommendations"].as_array().into_iter().flatten();
    ids.filter_map(|one| one["resource_id"].as_str().map(str::to_owned)).collect()
}

pub async fn what_one_server_is_told_counts_in_the_answers_of_the_other(
    database: &Database,
) -> anyhow::Result<()> {
    let (a, b) = two(database).await?;
    assert!(listed(&b, "ada").await.contains(&"r3".to_owned()));
    let dismissal = json!({ "user_id": "ada", "resource_id": "r3", "interaction_type": "dismiss" });
    assert_eq!(a.post("/api/interactions", &dismissal).await.0, StatusCode::CREATED);
    until("the dismissal counts", async || !listed(&b, "ada").await.contains(&"r3".to_owned())).await;

    // Feedback on an answer of the other server, before its impressions are stored.
    let (_, answer) = b.get("/api/recommendations?user_id=ada&limit=1").await;
    let shown = answer["recommendations"][0]["resource_id"].as_str().unwrap().to_owned();
    let feedback = json!({
        "recommendation_id": answer["metadata"]["recommendation_id"],
        "resource_id": shown, "was_clicked": true, "was_useful": true,
    });
    assert_eq!(a.post("/api/recommendations/feedback", &feedback).await.0, StatusCode::OK);
    until("the feedback counts", async || !listed(&b, "ada").await.contains(&shown)).await;

    assert_eq!(a.delete("/api/profile?user_id=ada").await.0, StatusCode::NO_CONTENT);
    until("the user is erased", async || listed(&b, "ada").await.contains(&"r3".to_owned())).await;
    let metrics = b.request(Method::GET, "/metrics").send().await?.text().await?;
    assert!(metrics.contains("docent_changes_notified 1"), "notifications arrive");
    Ok(())
}

pub async fn concurrent_changes_of_one_profile_through_two_servers_lose_none(
    database: &Database,
) -> anyhow::Result<()> {
    let (a, b) = two(database).await?;
    for round in 0..25 {
        let share = f64::from(round) / 100.0;
        let sources = json!([format!("source-{round}")]);
        let changes = [
            ("diversity_preference", json!(share)),
            ("novelty_preference", json!(share)),
            ("recency_bias", json!(share)),
            ("preferred_sources", sources),
        ];
        let put = async |server: &Server, (field, value): &(&str, Value)| {
            server.put("/api/profile?user_id=ada", &json!({ *field: value })).await.0
        };
        let [one, two, three, four] = &changes;
        let done = tokio::join!(put(&a, one), put(&b, two), put(&a, three), put(&b, four));
        assert_eq!(done, (StatusCode::OK, StatusCode::OK, StatusCode::OK, StatusCode::OK));
        let (_, profile) = b.get("/api/profile?user_id=ada").await;
        for (field, value) in &changes {
            assert_eq!(profile[*field], *value, "round {round}: {profile}");
        }
    }
    Ok(())
}
