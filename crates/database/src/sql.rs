//! Differences between the two databases, and statements for many rows.
//!
//! Lists of ids and keys travel as one JSON parameter. The text of the statement is then always the
//! same, so that it is prepared once per connection, and no limit on parameters applies. Fractions
//! never travel so, because SQLite's own parsing of decimals may miss the last bit.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, IdenStatic,
    Iterable, QueryTrait, Statement, Value,
    sea_query::{Expr, OnConflict},
};
use serde::Serialize;

use crate::error::{Result, StorageError};

/// Rows per statement: few different sizes, so that prepared statements are few and reused.
const CHUNKS: [usize; 6] = [512, 128, 32, 8, 2, 1];
/// Number of rows up to which SQLite takes any number in one statement: there a statement costs a
/// change of threads, and its writing connection keeps many prepared.
const MAX_ANY_SIZE: usize = 32;

/// Returns the columns of a table, whose alias ends in a dot or is empty, for a `SELECT`.
///
/// `*` must not be prepared: SQLite's driver keeps the columns of a prepared statement, and if the
/// schema has others when it runs, the thread of the connection ends and the statement reads as one
/// without rows.
#[must_use]
pub fn columns<E: EntityTrait>(alias: &str) -> String {
    let names: Vec<String> = E::Column::iter().map(|column| format!("{alias}{}", column.as_str())).collect();
    names.join(", ")
}

/// Writes a value as JSON.
///
/// # Errors
/// [`StorageError::Database`], which the types of the store do not cause.
pub fn json(value: &(impl Serialize + ?Sized)) -> Result<String> {
    serde_json::to_string(value).map_err(StorageError::database)
}

/// Reads a column of JSON.
///
/// # Errors
/// [`StorageError::Corrupt`] that names the row.
pub fn from_json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    id: impl ToString,
    column: &str,
    text: &str,
) -> Result<T> {
    serde_json::from_str(text).map_err(|error| StorageError::corrupt(table, id, format!("{column}: {error}")))
}

/// Returns the `FROM` item that yields one row `k` with a column `value` for each element of the
/// JSON array `$1`.
pub fn json_rows(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "json_array_elements(CAST($1 AS json)) AS k(value)",
        _ => "json_each($1) AS k",
    }
}

/// Returns the expression that gathers the values of an SQL expression over a group into a JSON
/// array.
pub fn json_array_of(backend: DbBackend, expression: &str) -> String {
    match backend {
        DbBackend::Postgres => format!("CAST(COALESCE(json_agg({expression}), '[]') AS text)"),
        _ => format!("json_group_array({expression})"),
    }
}

/// Returns the row ids, by external id, of those of `names` that are in `table`. `filter` goes into
/// the `WHERE`, after an `AND`, and `locking` after it.
///
/// The result is one JSON value, because a row costs SQLite's driver a change of threads, and an
/// import asks for millions.
pub async fn find_ids(
    connection: &impl ConnectionTrait,
    table: &str,
    names: &[&str],
    filter: &str,
    locking: &str,
) -> Result<HashMap<String, i64>> {
    let backend = connection.get_database_backend();
    let (pair, list) = match backend {
        DbBackend::Postgres => {
            ("json_build_array(external_id, id)", "json_array_elements_text(CAST($1 AS json)) AS k(value)")
        }
        _ => ("json_array(external_id, id)", "json_each($1)"),
    };
    let query = format!(
        "SELECT {gathered} AS pairs FROM (SELECT id, external_id FROM {table} \
         WHERE external_id IN (SELECT value FROM {list}) {filter} ORDER BY id {locking}) found",
        gathered = json_array_of(backend, pair),
    );
    let row: Option<Pairs> = select_one(connection, query, [json(names)?.into()]).await?;
    let pairs: Vec<(String, i64)> =
        row.map_or(Ok(Vec::new()), |row| serde_json::from_str(&row.pairs).map_err(StorageError::database))?;
    Ok(pairs.into_iter().collect())
}

#[derive(FromQueryResult)]
struct Pairs {
    pairs: String,
}

/// Returns the join of `k` with a table that is looked up for each of its rows.
pub fn lookup_join(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "JOIN",
        // In SQLite a cross join also fixes the outer table; left to itself it may scan the large
        // one.
        _ => "CROSS JOIN",
    }
}

