use docent_domain::{PREFERRED_AUTHORS_DAYS, preferred_authors};
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::resources;
use docent_database::{
    error::{Result, StorageError},
    sql,
};

const MICROS_PER_DAY: i64 = 86_400_000_000;

#[derive(FromQueryResult)]
struct Liked {
    user_id: i64,
    /// JSON array of texts, each the JSON array of the authors of one resource.
    authors: String,
}

#[derive(FromQueryResult)]
struct Exists {
    exists: i64,
}

/// Returns true if a resource has authors: catalogues without them teach none, and to find that out
/// user by user would read every history again at every tenth interaction.
async fn has_authors(transaction: &impl ConnectionTrait) -> Result<bool> {
    let query = "SELECT CAST(COUNT(*) AS bigint) AS \"exists\" FROM \
                 (SELECT id FROM resources WHERE authors <> '[]' LIMIT 1) found";
    let found: Option<Exists> = sql::select_one(transaction, query, []).await?;
    Ok(found.is_some_and(|row| row.exists > 0))
}

/// Learns the preferred authors of users from their positives of the days before their newest
/// interaction. Days count from there and not from today, so that a history imported years later
/// teaches the same. Positives without a time count, too: nothing says that they are older.
pub(crate) async fn relearn_authors(transaction: &impl ConnectionTrait, users: &[i64]) -> Result<()> {
    if users.is_empty() || !has_authors(transaction).await? {
        return Ok(());
    }
    let backend = transaction.get_database_backend();
    let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
    // One index search a user: DISTINCT over all of them would sort every positive by its authors.
    let query = format!(
        "SELECT p.user_id, (SELECT {gathered} FROM (SELECT DISTINCT i.resource_id FROM user_interactions i \
         WHERE i.user_id = p.user_id AND i.is_positive \
         AND (i.interaction_timestamp IS NULL OR i.interaction_timestamp > p.last_active_at - $2)) liked \
         {join} resources r ON r.id = liked.resource_id AND r.authors <> '[]') AS authors \
         FROM {rows} {join} user_profiles p ON p.user_id = CAST(CAST(k.value AS text) AS bigint)",
        gathered = sql::json_array_of(backend, "r.authors"),
    );
    let days = PREFERRED_AUTHORS_DAYS * MICROS_PER_DAY;
    let liked: Vec<Liked> = sql::select(transaction, query, [sql::json(users)?.into(), days.into()]).await?;

    let mut learned = Vec::with_capacity(liked.len());
    for row in liked {
        let texts: Vec<String> = serde_json::from_str(&row.authors).map_err(StorageError::database)?;
        let authors = texts.iter().map(|text| {
            sql::from_json(resources::TABLE, format_args!("liked by user {}", row.user_id), "authors", text)
        });
        let lists = authors.collect::<Result<Vec<Vec<String>>>>()?;
        learned.push((row.user_id, sql::json(&preferred_authors(lists.iter().map(Vec::as_slice)))?));
    }
    let update = format!(
        "UPDATE user_profiles SET preferred_authors = k.value ->> 1 FROM {rows} \
         WHERE user_profiles.user_id = CAST(k.value ->> 0 AS bigint)"
    );
    sql::execute(transaction, update, [sql::json(&learned)?.into()]).await.map(|_| ())
}
