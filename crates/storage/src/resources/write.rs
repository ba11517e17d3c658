use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use docent_changes::Changed;
use docent_domain::{Resource, ResourceId};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, IntoActiveModel,
    Iterable, QueryFilter, Set, sea_query::OnConflict,
};

use super::{
    find_resources,
    read::links_of,
    row::{Content, insert, wiped},
};
use crate::{
    Store,
    entity::{
        link,
        resource::{Column, Entity, Model},
    },
};
use docent_database::{
    error::{Result, StorageError},
    sql,
    time::to_micros,
    writer::WriteTransaction,
};

/// Advisory lock that serialises writers of resources on PostgreSQL, as SQLite does by itself.
const WRITER_LOCK: i64 = 0x646f_6365_6e74_0002;

/// Outcome of the upsert of one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpsertOutcome {
    /// The resource did not exist, or had been deleted.
    Created,
    /// The resource existed with other content.
    Updated,
    /// The resource existed with the same content: nothing was written.
    Unchanged,
}

impl Store {
    /// Writes resources with their links in one transaction. Returns the outcome of each, in their
    /// order. A resource with unchanged content is not touched, so that a repeated import changes
    /// nothing. Of several links with the same target and kind the last one counts; links are
    /// returned ordered by target and kind.
    ///
    /// `updated_at` becomes `now`, or just after the newest stored `updated_at` if that is later:
    /// changes are committed in the order of `updated_at`, so that a reader who follows them misses
    /// none.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] for the first resource that breaks a rule; nothing is written
    /// then.
    pub async fn upsert_resources(
        &self,
        resources: &[Resource],
        now: DateTime<Utc>,
    ) -> Result<Vec<UpsertOutcome>> {
        check(resources)?;
        let transaction = self.begin().await?;
        let outcomes = write(&transaction, resources, now).await?;
        transaction.commit().await?;
        Ok(outcomes)
    }

    /// Deletes a resource with its embeddings and links. Its id stays, because the history refers
    /// to it. Returns false if there was none.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn delete_resource(&self, id: &ResourceId, now: DateTime<Utc>) -> Result<bool> {
        let transaction = self.begin().await?;
        let deleted = delete(&transaction, id, now).await?;
        transaction.commit().await?;
        Ok(deleted)
    }
}

/// Deletes a resource. Returns false if there was none.
pub(crate) async fn delete(
    transaction: &WriteTransaction,
    id: &ResourceId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let now = lock_and_tick(transaction, now).await?;
    let live = Entity::find().filter(Column::ExternalId.eq(id.as_str())).filter(Column::DeletedAt.is_null());
    let Some(row) = live.one(transaction).await? else { return Ok(false) };
    let row_id = row.id;
    wiped(row, now).into_active_model().reset_all().update(transaction).await?;
    for owner in ["resource_links WHERE source_resource_id", "resource_embeddings WHERE resource_id"] {
        sql::execute(transaction, format!("DELETE FROM {owner} = $1"), [row_id.into()]).await?;
    }
    docent_changes::write(transaction, &Changed::catalogue()).await?;
    Ok(true)
}

pub(crate) fn check(resources: &[Resource]) -> Result<()> {
    for (index, resource) in resources.iter().enumerate() {
        resource.check().map_err(|source| StorageError::Invalid { index, source })?;
    }
    Ok(())
}

