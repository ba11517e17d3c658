use std::collections::HashMap;

use chrono::{DateTime, Utc};
use docent_domain::{Resource, ResourceChange, ResourceId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{
    UpsertOutcome, find_resources,
    read::links_of,
    row::stored,
    write::{check, lock_and_tick, write},
};
use crate::{
    Store,
    entity::resource::{Column, Entity, Model},
};
use docent_database::{
    error::{Result, StorageError},
    sql,
};

impl Store {
    /// Applies one change to resources, all or none. Returns the outcome of each, in their order;
    /// `None` for one that is unknown or deleted. Fields that the change does not name keep their
    /// value, even if another request changes them at the same time.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] for the first resource that would break a rule; nothing is written
    /// then.
    pub async fn change_resources(
        &self,
        ids: &[ResourceId],
        change: &ResourceChange,
        now: DateTime<Utc>,
    ) -> Result<Vec<Option<UpsertOutcome>>> {
        let transaction = self.begin().await?;
        // Before the read, so that no other change comes between it and the write.
        lock_and_tick(&transaction, now).await?;
        let mut known = read(&transaction, ids).await?;
        let mut changed = Vec::with_capacity(known.len());
        for (index, id) in ids.iter().enumerate() {
            if let Some(resource) = known.remove(id.as_str()) {
                let resource = change.apply(resource);
                resource.check().map_err(|source| StorageError::Invalid { index, source })?;
                changed.push(resource);
            }
        }
        let outcomes = write(&transaction, &changed, now).await?;
        transaction.commit().await?;
        let outcomes: HashMap<&str, UpsertOutcome> =
            changed.iter().map(|resource| resource.id.as_str()).zip(outcomes).collect();
        Ok(ids.iter().map(|id| outcomes.get(id.as_str()).copied()).collect())
    }

    /// Creates those of the resources that never existed, with their ids as titles. Returns their
    /// number. Existing and deleted ones are left alone.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] for an id that cannot be a title; nothing is written then.
    pub async fn create_missing_resources(&self, ids: &[ResourceId], now: DateTime<Utc>) -> Result<usize> {
        let transaction = self.begin().await?;
        lock_and_tick(&transaction, now).await?;
        let names: Vec<&str> = ids.iter().map(ResourceId::as_str).collect();
        let known = find_resources(&transaction, &names, true).await?;
        let missing = ids.iter().filter(|id| !known.contains_key(id.as_str()));
        let missing: Vec<Resource> = missing.map(|id| Resource::new(id.clone(), id.as_str())).collect();
        check(&missing)?;
        write(&transaction, &missing, now).await?;
        transaction.commit().await?;
        Ok(missing.len())
    }
}

/// Returns those of the resources that exist and are not deleted, with their text and links.
async fn read(transaction: &impl ConnectionTrait, ids: &[ResourceId]) -> Result<HashMap<String, Resource>> {
    let named =
        sql::name_in(transaction.get_database_backend(), "external_id", ids.iter().map(ResourceId::as_str))?;
    let rows: Vec<Model> =
        Entity::find().filter(named).filter(Column::DeletedAt.is_null()).all(transaction).await?;
    let mut links = links_of(transaction, &rows.iter().map(|row| row.id).collect::<Vec<_>>()).await?;
    let resources = rows.into_iter().map(|row| {
        let (id, links) = (row.external_id.clone(), links.remove(&row.id).unwrap_or_default());
        Ok((id, stored(row, links)?.resource))
    });
    resources.collect()
}
