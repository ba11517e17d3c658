//! Backups by `pg_dump` in its custom format, of the snapshot in which the rows were counted.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{ChildStdin, Stdio},
};

use sea_orm::{ConnectionTrait, FromQueryResult, IsolationLevel, TransactionOptions, TransactionTrait};

use super::{
    blocking,
    manifest::same_rows,
    programs::{complaint, output, program, program_for},
};
use crate::{
    Database, StoreConfig,
    error::{Result, StorageError},
    schema::current_schema,
    session_timeouts::{WITHOUT_TIMEOUTS, lift_timeouts},
    sql,
};

const HISTORY: &str = "seaql_migrations";

type Content = (BTreeMap<String, u64>, Vec<String>);

#[derive(FromQueryResult)]
struct Name {
    name: String,
}

#[derive(FromQueryResult)]
struct CountRow {
    name: String,
    n: i64,
}

/// Dumps the tables of the configured schema, reads the archive back and returns its content.
pub(super) async fn dump(config: &StoreConfig, to: &Path) -> Result<Content> {
    let store = Database::connect(&StoreConfig { max_connections: 1, ..config.clone() }).await?;
    let result = dump_from(&store, config, to).await;
    store.close().await?;
    result
}

async fn dump_from(store: &Database, config: &StoreConfig, to: &Path) -> Result<Content> {
    let options = TransactionOptions {
        isolation_level: Some(IsolationLevel::RepeatableRead),
        ..TransactionOptions::default()
    };
    lift_timeouts(store.reader()).await?;
    // Stays open until pg_dump has ended, because a snapshot can be joined only as long as it
    // lasts.
    let transaction = store.reader().begin_with_options(options).await?;
    let schema = current_schema(&transaction).await?;
    let exported: Option<Name> =
        sql::select_one(&transaction, "SELECT pg_export_snapshot() AS name", []).await?;
    let snapshot = exported.map(|row| row.name).unwrap_or_default();
    let rows = count(&transaction, &schema).await?;
    if rows.is_empty() {
        return Err(StorageError::backup(to, "the database has no tables to back up"));
    }
    let mut migrations = Vec::new();
    if rows.contains_key(HISTORY) {
        let query = "SELECT CAST(version AS text) AS name FROM seaql_migrations ORDER BY version";
        let names: Vec<Name> = sql::select(&transaction, query, []).await?;
        migrations.extend(names.into_iter().map(|row| row.name));
    }
    let (url, file) = (config.url.clone(), to.to_owned());
    let found = blocking(move || {
        let mut command = program_for("pg_dump", &url)?;
        command.args(["--format=custom", "--no-owner", "--no-privileges", "--no-comments"]);
        command.arg(format!("--snapshot={snapshot}"));
        command.arg(format!("--table=\"{}\".*", schema.replace('"', "\"\"")));
        command.arg("--file").arg(&file);
        output(command, &file)?;
        read(&file)
    });
    let (found, _) = found.await?;
    transaction.rollback().await?;
    same_rows(to, &rows, &found)?;
    Ok((rows, migrations))
}

/// Unpacks an archive from end to end and counts its rows.
pub(super) fn read(path: &Path) -> Result<Content> {
    let mut content = (BTreeMap::new(), Vec::new());
    unpack(path, |line, table| {
        match (table, line) {
            (Some(table), None) => {
                content.0.insert(table.to_owned(), 0);
            }
            (Some(table), Some(line)) => {
                *content.0.entry(table.to_owned()).or_insert(0) += 1;
                if table == HISTORY {
                    let version = line.split(|byte| *byte == b'\t').next().unwrap_or_default();
                    content.1.push(String::from_utf8_lossy(version).into_owned());
                }
            }
            (None, _) => {}
        }
        Ok(())
    })?;
    content.1.sort();
    Ok(content)
}

/// Replaces the tables of the configured schema by those of an archive, in one transaction.
pub(super) async fn restore(
    config: &StoreConfig,
    archive: &Path,
    rows: &BTreeMap<String, u64>,
    overwrite: bool,
) -> Result<()> {
    let store = Database::connect(&StoreConfig { max_connections: 1, ..config.clone() }).await?;
    let schema = current_schema(store.reader()).await;
    let present = match &schema {
        Ok(schema) => count(store.reader(), schema).await,
        Err(_) => Ok(BTreeMap::new()),
    };
    store.close().await?;
    let (schema, present) = (schema?, present?);
    if !overwrite && !present.is_empty() {
        return Err(StorageError::backup(archive, "the database has tables; --overwrite replaces them"));
    }
    let tables: Vec<String> = present.keys().map(|table| qualified(&schema, table)).collect();
    let checks: Vec<String> = rows
        .iter()
        .map(|(table, rows)| {
            let counted = format!("(SELECT COUNT(*) FROM {})", qualified(&schema, table));
            format!("IF {counted} <> {rows} THEN RAISE '{table}: expected {rows} rows'; END IF;")
        })
        .collect();
    let checked = format!("DO $check$ BEGIN {} END $check$;\n", checks.join(" "));
    let (url, archive) = (config.url.clone(), archive.to_owned());
    blocking(move || {
        let mut command = program_for("psql", &url)?;
        command.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let failed = |error: std::io::Error| StorageError::backup(&archive, error);
        let mut psql = command.spawn().map_err(failed)?;
        let (mut stdin, stderr) = (psql.stdin.take(), psql.stderr.take());
        let said = std::thread::spawn(move || {
            let mut said = Vec::new();
            stderr.map(|mut stderr| stderr.read_to_end(&mut said));
            said
        });
        let told = tell(stdin.as_mut(), &archive, &tables, &checked);
        // When its input ends without COMMIT, psql exits and PostgreSQL rolls back.
        drop(stdin);
        let status = psql.wait().map_err(failed)?;
        let said = said.join().unwrap_or_default();
        if !status.success() {
            return Err(StorageError::backup(&archive, complaint(&command, &said)));
        }
        told
    })
    .await
}

