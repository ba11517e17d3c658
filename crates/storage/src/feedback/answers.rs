//! Answers with the list of their resources. With its first feedback an impression leaves the list
//! for a row of its own, so that each is in one place.

use std::collections::BTreeSet;

use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ConnectionTrait, DbBackend, IntoActiveModel, Set,
    sea_query::OnConflict,
};

use super::items::{Item, decode, encode};
use crate::entity::{
    answer::{ActiveModel, Entity, Model},
    feedback,
};
use docent_changes::hash_of_user;
use docent_database::{
    error::{Result, StorageError},
    sql,
};

pub(super) const TABLE: &str = "recommendation_answers";

/// Makes transactions on one answer wait for each other, since feedback and impressions each look
/// for what the other writes. SQLite has one writer anyway. Taken before any other lock.
pub(super) async fn lock(transaction: &impl ConnectionTrait, answers: &BTreeSet<&str>) -> Result<()> {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let hashes: BTreeSet<i64> = answers.iter().map(|answer| hash_of_user(answer)).collect();
    let query = "SELECT COUNT(pg_advisory_xact_lock(CAST(k.value AS bigint))) FROM \
                 json_array_elements_text(CAST($1 AS json)) AS k(value)";
    sql::execute(transaction, query, [sql::json(&hashes)?.into()]).await.map(|_| ())
}

/// Returns the rows of some answers, locked.
pub(super) async fn find(
    transaction: &impl ConnectionTrait,
    answers: &BTreeSet<&str>,
) -> Result<Vec<(Model, Vec<Item>)>> {
    let backend = transaction.get_database_backend();
    let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
    let (name, locking) = match backend {
        DbBackend::Postgres => ("k.value #>> '{}'", "FOR UPDATE OF a"),
        _ => ("k.value", ""),
    };
    let query = format!(
        "SELECT {} FROM {rows} {join} recommendation_answers a ON a.recommendation_id = {name} \
         ORDER BY a.id {locking}",
        sql::columns::<Entity>("a.")
    );
    let found: Vec<Model> = sql::select(transaction, query, [sql::json(answers)?.into()]).await?;
    found.into_iter().map(with_items).collect()
}

/// Returns the answers of an id, to read only.
pub(super) async fn read(
    connection: &impl ConnectionTrait,
    recommendation_id: &str,
) -> Result<Vec<(Model, Vec<Item>)>> {
    let columns = sql::columns::<Entity>("");
    let query =
        format!("SELECT {columns} FROM recommendation_answers WHERE recommendation_id = $1 ORDER BY id");
    let found: Vec<Model> = sql::select(connection, query, [recommendation_id.into()]).await?;
    found.into_iter().map(with_items).collect()
}

/// Returns the answers to a user, to read only.
pub(super) async fn read_of_user(
    connection: &impl ConnectionTrait,
    hash: i64,
) -> Result<Vec<(Model, Vec<Item>)>> {
    let columns = sql::columns::<Entity>("");
    let query = format!("SELECT {columns} FROM recommendation_answers WHERE user_hash = $1 ORDER BY id");
    let found: Vec<Model> = sql::select(connection, query, [hash.into()]).await?;
    found.into_iter().map(with_items).collect()
}

fn with_items(answer: Model) -> Result<(Model, Vec<Item>)> {
    let items = decode(&answer.items)
        .ok_or_else(|| StorageError::corrupt(TABLE, answer.id, "its list of resources is damaged"))?;
    Ok((answer, items))
}

/// Inserts answers with their lists.
pub(super) async fn insert(transaction: &impl ConnectionTrait, answers: &[(Model, Vec<Item>)]) -> Result<()> {
    let rows = answers.iter().map(|(answer, items)| ActiveModel {
        recommendation_id: Set(answer.recommendation_id.clone()),
        user_id: Set(answer.user_id),
        user_hash: Set(answer.user_hash),
        strategy: Set(answer.strategy.clone()),
        model_version: Set(answer.model_version.clone()),
        diversity: Set(answer.diversity),
        experiment: Set(answer.experiment.clone()),
        variant: Set(answer.variant.clone()),
        shown_at: Set(answer.shown_at),
        kept_share: Set(answer.kept_share),
        items: Set(encode(items)),
        ..Default::default()
    });
    sql::insert_rows(transaction, rows.collect(), None).await.map(|_| ())
}

/// Replaces the list of an answer; deletes an answer whose list is empty.
pub(super) async fn update(transaction: &impl ConnectionTrait, answer: i64, items: &[Item]) -> Result<()> {
    if items.is_empty() {
        let delete = "DELETE FROM recommendation_answers WHERE id = $1";
        return sql::execute(transaction, delete, [answer.into()]).await.map(|_| ());
    }
    let update = "UPDATE recommendation_answers SET items = $2 WHERE id = $1";
    sql::execute(transaction, update, [answer.into(), encode(items).into()]).await.map(|_| ())
}

/// Moves the impressions of a resource in an answer from lists to rows.
pub(super) async fn to_rows(
    transaction: &impl ConnectionTrait,
    recommendation_id: &str,
    resource_id: i64,
) -> Result<()> {
    for (answer, mut items) in find(transaction, &BTreeSet::from([recommendation_id])).await? {
        let Some(place) = items.iter().position(|item| item.resource == resource_id) else { continue };
        let item = items.remove(place);
        use feedback::Column;
        let keep = OnConflict::columns([Column::RecommendationId, Column::ResourceId, Column::UserHash])
            .do_nothing()
            .to_owned();
        let mut row = model(&answer, &item).into_active_model().reset_all();
        row.id = NotSet;
        sql::insert_rows(transaction, vec![row], Some(keep)).await?;
        update(transaction, answer.id, &items).await?;
    }
    Ok(())
}

/// Returns the row of one impression of an answer. Its id is that of the answer.
pub(super) fn model(answer: &Model, item: &Item) -> feedback::Model {
    feedback::Model {
        id: answer.id,
        recommendation_id: answer.recommendation_id.clone(),
        user_id: answer.user_id,
        user_hash: answer.user_hash,
        resource_id: item.resource,
        strategy: Some(answer.strategy.clone()),
        score: Some(item.score),
        rank: Some(item.rank),
        model_version: answer.model_version.clone(),
        novelty: item.novelty,
        diversity: answer.diversity,
        experiment: answer.experiment.clone(),
        variant: answer.variant.clone(),
        shown_at: Some(answer.shown_at),
        kept_share: Some(answer.kept_share),
        was_clicked: None,
        was_useful: None,
        feedback_notes: None,
        feedback_at: None,
    }
}
