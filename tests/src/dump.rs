use anyhow::{Context, Result};
use docent_storage::Store;

/// Every row of every table, as text, whatever tables there are.
///
/// # Errors
/// Any failure of the database.
pub async fn dump(store: &Store) -> Result<Vec<String>> {
    let sqlite = store.backend() == "sqlite";
    let tables = if sqlite {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1"
    } else {
        "SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
    };
    let mut rows = Vec::new();
    for table in store.raw_sql(tables).await? {
        let row = if sqlite {
            let columns = format!(
                "SELECT group_concat('quote(' || name || ')', '||'' ''||') FROM pragma_table_info('{table}')"
            );
            store.raw_sql(&columns).await?.pop().context("no columns")?
        } else {
            "CAST(row_to_json(t) AS text)".to_owned()
        };
        let table_rows = store.raw_sql(&format!("SELECT {row} AS line FROM {table} t ORDER BY line")).await?;
        rows.extend(table_rows.into_iter().map(|row| format!("{table}: {row}")));
    }
    Ok(rows)
}