/// Writes the whole transaction; its end only after everything before it was unpacked.
fn tell(stdin: Option<&mut ChildStdin>, archive: &Path, tables: &[String], checked: &str) -> Result<()> {
    let Some(stdin) = stdin else { return Err(StorageError::backup(archive, "psql accepts no input")) };
    let failed = |error: std::io::Error| StorageError::backup(archive, error);
    writeln!(stdin, "{WITHOUT_TIMEOUTS};\nBEGIN;").map_err(failed)?;
    if !tables.is_empty() {
        writeln!(stdin, "DROP TABLE {} CASCADE;", tables.join(", ")).map_err(failed)?;
    }
    let mut process = program("pg_restore")?;
    process.args(["--no-owner", "--no-privileges", "--file=-"]).arg(archive);
    let mut process = process.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().map_err(failed)?;
    let copied = process.stdout.take().map(|script| copy_script(BufReader::new(script), stdin));
    let ended = process.wait().map_err(failed)?;
    copied.transpose().map_err(failed)?;
    if !ended.success() {
        return Err(StorageError::backup(archive, "damaged: pg_restore cannot read the whole archive"));
    }
    stdin.write_all(checked.as_bytes()).and_then(|()| stdin.write_all(b"COMMIT;\n")).map_err(failed)
}

/// Removes from the script a setting that newer programs write and servers before 17 refuse.
/// Settings precede all data.
fn copy_script(mut script: impl BufRead, to: &mut impl Write) -> std::io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if script.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.starts_with(b"SET transaction_timeout") {
            continue;
        }
        to.write_all(&line)?;
        if line.starts_with(b"SELECT pg_catalog.set_config") {
            return std::io::copy(&mut script, to).map(drop);
        }
    }
}

/// Calls back for each table of an archive and for each line of its rows.
fn unpack(path: &Path, mut tell: impl FnMut(Option<&[u8]>, Option<&str>) -> Result<()>) -> Result<()> {
    let failed = |error: std::io::Error| StorageError::backup(path, error);
    let mut command = program("pg_restore")?;
    command.args(["--no-owner", "--no-privileges", "--file=-"]).arg(path);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let stderr = process.stderr.take();
    let said = std::thread::spawn(move || {
        let mut said = Vec::new();
        stderr.map(|mut stderr| stderr.read_to_end(&mut said));
        said
    });
    let (mut line, mut table) = (Vec::new(), None::<String>);
    if let Some(script) = process.stdout.take() {
        let mut script = BufReader::new(script);
        while script.read_until(b'\n', &mut line).map_err(failed)? > 0 {
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            match (&table, text) {
                (Some(_), b"\\.") => table = None,
                (Some(name), row) => tell(Some(row), Some(name))?,
                (None, text) => {
                    table = copied_table(text);
                    tell(None, table.as_deref())?;
                }
            }
            line.clear();
        }
    }
    let status = process.wait().map_err(failed)?;
    let said = said.join().unwrap_or_default();
    if !status.success() || table.is_some() {
        return Err(StorageError::backup(path, format!("damaged: {}", complaint(&command, &said))));
    }
    Ok(())
}

/// Returns `users` for `COPY public.users (id, …) FROM stdin;`.
fn copied_table(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?;
    let name = line.strip_prefix("COPY ")?.strip_suffix(" FROM stdin;")?.split(" (").next()?;
    Some(name.rsplit('.').next()?.trim_matches('"').to_owned())
}

/// Returns the number of rows by table, without the tables of extensions.
async fn count(connection: &impl ConnectionTrait, schema: &str) -> Result<BTreeMap<String, u64>> {
    let query = "SELECT CAST(c.relname AS text) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT EXISTS \
                 (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1";
    let names: Vec<Name> = sql::select(connection, query, [schema.into()]).await?;
    let counts: Vec<String> = names
        .iter()
        .map(|row| {
            let text = row.name.replace('\'', "''");
            format!("SELECT '{text}' AS name, COUNT(*) AS n FROM {}", qualified(schema, &row.name))
        })
        .collect();
    if counts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<CountRow> = sql::select(connection, counts.join(" UNION ALL "), []).await?;
    Ok(rows.into_iter().map(|row| (row.name, u64::try_from(row.n).unwrap_or(0))).collect())
}

fn qualified(schema: &str, table: &str) -> String {
    format!("\"{}\".\"{}\"", schema.replace('"', "\"\""), table.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::copied_table;

    #[test]
    fn the_table_of_a_copy_is_read() {
        for (line, table) in [
            ("COPY public.users (id, name) FROM stdin;", Some("users")),
            ("COPY \"My Schema\".\"users\" (id) FROM stdin;", Some("users")),
            ("CREATE TABLE public.users (", None),
        ] {
            assert_eq!(copied_table(line.as_bytes()).as_deref(), table, "{line}");
        }
    }
}
