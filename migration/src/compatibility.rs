//! Programs that may use a schema which newer ones have changed.
//!
//! A release expands the schema by what older programs neither read nor must write; a later release
//! removes what no program of the former needs any more. The newest migration that an older program
//! cannot work beside is stored, and every program reads it.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Statement},
};

const TABLE: &str = "schema_compatibility";

/// Migrations that programs from before them cannot work beside, oldest first: such a program would
/// fail, or write what a newer one misreads. Every other one only expands the schema. Programs from
/// before the first of these refuse any migration that they do not know.
const BREAKING: &[&str] = &["m20261101_000018_oldest_program"];

/// Stores the newest breaking migration that is applied.
///
/// # Errors
/// Any error of the database.
pub(crate) async fn store_oldest(transaction: &DatabaseTransaction, applied: &[String]) -> Result<(), DbErr> {
    if !SchemaManager::new(transaction).has_table(TABLE).await? {
        return Ok(());
    }
    let is_applied = |name: &&&str| applied.iter().any(|applied| applied == **name);
    let oldest = BREAKING.iter().rev().find(is_applied).copied().unwrap_or_default();
    let backend = transaction.get_database_backend();
    transaction.execute_unprepared(&format!("DELETE FROM {TABLE}")).await?;
    let insert = format!("INSERT INTO {TABLE} (id, oldest_migration) VALUES (1, $1)");
    transaction.execute_raw(Statement::from_sql_and_values(backend, insert, [oldest.into()])).await?;
    Ok(())
}

/// Returns the oldest migration that a program must know to use the schema; `None` if the schema
/// does not say.
///
/// # Errors
/// Any error of the database.
pub(crate) async fn oldest<'c, C>(connection: &'c C) -> Result<Option<String>, DbErr>
where
    C: ConnectionTrait,
    &'c C: IntoSchemaManagerConnection<'c>,
{
    if !SchemaManager::new(connection).has_table(TABLE).await? {
        return Ok(None);
    }
    let query = format!("SELECT oldest_migration FROM {TABLE}");
    let statement = Statement::from_string(connection.get_database_backend(), query);
    let row: Option<QueryResult> = connection.query_one_raw(statement).await?;
    row.map(|row| row.try_get("", "oldest_migration")).transpose()
}
