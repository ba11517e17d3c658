//! Vectors of resources, one per embedder, stored as little-endian `f32`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use docent_domain::ResourceId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set, sea_query::OnConflict};

use crate::{
    Store,
    entity::embedding::{ActiveModel, Column, Entity, Model},
    resources::find_resources,
};
use docent_database::{
    error::{Result, StorageError},
    sql,
    time::to_micros,
};

/// Vector to store.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEmbedding {
    /// Resource that the vector describes.
    pub resource_id: ResourceId,
    /// Digest of the embedded text; see [`text_hash`](crate::text_hash).
    pub text_hash: String,
    /// Vector of shape `[dim]`.
    pub vector: Vec<f32>,
}

/// Vector of a resource, as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingRow {
    /// Row id of the resource.
    pub row_id: i64,
    /// Digest of the embedded text.
    pub text_hash: String,
    /// Vector of shape `[dim]`.
    pub vector: Vec<f32>,
}

impl Store {
    /// Stores vectors, in place of those of the same embedder and resource. Vectors of unknown or
    /// deleted resources are left out. Returns the number of vectors stored.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn put_embeddings(
        &self,
        embedder: &str,
        new: &[NewEmbedding],
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let transaction = self.begin().await?;
        let ids: Vec<&str> = new.iter().map(|embedding| embedding.resource_id.as_str()).collect();
        let row_ids = find_resources(&transaction, &ids, false).await?;
        // Keyed by row, because one statement may not write a row twice.
        let rows: BTreeMap<i64, &NewEmbedding> =
            new.iter().filter_map(|e| Some((*row_ids.get(e.resource_id.as_str())?, e))).collect();
        let kept = rows.len() as u64;
        let rows = rows.into_iter().map(|(row_id, embedding)| ActiveModel {
            resource_id: Set(row_id),
            embedder: Set(embedder.to_owned()),
            text_hash: Set(embedding.text_hash.clone()),
            vector: Set(embedding.vector.iter().flat_map(|x| x.to_le_bytes()).collect()),
            created_at: Set(to_micros(now)),
        });
        let conflict = OnConflict::columns([Column::ResourceId, Column::Embedder])
            .update_columns([Column::TextHash, Column::Vector, Column::CreatedAt])
            .to_owned();
        sql::insert_rows(&transaction, rows.collect(), Some(conflict)).await?;
        transaction.commit().await?;
        Ok(kept)
    }

    /// Returns a page of the vectors of an embedder: those of resources after a row id, in the
    /// order of row ids.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a vector whose length is no multiple of 4 bytes.
    pub async fn embeddings_of(&self, embedder: &str, row_id: i64, limit: u64) -> Result<Vec<EmbeddingRow>> {
        let page = Entity::find()
            .filter(Column::Embedder.eq(embedder))
            .filter(Column::ResourceId.gt(row_id))
            .order_by_asc(Column::ResourceId)
            .limit(limit);
        page.all(self.reader()).await?.into_iter().map(read).collect()
    }

    /// Returns the vectors of an embedder for some resources, in no particular order. Unknown and
    /// deleted resources are left out.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a vector whose length is no multiple of 4 bytes.
    pub async fn embeddings_of_resources(
        &self,
        embedder: &str,
        ids: &[ResourceId],
    ) -> Result<Vec<EmbeddingRow>> {
        let ids: Vec<&str> = ids.iter().map(ResourceId::as_str).collect();
        let row_ids: Vec<i64> = find_resources(self.reader(), &ids, false).await?.into_values().collect();
        let wanted = sql::id_in(self.reader().get_database_backend(), "resource_id", &row_ids)?;
        let rows = Entity::find().filter(Column::Embedder.eq(embedder)).filter(wanted);
        rows.all(self.reader()).await?.into_iter().map(read).collect()
    }

    /// Removes the vectors of all embedders but one. Returns the number of vectors removed.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn forget_other_embeddings(&self, embedder: &str) -> Result<u64> {
        let transaction = self.begin().await?;
        let query = "DELETE FROM resource_embeddings WHERE embedder <> $1";
        let forgotten = sql::execute(&transaction, query, [embedder.into()]).await?;
        transaction.commit().await?;
        Ok(forgotten)
    }
}

fn read(row: Model) -> Result<EmbeddingRow> {
    let vector = floats(&row.vector).ok_or_else(|| {
        let why = format!("expected a multiple of 4 bytes in a vector, found {} bytes", row.vector.len());
        StorageError::corrupt("resource_embeddings", row.resource_id, why)
    })?;
    Ok(EmbeddingRow { row_id: row.resource_id, text_hash: row.text_hash, vector })
}

fn floats(bytes: &[u8]) -> Option<Vec<f32>> {
    let (chunks, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect())
}
