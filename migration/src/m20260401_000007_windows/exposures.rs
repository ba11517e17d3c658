use sea_orm_migration::{
    prelude::*,
    schema::*,
    sea_orm::{DbBackend, FromQueryResult, Statement},
};

use super::running_totals::RunningTotals;
use crate::{
    columns::{drop_tables, index, refers_to},
    m20260301_000006_feedback_loop::{FILL_EXPOSURE_TOTALS, make_exposures, run},
};

const TABLE: &str = "resource_exposure_days";
/// Resources read at a time.
const PAGE: i64 = 1_000;

pub(super) async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let days = Table::create()
        .table(TABLE)
        .col(big_integer("resource_id").primary_key())
        .col(big_integer("last_day"))
        .col(ColumnDef::new("totals").blob().not_null())
        .foreign_key(&mut refers_to(TABLE, "resource_id", "resources"))
        .take();
    manager.create_table(days).await?;
    manager.create_index(index("idx_resource_exposure_days_last_day", TABLE, ["last_day"])).await?;
    fill(manager).await?;
    drop_tables(manager, &["resource_exposures", "resource_exposure_totals"]).await
}

pub(super) async fn down(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    make_exposures(manager).await?;
    fill_former(manager).await?;
    run(manager, &[FILL_EXPOSURE_TOTALS]).await?;
    drop_tables(manager, &[TABLE]).await
}

fn statement(backend: DbBackend, sql: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(backend, sql, values)
}

#[derive(FromQueryResult)]
struct Former {
    resource_id: i64,
    day: i64,
    total: i64,
}

async fn fill(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let backend = manager.get_database_backend();
    let mut after = i64::MIN;
    loop {
        let page = statement(
            backend,
            "SELECT resource_id, day, total FROM resource_exposures WHERE resource_id IN \
             (SELECT resource_id FROM resource_exposure_totals WHERE resource_id > $1 \
             ORDER BY resource_id LIMIT $2) ORDER BY resource_id, day",
            vec![after.into(), PAGE.into()],
        );
        let rows = Former::find_by_statement(page).all(connection).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.resource_id;
        for of_one in rows.chunk_by(|a, b| a.resource_id == b.resource_id) {
            let (mut days, mut before) = (RunningTotals::default(), 0);
            for row in of_one {
                days.add(row.day, (row.total - before).try_into().unwrap_or(u32::MAX));
                before = row.total;
            }
            let values = [of_one.first().map(|row| row.resource_id).into(), days.last_day().into()];
            let values = values.into_iter().chain([days.to_bytes().into()]).collect();
            let insert =
                "INSERT INTO resource_exposure_days (resource_id, last_day, totals) VALUES ($1, $2, $3)";
            connection.execute_raw(statement(backend, insert, values)).await?;
        }
    }
}

#[derive(FromQueryResult)]
struct Days {
    resource_id: i64,
    last_day: i64,
    totals: Vec<u8>,
}

async fn fill_former(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let backend = manager.get_database_backend();
    let rows = match backend {
        DbBackend::Postgres => "json_array_elements(CAST($1 AS json)) AS k(value)",
        _ => "json_each($1) AS k",
    };
    let insert = format!(
        "INSERT INTO resource_exposures (resource_id, day, total) SELECT CAST(k.value ->> 0 AS bigint), \
         CAST(k.value ->> 1 AS bigint), CAST(k.value ->> 2 AS bigint) FROM {rows}"
    );
    let mut after = i64::MIN;
    loop {
        let page = statement(
            backend,
            "SELECT resource_id, last_day, totals FROM resource_exposure_days WHERE resource_id > $1 \
             ORDER BY resource_id LIMIT $2",
            vec![after.into(), PAGE.into()],
        );
        let page = Days::find_by_statement(page).all(connection).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.resource_id;
        let mut rows: Vec<String> = Vec::new();
        for Days { resource_id, last_day, totals } in page {
            let days = RunningTotals::read(last_day, &totals)
                .ok_or_else(|| DbErr::Custom(format!("{TABLE}: resource {resource_id} is damaged")))?;
            let mut total = 0u64;
            for (day, count) in days.daily() {
                total += u64::from(count);
                rows.push(format!("[{resource_id},{day},{total}]"));
            }
        }
        let values = vec![format!("[{}]", rows.join(",")).into()];
        connection.execute_raw(statement(backend, &insert, values)).await?;
    }
}
