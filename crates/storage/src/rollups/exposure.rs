//! Impressions of each resource by day, in one row per resource, so that a window is one
//! subtraction.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Set, sea_query::OnConflict};

use super::running_totals::RunningTotals;
use crate::{
    Store,
    entity::exposure::{ActiveModel, Column, Entity, Model},
};
use docent_database::{
    error::{Result, StorageError},
    sql,
};

const TABLE: &str = "resource_exposure_days";

/// Impressions by resource, of resources with at least one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Number of impressions, one per resource.
    pub shown: Vec<u64>,
}

/// Adds impressions by resource and day.
pub(super) async fn add(transaction: &impl ConnectionTrait, shown: BTreeMap<(i64, i64), i64>) -> Result<()> {
    if shown.is_empty() {
        return Ok(());
    }
    let resources: BTreeSet<i64> = shown.keys().map(|(resource, _)| *resource).collect();
    let mut rows = locked(transaction, &resources).await?;
    for ((resource, day), count) in shown {
        rows.entry(resource).or_default().add(day, u32::try_from(count).unwrap_or(u32::MAX));
    }
    // As one parameter: most batches show hundreds of resources.
    let rows: Vec<(i64, i64, String)> = rows
        .into_iter()
        .map(|(resource, days)| (resource, days.last_day(), to_hex(&days.to_bytes())))
        .collect();
    let backend = transaction.get_database_backend();
    let bytes = match backend {
        DbBackend::Postgres => "decode(k.value ->> 2, 'hex')",
        _ => "unhex(k.value ->> 2)",
    };
    let write = format!(
        "INSERT INTO resource_exposure_days (resource_id, last_day, totals) \
         SELECT CAST(k.value ->> 0 AS bigint), CAST(k.value ->> 1 AS bigint), {bytes} FROM {rows} WHERE true \
         ON CONFLICT (resource_id) DO UPDATE SET last_day = excluded.last_day, totals = excluded.totals",
        rows = sql::json_rows(backend),
    );
    sql::execute(transaction, write, [sql::json(&rows)?.into()]).await.map(|_| ())
}

fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| DIGITS.get(usize::from(digit))).collect()
}

/// Returns the stored totals of resources, with rows created where absent and locked in their
/// order.
async fn locked(
    transaction: &impl ConnectionTrait,
    resources: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, RunningTotals>> {
    let backend = transaction.get_database_backend();
    if backend == DbBackend::Postgres {
        let empty = resources.iter().map(|resource| ActiveModel {
            resource_id: Set(*resource),
            last_day: Set(0),
            totals: Set(Vec::new()),
        });
        let keep = OnConflict::column(Column::ResourceId).do_nothing().to_owned();
        sql::upsert(transaction, empty.collect(), keep).await?;
    }
    let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
    let locking = match backend {
        DbBackend::Postgres => "FOR UPDATE OF e",
        _ => "",
    };
    let query = format!(
        "SELECT {} FROM {rows} {join} resource_exposure_days e \
         ON e.resource_id = CAST(CAST(k.value AS text) AS bigint) ORDER BY e.resource_id {locking}",
        sql::columns::<Entity>("e.")
    );
    let rows: Vec<Model> = sql::select(transaction, query, [sql::json(resources)?.into()]).await?;
    let mut totals = BTreeMap::new();
    for row in rows {
        let days = RunningTotals::read(row.last_day, &row.totals).ok_or_else(|| corrupt(row.resource_id))?;
        totals.insert(row.resource_id, days);
    }
    Ok(totals)
}

fn corrupt(id: i64) -> StorageError {
    StorageError::corrupt(TABLE, id, "expected running totals of at most 92 days")
}

/// Returns the difference of the two totals that 16 hexadecimal digits hold.
fn difference(pair: &[u8; 16]) -> Option<u64> {
    let pair = u64::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    (pair >> 32).checked_sub(pair & u64::from(u32::MAX))
}

#[derive(FromQueryResult)]
struct Gathered {
    pairs: String,
}

impl Store {
    /// Returns the impressions of visible resources since a day began.
    pub(super) async fn exposure_since(&self, day: i64) -> Result<Exposure> {
        let backend = self.reader().get_database_backend();
        let (hex, join) = match backend {
            DbBackend::Postgres => ("encode({}, 'hex')", "string_agg({}, '')"),
            _ => ("hex({})", "group_concat({}, '')"),
        };
        // The total of the last day and that of the day before the window, four bytes each. All
        // pairs come as one text, because a row costs more than its content.
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
        let (pairs, rest) = pairs.as_bytes().as_chunks::<16>();
        if !rest.is_empty() {
            return Err(corrupt(day));
        }
        let shown: Option<Vec<u64>> = pairs.iter().map(difference).collect();
        let shown = shown.ok_or_else(|| corrupt(day))?;
        Ok(Exposure { shown: shown.into_iter().filter(|count| *count > 0).collect() })
    }
}
