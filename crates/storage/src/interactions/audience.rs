use docent_domain::UserId;
use sea_orm::FromQueryResult;

use super::merge::TABLE;
use crate::Store;
use docent_database::{
    error::{Result, StorageError},
    sql,
};

#[derive(FromQueryResult)]
struct Named {
    id: i64,
    name: String,
}

impl Store {
    /// Returns users who like some of the resources, given by row id and weight, and have not
    /// interacted with the resource `unseen`: at most `limit`, those with the largest sum of weight
    /// times strength first. Reads the positives of all the resources.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn users_who_like(
        &self,
        resources: &[(i64, f64)],
        unseen: i64,
        limit: u64,
    ) -> Result<Vec<UserId>> {
        let backend = self.reader().get_database_backend();
        let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
        let query = format!(
            "SELECT u.id, u.external_id AS name FROM (SELECT i.user_id, \
             SUM(i.interaction_strength * CAST(k.value ->> 1 AS double precision)) AS liking \
             FROM {rows} {join} user_interactions i ON i.resource_id = CAST(k.value ->> 0 AS bigint) \
             AND i.is_positive WHERE NOT EXISTS (SELECT 1 FROM user_interactions s \
             WHERE s.user_id = i.user_id AND s.resource_id = $2) \
             GROUP BY i.user_id ORDER BY liking DESC, i.user_id LIMIT $3) liked \
             JOIN users u ON u.id = liked.user_id ORDER BY liked.liking DESC, liked.user_id"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = [sql::json(resources)?.into(), unseen.into(), limit.into()];
        let rows: Vec<Named> = sql::select(self.reader(), query, values).await?;
        let corrupt = |id: i64| move |error| StorageError::corrupt(TABLE, id, error);
        rows.into_iter().map(|row| UserId::new(&row.name).map_err(corrupt(row.id))).collect()
    }
}
