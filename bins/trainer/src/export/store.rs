//! All rows of a store in a file, for another store to take as they are.

use std::{io::Write, path::Path};

use docent::storage::{StorageError, Store};
use docent_formats::PartialFile;
use serde_json::{Value, json};

use crate::progress;

/// Version of the form of the file.
pub const VERSION: u64 = 1;

/// Writes a line that names the form and the schema, a line for each row, and their number.
pub async fn write(store: &Store, to: &Path) -> anyhow::Result<String> {
    let bar = progress::spinner();
    let mut out = PartialFile::create(to)?;
    let schema = store.schema_status().await?.applied.pop();
    let mut write = |line: &Value| writeln!(out, "{line}").map_err(|error| unwritten(to, error));
    write(&json!({"docent_store": VERSION, "schema": schema}))?;
    let mut rows = 0_u64;
    store
        .export_rows(&mut |table, row| {
            rows += 1;
            bar.inc(1);
            write(&json!({"table": table, "row": row}))
        })
        .await?;
    write(&json!({"rows": rows}))?;
    out.finish()?;
    bar.finish_and_clear();
    Ok(format!("{rows} rows written to {}", to.display()))
}

fn unwritten(to: &Path, error: std::io::Error) -> StorageError {
    StorageError::Unavailable(format!("cannot write {}: {error}", to.display()).into())
}
