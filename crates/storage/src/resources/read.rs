use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use docent_domain::{Resource, ResourceId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, Iterable, QueryFilter,
    QueryOrder, QuerySelect, Select, sea_query::Expr,
};

use super::{find_resources, row::stored};
use crate::{
    Store,
    entity::{
        link,
        resource::{Column, Entity, Model},
    },
};
use docent_database::{error::Result, sql, time::to_micros};

/// Resource as stored, including deleted ones.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredResource {
    /// Row id: small, dense, never used twice.
    pub row_id: i64,
    /// True if the resource was deleted; only its id is left then.
    pub deleted: bool,
    /// Content of the resource.
    pub resource: Resource,
    /// Digest of the text to embed; see [`text_hash`](crate::text_hash).
    pub text_hash: String,
    /// Time of the first write.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

/// Choice to load the text of each resource, by far the largest column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextColumn {
    /// Loads the text.
    Load,
    /// Skips the text: [`Resource::text`] is empty.
    Skip,
}

/// Page of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourcePage {
    /// Resources, in the order of their first write.
    pub resources: Vec<StoredResource>,
    /// Cursor of the next page; `None` on the last page.
    pub next: Option<i64>,
}

/// Maximum size of the rows of a page, in bytes.
const MAX_PAGE_BYTES: i64 = 8 << 20;
/// Size of a row without its text; a link counts 100 bytes.
const SIZE: &str = "octet_length(resources.attributes) + octet_length(resources.authors) \
     + octet_length(resources.subjects) + 100 * (SELECT COUNT(*) FROM resource_links \
     WHERE source_resource_id = resources.id)";

#[derive(FromQueryResult)]
struct RowSize {
    size_bytes: i64,
}

/// Position in the sequence of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeCursor {
    /// `updated_at` of the newest change seen.
    pub updated_at: DateTime<Utc>,
    /// Row id of the last resource seen of that time; 0 for none.
    pub row_id: i64,
}

impl Store {
    /// Returns a resource with its text and links; `None` if it is unknown or deleted.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`](crate::StorageError::Corrupt) for a row that breaks a rule.
    pub async fn get_resource(&self, id: &ResourceId) -> Result<Option<StoredResource>> {
        Ok(self.get_resources(std::slice::from_ref(id)).await?.pop())
    }

    /// Returns those of the resources that exist and are not deleted, with their text and links, in
    /// the order of row ids.
    ///
    /// # Errors
    /// Same as [`Store::get_resource`].
    pub async fn get_resources(&self, ids: &[ResourceId]) -> Result<Vec<StoredResource>> {
        let backend = self.reader().get_database_backend();
        let named = sql::name_in(backend, "external_id", ids.iter().map(ResourceId::as_str))?;
        self.load(Entity::find().filter(named).filter(Column::DeletedAt.is_null()).order_by_asc(Column::Id))
            .await
    }

