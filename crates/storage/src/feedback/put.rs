use docent_domain::{Feedback, UserId};
use docent_migration::person_hash;
use sea_orm::{ConnectionTrait, FromQueryResult, Set, sea_query::OnConflict};

use super::keep_users;
use crate::{
    Store,
    entity::feedback::{ActiveModel, Column, Model},
    error::{Result, StorageError},
    figures::impressions::Tally,
    resources::find_resources,
    sql,
    time::to_micros,
    users::{find_users, lock_users},
};

impl Store {
    /// Writes what came of a recommendation: completes the row of its impression, whose strategy, score and rank stay.
    /// What was never shown, or was shown to somebody else than the one who says so, is kept as feedback on something
    /// that was never shown, and touches no row of another. Newer feedback replaces older, but for what it says
    /// nothing of: a verdict and notes stay until there are others. Who says whether something was
    /// useful is made a user on first use. Whose feedback it is, where that is known.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] for an unknown resource, [`StorageError::Invalid`] for notes that are too long.
    pub async fn put_feedback(&self, feedback: &Feedback) -> Result<Option<UserId>> {
        feedback.check().map_err(|source| StorageError::Invalid { index: 0, source })?;
        let transaction = self.begin().await?;
        let resources = find_resources(&transaction, &[feedback.resource_id.as_str()], true).await?;
        let resource_id = resources.get(feedback.resource_id.as_str()).copied().ok_or_else(|| {
            StorageError::NotFound { what: "resource", id: feedback.resource_id.as_str().to_owned() }
        })?;
        let user: Vec<&str> = feedback.user_id.iter().map(UserId::as_str).collect();
        let known = match feedback.was_useful {
            Some(_) => lock_users(&transaction, user, feedback.at).await?,
            None => find_users(&transaction, &user, keep_users(&transaction)).await?,
        };
        let user_id = known.into_values().next();
        let user_hash = feedback.user_id.as_ref().map(|user| person_hash(user.as_str()));
        let mut owner = feedback.user_id.clone();
        // Somebody else may make the row between the look and the insert, once.
        for _ in 0..2 {
            if let Some(row) = row_for(&transaction, feedback, resource_id, user_hash).await? {
                complete(&transaction, &row, feedback, user_hash, user_id).await?;
                if let (None, Some(id)) = (&owner, row.user_id) {
                    owner = named(&transaction, id).await?;
                }
                break;
            }
            if insert(&transaction, feedback, resource_id, user_hash, user_id).await? {
                break;
            }
        }
        transaction.commit().await?;
        Ok(owner)
    }
}

#[derive(FromQueryResult)]
struct Name {
    external_id: String,
}

async fn named(transaction: &impl ConnectionTrait, user_id: i64) -> Result<Option<UserId>> {
    let query = "SELECT external_id FROM users WHERE id = $1";
    let row: Option<Name> = sql::select_one(transaction, query, [user_id.into()]).await?;
    let checked = |row: Name| {
        UserId::new(&row.external_id).map_err(|error| StorageError::corrupt("users", user_id, error))
    };
    row.map(checked).transpose()
}

/// The row that the feedback is on: the sayer's own; where nobody is named, the one that was shown. One that is
/// nobody's yet will do for both.
async fn row_for(
    transaction: &impl ConnectionTrait,
    feedback: &Feedback,
    resource_id: i64,
    user_hash: Option<i64>,
) -> Result<Option<Model>> {
    let query = format!(
        "SELECT * FROM recommendation_feedback WHERE recommendation_id = $1 AND resource_id = $2 ORDER BY id {}",
        sql::for_update(transaction.get_database_backend())
    );
    let values = [feedback.recommendation_id.as_str().into(), resource_id.into()];
    let mut rows: Vec<Model> = sql::select(transaction, query, values).await?;
    let own = rows.iter().position(|row| match user_hash {
        Some(hash) => row.user_hash == hash,
        None => row.shown_at.is_some(),
    });
    let nobodys = || rows.iter().position(|row| row.user_hash == 0 && row.user_id.is_none());
    Ok(own.or_else(nobodys).map(|place| rows.swap_remove(place)))
}

async fn complete(
    transaction: &impl ConnectionTrait,
    before: &Model,
    feedback: &Feedback,
    user_hash: Option<i64>,
    user_id: Option<i64>,
) -> Result<()> {
    // A verdict that stands is as old as it was: what the person did since may outweigh it.
    let verdict_stands = feedback.was_useful.is_none() && before.was_useful.is_some();
    let after = Model {
        was_clicked: Some(feedback.was_clicked),
        was_useful: feedback.was_useful.or(before.was_useful),
        feedback_notes: feedback.notes.clone().or_else(|| before.feedback_notes.clone()),
        feedback_at: before.feedback_at.filter(|_| verdict_stands).or(Some(to_micros(feedback.at))),
        user_id: before.user_id.or(user_id),
        user_hash: if before.user_hash == 0 { user_hash.unwrap_or(0) } else { before.user_hash },
        ..before.clone()
    };
    let query = "UPDATE recommendation_feedback SET was_clicked = $2, was_useful = $3, feedback_notes = $4, \
                 feedback_at = $5, user_id = $6, user_hash = $7 WHERE id = $1";
    let values = [
        after.id.into(),
        after.was_clicked.into(),
        after.was_useful.into(),
        after.feedback_notes.clone().into(),
        after.feedback_at.into(),
        after.user_id.into(),
        after.user_hash.into(),
    ];
    sql::execute(transaction, query, values).await?;
    let mut tally = Tally::default();
    tally.marked(before, &after);
    tally.write(transaction).await
}

/// Whether the row is new.
async fn insert(
    transaction: &impl ConnectionTrait,
    feedback: &Feedback,
    resource_id: i64,
    user_hash: Option<i64>,
    user_id: Option<i64>,
) -> Result<bool> {
    let row = ActiveModel {
        recommendation_id: Set(feedback.recommendation_id.clone()),
        resource_id: Set(resource_id),
        user_id: Set(user_id),
        user_hash: Set(user_hash.unwrap_or(0)),
        was_clicked: Set(Some(feedback.was_clicked)),
        was_useful: Set(feedback.was_useful),
        feedback_notes: Set(feedback.notes.clone()),
        feedback_at: Set(Some(to_micros(feedback.at))),
        ..Default::default()
    };
    let keep = OnConflict::columns([Column::RecommendationId, Column::ResourceId, Column::UserHash])
        .do_nothing()
        .to_owned();
    Ok(sql::insert_rows(transaction, vec![row], Some(keep)).await? > 0)
}