/// Writes resources that have been checked.
pub(crate) async fn write(
    transaction: &WriteTransaction,
    resources: &[Resource],
    now: DateTime<Utc>,
) -> Result<Vec<UpsertOutcome>> {
    let now = lock_and_tick(transaction, now).await?;
    let mut known = existing(transaction, resources).await?;
    let mut outcomes = Vec::with_capacity(resources.len());
    let mut changed_rows = HashSet::new();
    let mut changed_links = HashSet::new();
    for resource in resources {
        let mut content = Content::new(resource, now)?;
        let id = resource.id.as_str();
        let (outcome, new_row, new_links) = match known.get(id) {
            None => (UpsertOutcome::Created, true, true),
            Some(before) => {
                let new_row = !content.same_row(&before.row);
                let new_links = content.links != before.links;
                content.row.created_at = before.row.created_at;
                let outcome = match (before.row.deleted_at, new_row || new_links) {
                    (Some(_), _) => UpsertOutcome::Created,
                    (None, true) => UpsertOutcome::Updated,
                    (None, false) => UpsertOutcome::Unchanged,
                };
                (outcome, new_row || new_links, new_links)
            }
        };
        if new_row {
            changed_rows.insert(resource.id.clone());
            known.insert(id.to_owned(), content);
        }
        if new_links {
            changed_links.insert(resource.id.clone());
        }
        outcomes.push(outcome);
    }
    // In the order of the input, so that row ids follow it.
    let rows =
        resources.iter().filter(|r| changed_rows.remove(&r.id)).filter_map(|r| known.get(r.id.as_str()));
    let contents =
        Column::iter().filter(|c| !matches!(c, Column::Id | Column::ExternalId | Column::CreatedAt));
    let conflict = OnConflict::column(Column::ExternalId).update_columns(contents).to_owned();
    let rows = rows.map(|content| insert(content.row.clone())).collect();
    sql::insert_rows(transaction, rows, Some(conflict)).await?;
    replace_links(transaction, &changed_links, &known).await?;
    if outcomes.iter().any(|outcome| *outcome != UpsertOutcome::Unchanged) {
        docent_changes::write(transaction, &Changed::catalogue()).await?;
    }
    Ok(outcomes)
}

async fn existing(
    transaction: &impl ConnectionTrait,
    resources: &[Resource],
) -> Result<HashMap<String, Content>> {
    let ids = resources.iter().map(|resource| resource.id.as_str());
    let names = sql::name_in(transaction.get_database_backend(), "external_id", ids)?;
    let rows: Vec<Model> = Entity::find().filter(names).all(transaction).await?;
    let mut links = links_of(transaction, &rows.iter().map(|row| row.id).collect::<Vec<_>>()).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let links = links.remove(&row.id).unwrap_or_default().into_iter();
            let links = links.map(|link| ((link.target_external_id, link.kind), link.weight)).collect();
            (row.external_id.clone(), Content { row, links })
        })
        .collect())
}

async fn replace_links(
    transaction: &impl ConnectionTrait,
    changed: &HashSet<ResourceId>,
    known: &HashMap<String, Content>,
) -> Result<()> {
    let changed_ids: Vec<&str> = changed.iter().map(ResourceId::as_str).collect();
    let row_ids = find_resources(transaction, &changed_ids, true).await?;
    let mut sources: Vec<(&String, &i64)> = row_ids.iter().collect();
    sources.sort_by_key(|(_, row_id)| **row_id);
    let ids: Vec<i64> = sources.iter().map(|(_, row_id)| **row_id).collect();
    let of_changed = sql::id_in(transaction.get_database_backend(), "source_resource_id", &ids)?;
    link::Entity::delete_many().filter(of_changed).exec(transaction).await?;
    let rows = sources.into_iter().flat_map(|(name, row_id)| {
        let links = known.get(name).into_iter().flat_map(|content| &content.links);
        links.map(|((target, kind), weight)| link::ActiveModel {
            source_resource_id: Set(*row_id),
            target_external_id: Set(target.clone()),
            kind: Set(kind.clone()),
            weight: Set(*weight),
            ..Default::default()
        })
    });
    sql::insert_rows(transaction, rows.collect(), None).await.map(|_| ())
}

#[derive(FromQueryResult)]
struct Newest {
    newest: Option<i64>,
}

/// Locks out other writers of resources. Returns a time in microseconds that is after every earlier
/// change.
pub(super) async fn lock_and_tick(transaction: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<i64> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        sql::execute(transaction, "SELECT pg_advisory_xact_lock($1)", [WRITER_LOCK.into()]).await?;
    }
    let newest: Option<Newest> =
        sql::select_one(transaction, "SELECT MAX(updated_at) AS newest FROM resources", []).await?;
    let newest = newest.and_then(|row| row.newest).unwrap_or(i64::MIN);
    Ok(to_micros(now).max(newest.saturating_add(1)))
}
