use anyhow::{Context, Result};

/// Returns every row of every table as text, whichever tables exist, except the log of changes:
/// what it names by hash for other servers is deleted within minutes. `query` runs SQL and returns
/// the first column.
///
/// # Errors
/// Fails if a query fails.
pub async fn dump<Q>(is_sqlite: bool, mut query: Q) -> Result<Vec<String>>
where
    Q: AsyncFnMut(&str) -> Result<Vec<String>>,
{
    let tables = if is_sqlite {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1"
    } else {
        "SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'changes' ORDER BY 1"
    };
    let mut rows = Vec::new();
    for table in query(tables).await? {
        let row = if is_sqlite {
            let columns = format!(
                "SELECT group_concat('quote(' || name || ')', '||'' ''||') FROM pragma_table_info('{table}')"
            );
            query(&columns).await?.pop().context("the table has no columns")?
        } else {
            "CAST(row_to_json(t) AS text)".to_owned()
        };
        let table_rows = query(&format!("SELECT {row} AS line FROM {table} t ORDER BY line")).await?;
        rows.extend(table_rows.into_iter().map(|row| format!("{table}: {row}")));
    }
    Ok(rows)
}
