use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, TransactionTrait};

use super::{Parts, read_parts};
use crate::{
    error::{Result, StorageError},
    sql,
};

/// Query for every part of a schema. Definitions name the schema in places, which is removed so
/// that the same tables in another schema read the same.
const PARTS: &str = "
WITH t AS (SELECT c.oid, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')),
parts AS (
SELECT 'table' AS part, CAST(t.name AS text) AS name, '' AS definition FROM t
UNION ALL
SELECT 'column', t.name || '.' || a.attname,
       format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
       || CASE WHEN a.attidentity <> '' THEN ' identity' ELSE '' END
       || COALESCE(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
UNION ALL
SELECT 'index', CAST(c.relname AS text),
       CASE WHEN i.indisunique THEN 'unique ' ELSE '' END || 'on ' || t.name
       || substring(pg_get_indexdef(i.indexrelid) FROM ' USING .*')
FROM t JOIN pg_index i ON i.indrelid = t.oid AND i.indisvalid JOIN pg_class c ON c.oid = i.indexrelid
UNION ALL
SELECT CASE o.contype WHEN 'f' THEN 'foreign_key' ELSE 'check' END, CAST(o.conname AS text),
       'on ' || t.name || ' ' || pg_get_constraintdef(o.oid)
FROM t JOIN pg_constraint o ON o.conrelid = t.oid AND o.contype IN ('f', 'c')
)
SELECT part, name, replace(replace(definition, quote_ident($1) || '.', ''), $1 || '.', '') AS definition FROM parts";

/// Name of a schema that lasts only as long as its transaction.
const REFERENCE: &str = "docent_reference";

#[derive(FromQueryResult)]
struct Name {
    name: Option<String>,
}

/// Returns the schema of the tables.
pub async fn current_schema(connection: &impl ConnectionTrait) -> Result<String> {
    let query = "SELECT CAST(current_schema() AS text) AS name";
    let row: Option<Name> = sql::select_one(connection, query, []).await?;
    let name = row.and_then(|row| row.name);
    name.ok_or_else(|| StorageError::database("the search path of the database names no schema that exists"))
}

/// Returns every part of the tables of a schema.
pub(super) async fn parts(connection: &impl ConnectionTrait, schema: &str) -> Result<Parts> {
    read_parts(connection, PARTS, [schema.into()]).await
}

/// Returns the parts that the migrations create, in a schema of their own that is rolled back.
pub(super) async fn expected(transaction: &DatabaseTransaction) -> Result<Parts> {
    let beside = transaction.begin().await?;
    beside.execute_unprepared(&format!("CREATE SCHEMA {REFERENCE}")).await?;
    beside.execute_unprepared(&format!("SET LOCAL search_path TO {REFERENCE}")).await?;
    docent_migration::up(&beside).await?;
    let expected = parts(&beside, REFERENCE).await;
    beside.rollback().await?;
    expected
}
