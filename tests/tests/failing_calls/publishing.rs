//! Publication of a snapshot, by a process of this program.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, ensure};
use docent::models::{SnapshotError, SnapshotStore};
use serde_json::json;

/// Tells a child process where to publish.
pub const CHILD_VARIABLE: &str = "DOCENT_FAULTS_CHILD";

fn store(folder: &Path) -> SnapshotStore {
    SnapshotStore::new(folder.join("snapshots"))
}

fn publish(folder: &Path, number: u32) -> Result<(), SnapshotError> {
    let store = store(folder);
    if let Some(lock) = store.lock_training()? {
        store.recover(&lock)?;
    }
    let mut draft = store.draft()?;
    for file in 0..8 {
        draft
            .put_json(&format!("file-{file}"), &json!({ "words": vec!["word"; 2_000], "number": number }))?;
    }
    store.go_live(draft, json!({ "number": number })).map(|_| ())
}

pub fn prepare(folder: &Path) -> Result<()> {
    Ok(publish(folder, 1)?)
}

pub fn command(folder: &Path) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.env(CHILD_VARIABLE, folder);
    Ok(command)
}

/// Publishes a second snapshot.
#[allow(clippy::print_stderr, reason = "the parent reads it")]
pub fn child(folder: &Path) -> ExitCode {
    match publish(folder, 2) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the number of the live snapshot, after reading every snapshot to its end.
fn live(folder: &Path) -> Result<(u64, usize)> {
    let store = store(folder);
    let live = store.open_current()?.context("no snapshot is live")?;
    live.verify()?;
    let listed = store.list()?;
    for id in &listed {
        store.open(id)?.verify()?;
    }
    Ok((live.manifest().info["number"].as_u64().context("no number")?, listed.len()))
}

pub fn check(folder: &Path, succeeded: bool) -> Result<()> {
    let (number, listed) = live(folder)?;
    let expected = if succeeded { (2, 2) } else { (1, 1) };
    ensure!((number, listed) == expected, "number {number} of {listed} is live, expected {expected:?}");
    publish(folder, 3).context("the next publication")?;
    ensure!(live(folder)? == (3, listed + 1), "the next publication is not live");
    let remains = std::fs::read_dir(folder.join("snapshots"))?;
    let names = remains.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names: Vec<String> = names.collect::<std::io::Result<_>>()?;
    ensure!(!names.iter().any(|name| name.starts_with(".draft")), "remains: {names:?}");
    Ok(())
}