    /// Returns those of the ids that belong to no resource, or to a deleted one, each once.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn unknown_resources(&self, ids: &[ResourceId]) -> Result<HashSet<ResourceId>> {
        let names = ids.iter().map(ResourceId::as_str).collect::<Vec<_>>();
        let known = find_resources(self.reader(), &names, false).await?;
        Ok(ids.iter().filter(|id| !known.contains_key(id.as_str())).cloned().collect())
    }

    /// Returns resources whose title or one of whose authors contains the query, ignoring case; all
    /// for an empty query. Deleted resources are left out, and texts are not loaded.
    ///
    /// # Errors
    /// Same as [`Store::get_resource`].
    pub async fn search_resources(
        &self,
        query: &str,
        cursor: Option<i64>,
        limit: u64,
    ) -> Result<ResourcePage> {
        // Unlike LIKE, these functions know no wildcards that would need escaping.
        let contains = match self.reader().get_database_backend() {
            DbBackend::Postgres => "strpos(search_text, $1) > 0",
            _ => "instr(search_text, ?) > 0",
        };
        let mut rows = catalogue(TextColumn::Skip)
            .filter(Column::Id.gt(cursor.unwrap_or(0)))
            .filter(Column::DeletedAt.is_null())
            .order_by_asc(Column::Id)
            .limit(limit.saturating_add(1));
        if !query.is_empty() {
            rows = rows.filter(Expr::cust_with_values(contains, [query.to_lowercase()]));
        }
        let (mut resources, is_cut) = self.load_page(rows, TextColumn::Skip).await?;
        let is_full = resources.len() as u64 > limit;
        if is_full {
            resources.pop();
        }
        let has_more = is_full || is_cut;
        let next = if has_more { resources.last().map(|last| last.row_id) } else { None };
        Ok(ResourcePage { resources, next })
    }

    /// Returns a page of the catalogue without deleted resources: those after a row id, in the
    /// order of row ids. Start with 0; an empty page is the end. A page may be shorter than
    /// `limit`, as it has at most 8 MiB or one resource.
    ///
    /// # Errors
    /// Same as [`Store::get_resource`].
    pub async fn resources_after(
        &self,
        row_id: i64,
        limit: u64,
        text: TextColumn,
    ) -> Result<Vec<StoredResource>> {
        let page = catalogue(text).filter(Column::Id.gt(row_id)).filter(Column::DeletedAt.is_null());
        Ok(self.load_page(page.order_by_asc(Column::Id).limit(limit), text).await?.0)
    }

    /// Returns resources that were written or deleted after a cursor, oldest change first. Changes
    /// are committed in the order of `updated_at`, so following the cursor misses none.
    ///
    /// # Errors
    /// Same as [`Store::get_resource`].
    pub async fn resources_changed_since(
        &self,
        cursor: ChangeCursor,
        limit: u64,
        text: TextColumn,
    ) -> Result<Vec<StoredResource>> {
        let micros = to_micros(cursor.updated_at);
        let same_time = Condition::all().add(Column::UpdatedAt.eq(micros)).add(Column::Id.gt(cursor.row_id));
        let later = Condition::any().add(Column::UpdatedAt.gt(micros)).add(same_time);
        // Stated twice, because no index is used through the OR.
        let page = catalogue(text).filter(Column::UpdatedAt.gte(micros)).filter(later);
        let page = page.order_by_asc(Column::UpdatedAt).order_by_asc(Column::Id).limit(limit);
        Ok(self.load_page(page, text).await?.0)
    }

    /// Loads the first rows of a page, at least one, that have at most [`MAX_PAGE_BYTES`] together.
    /// Returns true with them if there are more. The sizes are read first: rows of the largest size
    /// would fill the memory.
    async fn load_page(&self, page: Select<Entity>, text: TextColumn) -> Result<(Vec<StoredResource>, bool)> {
        let size = match text {
            TextColumn::Load => format!("{SIZE} + octet_length(resources.text)"),
            TextColumn::Skip => SIZE.to_owned(),
        };
        let sizes = page.clone().select_only().expr_as(Expr::cust(size), "size_bytes");
        let sizes: Vec<RowSize> = sizes.into_model().all(self.reader()).await?;
        let mut sum = 0;
        let fitting = sizes.iter().take_while(|row| {
            sum += row.size_bytes;
            sum <= MAX_PAGE_BYTES
        });
        let count = fitting.count().max(1);
        let is_cut = count < sizes.len();
        Ok((self.load(if is_cut { page.limit(count as u64) } else { page }).await?, is_cut))
    }

    async fn load(&self, rows: Select<Entity>) -> Result<Vec<StoredResource>> {
        let rows: Vec<Model> = rows.into_model().all(self.reader()).await?;
        let mut links = links_of(self.reader(), &rows.iter().map(|row| row.id).collect::<Vec<_>>()).await?;
        rows.into_iter()
            .map(|row| {
                let links = links.remove(&row.id).unwrap_or_default();
                stored(row, links)
            })
            .collect()
    }
}

fn catalogue(text: TextColumn) -> Select<Entity> {
    match text {
        TextColumn::Load => Entity::find(),
        TextColumn::Skip => Entity::find()
            .select_only()
            .columns(Column::iter().filter(|column| !matches!(column, Column::Text | Column::SearchText)))
            .expr_as(Expr::cust("''"), "text")
            .expr_as(Expr::cust("''"), "search_text"),
    }
}

/// Returns outgoing links by row id of their source, in the order in which they were written: by
/// target and kind.
pub(super) async fn links_of(
    connection: &impl ConnectionTrait,
    sources: &[i64],
) -> Result<HashMap<i64, Vec<link::Model>>> {
    let of_sources = sql::id_in(connection.get_database_backend(), "source_resource_id", sources)?;
    let query = link::Entity::find().filter(of_sources).order_by_asc(link::Column::Id);
    let mut links: HashMap<i64, Vec<link::Model>> = HashMap::new();
    for link in query.all(connection).await? {
        links.entry(link.source_resource_id).or_default().push(link);
    }
    Ok(links)
}
