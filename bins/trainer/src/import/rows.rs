//! `import store`: takes all rows of another store as they are.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::{Context, bail};
use docent::storage::{RowImport, Store};
use serde::Deserialize;
use serde_json::Value;

use crate::{exit, export, progress, settings::Settings};

/// Number of rows that are written at a time.
const BATCH: usize = 5_000;

/// A line of the file.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Begin { docent_store: u64, schema: Option<String> },
    Row { table: String, row: Value },
    End { rows: u64 },
}

/// Imports the rows of a file into a store without data: all of them or, on an error, none.
pub async fn run(settings: Settings, file: &Path) -> anyhow::Result<u8> {
    let store = settings.open_or_create_store().await?;
    let ended = match read(&store, file).await {
        Ok(rows) => {
            println!("{rows} rows imported from {}", file.display());
            Ok(exit::DONE)
        }
        Err(error) => Err(error.context("nothing was imported")),
    };
    store.close().await?;
    ended
}

async fn read(store: &Store, path: &Path) -> anyhow::Result<u64> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let bar = progress::bytes(file.metadata()?.len());
    let import = store.begin_row_import().await?;
    let mut lines = BufReader::new(bar.wrap_read(file)).lines();
    let first = lines.next().transpose().with_context(|| format!("reading {}", path.display()))?;
    match first.as_deref().map(serde_json::from_str) {
        Some(Ok(Line::Begin { docent_store, schema })) => check(store, docent_store, schema).await?,
        _ => bail!("{}: expected a file that `export store` wrote", path.display()),
    }
    let mut batch = Batch { import: &import, table: String::new(), rows: Vec::new() };
    let (mut read, mut number) = (0, 1);
    for line in lines {
        number += 1;
        let line = line.with_context(|| format!("reading {}", path.display()))?;
        match serde_json::from_str(&line) {
            Ok(Line::Row { table, row }) => {
                read += 1;
                batch.add(table, row).await.with_context(|| format!("{}:{number}", path.display()))?;
            }
            Ok(Line::End { rows }) if rows == read => {
                batch.write().await?;
                import.commit().await?;
                bar.finish_and_clear();
                return Ok(read);
            }
            _ => bail!(
                "{}:{number}: expected a row that `export store` wrote; the file is damaged: copy it again",
                path.display()
            ),
        }
    }
    bail!("{}: the file ends too early, after {read} rows; copy it again", path.display())
}

/// Refuses rows of another form or schema.
async fn check(store: &Store, version: u64, schema: Option<String>) -> anyhow::Result<()> {
    let own = store.schema_status().await?.applied.pop();
    if version != export::STORE_VERSION || schema != own {
        let names = [schema, own].map(|name| name.unwrap_or_default());
        bail!(
            "expected rows of the schema {}, got those of {}; export and import with one version of Docent",
            names[1],
            names[0]
        );
    }
    Ok(())
}

/// Rows of one table that are written together.
struct Batch<'a> {
    import: &'a RowImport,
    table: String,
    rows: Vec<Value>,
}

impl Batch<'_> {
    async fn add(&mut self, table: String, row: Value) -> anyhow::Result<()> {
        if table != self.table || self.rows.len() >= BATCH {
            self.write().await?;
            self.table = table;
        }
        self.rows.push(row);
        Ok(())
    }

    async fn write(&mut self) -> anyhow::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() { Ok(()) } else { Ok(self.import.write(&self.table, rows).await?) }
    }
}
