//! Backups by SQLite's online backup, read in the transaction in which the rows were counted.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use super::manifest::same_rows;
use crate::{
    error::{Result, StorageError},
    private_files,
};

const HISTORY: &str = "seaql_migrations";
const PAUSE: Duration = Duration::from_millis(20);

type Content = (BTreeMap<String, u64>, Vec<String>);

/// Copies a live database into a file, reads the copy back and returns its content.
pub(super) fn copy(database: &Path, to: &Path, wait: Duration) -> Result<Content> {
    let named = |error: rusqlite::Error| StorageError::backup(database, error);
    if !database.exists() {
        return Err(StorageError::backup(database, "no database to back up at this path"));
    }
    let source = open(database, OpenFlags::SQLITE_OPEN_READ_WRITE, wait)?;
    // The copy reads in this transaction, and so sees what was counted, whatever others write
    // meanwhile.
    source.execute_batch("BEGIN").map_err(named)?;
    let content = content(&source).map_err(named)?;
    if content.0.is_empty() {
        return Err(StorageError::backup(database, "the database has no tables to back up"));
    }
    let mut copy = open(to, OpenFlags::SQLITE_OPEN_READ_WRITE, wait)?;
    copy_pages(&source, &mut copy, wait).map_err(|error| StorageError::backup(to, error))?;
    source.execute_batch("COMMIT").map_err(named)?;
    // Without a log the copy is one file, which can be read on a read-only disk.
    let journal = copy.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0));
    journal.map_err(|error| StorageError::backup(to, error))?;
    drop(copy);
    let (rows, _) = read(to)?;
    same_rows(to, &content.0, &rows)?;
    Ok(content)
}

/// Opens a backup, checks its integrity and counts its rows.
pub(super) fn read(path: &Path) -> Result<Content> {
    let named = |error: rusqlite::Error| StorageError::backup(path, format!("damaged: {error}"));
    let copy = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, Duration::ZERO)?;
    let said: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(named)?;
    if said != "ok" {
        return Err(StorageError::backup(path, format!("damaged: {said}")));
    }
    let dangling = copy.prepare("PRAGMA foreign_key_check").and_then(|mut check| check.exists([]));
    if dangling.map_err(named)? {
        return Err(StorageError::backup(path, "damaged: rows refer to missing rows"));
    }
    content(&copy).map_err(named)
}

/// Replaces a database by a backup, in one transaction: programs that have it open see the old or
/// the new state.
pub(super) fn restore(
    backup: &Path,
    database: &Path,
    rows: &BTreeMap<String, u64>,
    overwrite: bool,
    wait: Duration,
) -> Result<()> {
    let named = |error: rusqlite::Error| StorageError::backup(database, error);
    if let Some(folder) = database.parent() {
        private_files::create_folder(folder).map_err(|error| StorageError::backup(folder, error))?;
    }
    private_files::ensure_file(database).map_err(|error| StorageError::backup(database, error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut target = open(database, flags, wait)?;
    if !overwrite && !content(&target).map_err(named)?.0.is_empty() {
        return Err(StorageError::backup(database, "the database has tables; --overwrite replaces them"));
    }
    let source = open(backup, OpenFlags::SQLITE_OPEN_READ_ONLY, wait)?;
    let found = content(&source).map_err(|error| StorageError::backup(backup, error))?.0;
    // Checked before anything is replaced: afterwards others may write to it.
    same_rows(backup, rows, &found)?;
    copy_pages(&source, &mut target, wait).map_err(|error| StorageError::backup(database, error))
}

fn open(path: &Path, flags: OpenFlags, wait: Duration) -> Result<Connection> {
    let opened = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let opened = opened.and_then(|connection| connection.busy_timeout(wait).map(|()| connection));
    opened.map_err(|error| StorageError::backup(path, error))
}

/// Copies all pages in one step. The online backup does not wait for locks by itself.
fn copy_pages(from: &Connection, to: &mut Connection, wait: Duration) -> Result<(), String> {
    let since = Instant::now();
    let backup = Backup::new(from, to).map_err(|error| error.to_string())?;
    loop {
        match backup.step(-1).map_err(|error| error.to_string())? {
            StepResult::Done => return Ok(()),
            _ if since.elapsed() < wait => std::thread::sleep(PAUSE),
            _ => {
                return Err(
                    "another program keeps the database locked; stop it or try again later".to_owned()
                );
            }
        }
    }
}

/// Returns the number of rows by table, and the migrations.
fn content(connection: &Connection) -> rusqlite::Result<Content> {
    let names =
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let mut rows = BTreeMap::new();
    for table in texts(connection, names)? {
        let query = format!("SELECT COUNT(*) FROM \"{}\"", table.replace('"', "\"\""));
        let count: i64 = connection.query_row(&query, [], |row| row.get(0))?;
        rows.insert(table, u64::try_from(count).unwrap_or(0));
    }
    let migrations = match rows.contains_key(HISTORY) {
        true => texts(connection, "SELECT version FROM seaql_migrations ORDER BY version")?,
        false => Vec::new(),
    };
    Ok((rows, migrations))
}

fn texts(connection: &Connection, query: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(query)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}