/// Returns the clause that locks the rows of a `SELECT` until the transaction ends.
pub fn for_update(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "FOR UPDATE",
        // The immediate transaction has already locked out every other writer.
        _ => "",
    }
}

/// Returns `column IN (ids)`.
pub fn id_in(backend: DbBackend, column: &str, ids: &[i64]) -> Result<Expr> {
    let sql = match backend {
        DbBackend::Postgres => {
            format!(
                "{column} IN (SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST($1 AS json)))"
            )
        }
        _ => format!("{column} IN (SELECT value FROM json_each(?))"),
    };
    Ok(Expr::cust_with_values(sql, [json(ids)?]))
}

/// Returns `column IN (names)`.
pub fn name_in<'a>(backend: DbBackend, column: &str, names: impl Iterator<Item = &'a str>) -> Result<Expr> {
    let sql = match backend {
        DbBackend::Postgres => format!("{column} IN (SELECT json_array_elements_text(CAST($1 AS json)))"),
        _ => format!("{column} IN (SELECT value FROM json_each(?))"),
    };
    Ok(Expr::cust_with_values(sql, [json(&names.collect::<Vec<_>>())?]))
}

/// Returns the rows of a statement, in which `$1`, `$2`, ... are `values` on either database.
pub async fn select<R: FromQueryResult>(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<R>> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let rows = connection.query_all_raw(statement).await?;
    Ok(rows.iter().map(|row| R::from_query_result(row, "")).collect::<Result<_, _>>()?)
}

/// Same as [`select`], for at most one row.
pub async fn select_one<R: FromQueryResult>(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<R>> {
    Ok(select(connection, sql, values).await?.into_iter().next())
}

/// Runs a statement and returns the number of rows that it changed.
pub async fn execute(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.execute_raw(statement).await?.rows_affected())
}

/// Inserts rows, many per statement; `conflict` decides about rows whose key exists. All rows set
/// the same columns. Returns the number of rows written.
pub async fn insert_rows<A>(
    connection: &impl ConnectionTrait,
    rows: Vec<A>,
    conflict: Option<OnConflict>,
) -> Result<u64>
where
    A: ActiveModelTrait + Send,
{
    let mut rows = rows.into_iter();
    let backend = connection.get_database_backend();
    // SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535.
    let most = 32_766 / <A::Entity as EntityTrait>::Column::iter().count().max(1);
    let any_size = if backend == DbBackend::Postgres { 1 } else { MAX_ANY_SIZE };
    // Writing the text of a statement costs more than running it, and statements of one number of
    // rows differ in their values only.
    let mut written_before: Option<(usize, String)> = None;
    let mut written = 0;
    while rows.len() > 0 {
        let size = match rows.len() {
            few if few <= any_size => few,
            _ => CHUNKS.into_iter().find(|size| *size <= rows.len() && *size <= most).unwrap_or(1),
        };
        let chunk = rows.by_ref().take(size);
        let statement = match &written_before {
            Some((rows, text)) if *rows == size => {
                Statement::from_sql_and_values(backend, text, values_of(chunk))
            }
            _ => {
                let insert = A::Entity::insert_many(chunk);
                let insert = match &conflict {
                    Some(conflict) => insert.on_conflict(conflict.clone()),
                    None => insert,
                };
                let statement = insert.build(backend);
                written_before = Some((size, statement.sql.clone()));
                statement
            }
        };
        written += connection.execute_raw(statement).await?.rows_affected();
    }
    Ok(written)
}

/// Returns the values of the columns that rows set, in the order of the columns, row by row.
fn values_of<A: ActiveModelTrait>(rows: impl Iterator<Item = A>) -> Vec<Value> {
    let mut values = Vec::new();
    for mut row in rows {
        for column in <A::Entity as EntityTrait>::Column::iter() {
            if let ActiveValue::Set(value) | ActiveValue::Unchanged(value) = row.take(column) {
                values.push(value);
            }
        }
    }
    values
}

/// Inserts rows, or changes those whose key exists as `conflict` says.
pub async fn upsert<A>(connection: &impl ConnectionTrait, rows: Vec<A>, conflict: OnConflict) -> Result<()>
where
    A: ActiveModelTrait + Send,
{
    insert_rows(connection, rows, Some(conflict)).await.map(|_| ())
}
