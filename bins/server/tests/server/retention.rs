use std::{fs, sync::Arc};

use docent::{
    Resource,
    storage::{Store, StoreConfig},
};

use crate::harness::{Server, command, database_url, until};

/// Inserts impressions of 450 days ago, each in a list of its own; every hundredth has a verdict.
const OLD: &str = "WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 1200) \
    INSERT INTO recommendation_feedback (recommendation_id, resource_id, strategy, rank, shown_at, was_useful) \
    SELECT 'answer-' || n, (SELECT id FROM resources), 'hybrid', 1, (unixepoch() - 450 * 86400) * 1000000, \
    CASE WHEN n % 100 = 0 THEN true END FROM n";

#[tokio::test]
async fn impressions_are_deleted_when_they_are_old_and_the_log_says_how_many() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let store = Store::connect(&StoreConfig::new(database_url(folder.path()))).await.unwrap();
    store.migrate().await.unwrap();
    let resource = Resource::new("r".parse().unwrap(), "R");
    store.upsert_resources(&[resource], chrono::Utc::now()).await.unwrap();
    store.raw_sql(OLD).await.unwrap();
    let server = Server::start_in(Arc::clone(&folder)).await;
    until("they are deleted", async || server.logged("deleted old impressions").is_some()).await;
    assert_eq!(server.logged("deleted old impressions").unwrap()["deleted"], 1_188);
    let left = store.raw_sql("SELECT recommendation_id FROM recommendation_feedback WHERE was_useful").await;
    assert_eq!(left.unwrap().len(), 12);
}

#[test]
fn a_retention_that_windows_reach_beyond_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("docent.toml");
    fs::write(&file, "[engine]\nimpression_retention_days = 30\n").unwrap();
    let refused = command().arg("serve").env("DOCENT_CONFIG", &file).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains("impression_retention_days: expected at least 90 days"), "{said}");
    assert!(said.contains("got 30"), "{said}");
}
