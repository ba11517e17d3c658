use std::collections::{HashMap, HashSet};

use docent_domain::Impression;
use sea_orm::{ConnectionTrait, Set, sea_query::OnConflict};

use super::keep_users;
use crate::{
    Store,
    entity::feedback::{ActiveModel, Column, Model},
    resources::find_resources,
    rollups::impressions::Tally,
    users::{find_erasures, find_users, hash_of_user},
};
use docent_database::{error::Result, sql, time::to_micros};

/// The key of a row: answer, resource, hash of the user.
type Key = (String, i64, i64);

fn key_of(row: &Model) -> Key {
    (row.recommendation_id.clone(), row.resource_id, row.user_hash)
}

impl Store {
    /// Writes impressions, in one transaction. An impression that has feedback already completes
    /// the row of the feedback. A row that was written as shown stays as it is. Impressions of
    /// unknown resources are left out. Users are not created: the impression of an unknown user is
    /// kept by hash, and that of a user who was erased since it was shown by nothing at all.
    ///
    /// Returns the number of impressions written.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn put_impressions(&self, impressions: &[Impression]) -> Result<u64> {
        let transaction = self.begin().await?;
        let rows = new_rows(&transaction, impressions).await?;
        let before = rows_of(&transaction, rows.iter().map(|(key, _)| key)).await?;
        adopt(&transaction, &rows, &before).await?;
        let shown: HashSet<Key> = before.iter().filter(|row| row.shown_at.is_some()).map(key_of).collect();
        let rows: Vec<(Key, ActiveModel)> =
            rows.into_iter().filter(|(key, _)| !shown.contains(key)).collect();
        let (keys, rows): (Vec<Key>, Vec<ActiveModel>) = rows.into_iter().unzip();
        let written = insert(&transaction, rows).await?;

        let mut tally = Tally::default();
        let written_keys: HashSet<&Key> = keys.iter().collect();
        // Read again, because feedback may have arrived meanwhile.
        let after = rows_of(&transaction, keys.iter()).await?;
        after.iter().filter(|row| written_keys.contains(&key_of(row))).for_each(|row| tally.shown(row));
        tally.write(&transaction).await?;
        transaction.commit().await?;
        Ok(written)
    }
}

/// Returns the rows of impressions, each once.
async fn new_rows(
    transaction: &impl ConnectionTrait,
    impressions: &[Impression],
) -> Result<Vec<(Key, ActiveModel)>> {
    let resources: Vec<&str> = impressions.iter().map(|i| i.resource_id.as_str()).collect();
    let resources = find_resources(transaction, &resources, true).await?;
    let users: Vec<&str> = impressions.iter().map(|i| i.user_id.as_str()).collect();
    let users = find_users(transaction, &users, keep_users(transaction)).await?;
    let hashes: HashSet<i64> = impressions.iter().map(|i| hash_of_user(i.user_id.as_str())).collect();
    let erasures = find_erasures(transaction, &hashes.into_iter().collect::<Vec<_>>()).await?;
    let mut seen = HashSet::new();
    let rows = impressions.iter().filter_map(|impression| {
        let resource_id = *resources.get(impression.resource_id.as_str())?;
        let shown_at = to_micros(impression.shown_at);
        let hash = hash_of_user(impression.user_id.as_str());
        let is_erased = erasures.get(&hash).is_some_and(|erased_at| shown_at <= *erased_at);
        let user_hash = if is_erased { 0 } else { hash };
        let key = (impression.recommendation_id.clone(), resource_id, user_hash);
        let variant = impression.variant.as_ref();
        seen.insert(key.clone()).then(|| {
            let row = ActiveModel {
                recommendation_id: Set(impression.recommendation_id.clone()),
                user_id: Set(users.get(impression.user_id.as_str()).copied().filter(|_| !is_erased)),
                user_hash: Set(user_hash),
                resource_id: Set(resource_id),
                strategy: Set(Some(impression.strategy.as_str().to_owned())),
                score: Set(Some(impression.score)),
                rank: Set(Some(i64::from(impression.rank))),
                model_version: Set(impression.model_version.clone()),
                novelty: Set(impression.novelty),
                diversity: Set(impression.diversity),
                experiment: Set(variant.map(|of| of.experiment.clone())),
                variant: Set(variant.map(|of| of.variant.clone())),
                shown_at: Set(Some(shown_at)),
                ..Default::default()
            };
            (key, row)
        })
    });
    Ok(rows.collect())
}

/// Returns the stored rows of the answers and resources of some keys, of every user.
async fn rows_of<'a>(
    transaction: &impl ConnectionTrait,
    keys: impl Iterator<Item = &'a Key>,
) -> Result<Vec<Model>> {
    let keys: HashSet<(&str, i64)> = keys.map(|(answer, resource, _)| (answer.as_str(), *resource)).collect();
    let backend = transaction.get_database_backend();
    let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
    let query = format!(
        "SELECT f.* FROM {rows} {join} recommendation_feedback f ON f.recommendation_id = k.value ->> 0 \
         AND f.resource_id = CAST(k.value ->> 1 AS bigint) ORDER BY f.id"
    );
    sql::select(transaction, query, [sql::json(&keys)?.into()]).await
}

/// Gives feedback that arrived before its impression, and named no user, to the user of the
/// impression.
async fn adopt(
    transaction: &impl ConnectionTrait,
    rows: &[(Key, ActiveModel)],
    before: &[Model],
) -> Result<()> {
    let owners: HashMap<(&str, i64), i64> =
        rows.iter().map(|((answer, resource, owner), _)| ((answer.as_str(), *resource), *owner)).collect();
    let there: HashSet<Key> = before.iter().map(key_of).collect();
    for row in before.iter().filter(|row| row.user_hash == 0 && row.shown_at.is_none()) {
        let Some(owner) = owners.get(&(row.recommendation_id.as_str(), row.resource_id)) else { continue };
        if there.contains(&(row.recommendation_id.clone(), row.resource_id, *owner)) {
            continue;
        }
        let query = "UPDATE recommendation_feedback SET user_hash = $1 WHERE id = $2";
        sql::execute(transaction, query, [(*owner).into(), row.id.into()]).await?;
    }
    Ok(())
}

async fn insert(transaction: &impl ConnectionTrait, rows: Vec<ActiveModel>) -> Result<u64> {
    let shown = [
        Column::UserId,
        Column::Strategy,
        Column::Score,
        Column::Rank,
        Column::ModelVersion,
        Column::Novelty,
        Column::Diversity,
        Column::Experiment,
        Column::Variant,
        Column::ShownAt,
    ];
    let complete = OnConflict::columns([Column::RecommendationId, Column::ResourceId, Column::UserHash])
        .update_columns(shown)
        .action_and_where(sea_orm::sea_query::Expr::cust("recommendation_feedback.shown_at IS NULL"))
        .to_owned();
    sql::insert_rows(transaction, rows, Some(complete)).await
}
