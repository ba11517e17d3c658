//! Resources and their links: written in batches, soft-deleted, searched and paged through.

mod change;
mod read;
mod row;
mod write;

use std::collections::HashMap;

use sea_orm::ConnectionTrait;

pub use read::{ChangeCursor, ResourcePage, StoredResource, TextColumn};
pub use row::text_hash;
pub use write::UpsertOutcome;
pub(crate) use write::{check, delete, write};

use docent_database::{error::Result, sql};

pub(crate) const TABLE: &str = "resources";

/// Returns the row ids of those of the resources that exist; of deleted ones too if `deleted` is
/// set.
pub(crate) async fn find_resources(
    connection: &impl ConnectionTrait,
    ids: &[&str],
    deleted: bool,
) -> Result<HashMap<String, i64>> {
    let filter = if deleted { "" } else { "AND deleted_at IS NULL" };
    sql::find_ids(connection, TABLE, ids, filter, "").await
}
