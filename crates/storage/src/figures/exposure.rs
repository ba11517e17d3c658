//! How often each resource was shown: by day, in one row for each, so that a window is one subtraction.

use std::collections::{BTreeMap, BTreeSet};

use docent_migration::RunningTotals;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Set, sea_query::OnConflict};

use super::impressions::upsert;
use crate::{
    Store,
    entity::exposure::{ActiveModel, Column, Model},
    error::{Result, StorageError},
    sql,
};

const TABLE: &str = "resource_exposure_days";

/// How often the resources that were shown at all were shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exposure {
    /// One number for each resource.
    pub shown: Vec<u64>,
}

/// Adds how often resources were shown on days.
pub(super) async fn add(transaction: &impl ConnectionTrait, shown: BTreeMap<(i64, i64), i64>) -> Result<()> {
    if shown.is_empty() {
        return Ok(());
    }
    let resources: BTreeSet<i64> = shown.keys().map(|(resource, _)| *resource).collect();
    let mut rows = locked(transaction, &resources).await?;
    for ((resource, day), count) in shown {
        rows.entry(resource).or_default().add(day, u32::try_from(count).unwrap_or(u32::MAX));
    }
    let rows = rows.into_iter().map(|(resource_id, days)| ActiveModel {
        resource_id: Set(resource_id),
        last_day: Set(days.last_day()),
        totals: Set(days.to_bytes()),
    });
    let conflict =
        OnConflict::column(Column::ResourceId).update_columns([Column::LastDay, Column::Totals]).to_owned();
    upsert(transaction, rows.collect(), conflict).await
}

/// What is there of resources, made where it is not, and locked in their order.
async fn locked(
    transaction: &impl ConnectionTrait,
    resources: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, RunningTotals>> {
    let backend = transaction.get_database_backend();
    if backend == DbBackend::Postgres {
        let empty = |resource: &i64| ActiveModel {
            resource_id: Set(*resource),
            last_day: Set(0),
            totals: Set(Vec::new()),
        };
        let keep = OnConflict::column(Column::ResourceId).do_nothing().to_owned();
        upsert(transaction, resources.iter().map(empty).collect(), keep).await?;
    }
    let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
    let locking = match backend {
        DbBackend::Postgres => "FOR UPDATE OF e",
        _ => "",
    };
    let query = format!(
        "SELECT e.* FROM {rows} {join} resource_exposure_days e \
         ON e.resource_id = CAST(CAST(k.value AS text) AS bigint) ORDER BY e.resource_id {locking}"
    );
    let rows: Vec<Model> = sql::select(transaction, query, [sql::json(resources)?.into()]).await?;
    let read = |row: Model| {
        let days = RunningTotals::read(row.last_day, &row.totals)
            .ok_or_else(|| StorageError::corrupt(TABLE, row.resource_id, "totals are not totals of days"))?;
        Ok((row.resource_id, days))
    };
    rows.into_iter().map(read).collect()
}

#[derive(FromQueryResult)]
struct Gathered {
    pairs: String,
}

impl Store {
    /// How often visible resources were shown since a day began.
    pub(super) async fn exposure_since(&self, day: i64) -> Result<Exposure> {
        let backend = self.reader().get_database_backend();
        let (hex, join) = match backend {
            DbBackend::Postgres => ("encode({}, 'hex')", "string_agg({}, '')"),
            _ => ("hex({})", "group_concat({}, '')"),
        };
        // The total of the last day, and that of the day before the window: four bytes each, all as one text, since rows
        // cost more than what is in them.
        let last = hex.replace("{}", "substr(totals, length(totals) - 3, 4)");
        let before = hex.replace("{}", "substr(totals, CAST(place AS integer) + 1, 4)");
        let pair = format!("{last} || CASE WHEN place < 0 THEN '00000000' ELSE {before} END");
        let query = format!(
            "SELECT COALESCE({gathered}, '') AS pairs FROM \
             (SELECT totals, length(totals) - 4 * (last_day - $1 + 2) AS place FROM resource_exposure_days \
             WHERE last_day >= $1 AND resource_id NOT IN (SELECT id FROM resources WHERE hidden)) shown",
            gathered = join.replace("{}", &pair),
        );
        let row: Option<Gathered> = sql::select_one(self.reader(), query, [day.into()]).await?;
        let pairs = row.map(|row| row.pairs).unwrap_or_default();
        let corrupt = || StorageError::corrupt(TABLE, day, "totals are not totals of days");
        let (pairs, rest) = pairs.as_bytes().as_chunks::<16>();
        if !rest.is_empty() {
            return Err(corrupt());
        }
        let count = |pair: &[u8; 16]| {
            let pair = u64::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
            (pair >> 32).checked_sub(pair & u64::from(u32::MAX))
        };
        let shown: Option<Vec<u64>> = pairs.iter().map(count).collect();
        Ok(Exposure { shown: shown.ok_or_else(corrupt)?.into_iter().filter(|count| *count > 0).collect() })
    }
}
