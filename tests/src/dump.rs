use anyhow::Result;
use docent_storage::Store;

/// Returns every row of every table as text, whichever tables exist.
///
/// # Errors
/// Fails if the database fails.
pub async fn dump(store: &Store) -> Result<Vec<String>> {
    let query = async |sql: &str| Ok(store.raw_sql(sql).await?);
    docent_test_support::dump(store.backend() == "sqlite", query).await
}
