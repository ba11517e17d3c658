use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use docent::storage::{Store, StoreConfig};
use tempfile::TempDir;

/// A temporary folder with a store and with files to import.
pub struct Place {
    folder: TempDir,
}

/// Outcome of a command.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    /// Standard error as written: log lines in JSON.
    pub err: String,
    /// Messages and errors of the log lines.
    pub said: String,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, making its folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docent-trainer"));
        command.env_clear().current_dir(self.folder.path());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ended {
        ended(self.command().args(args).output().unwrap())
    }

    /// Runs a command that must succeed, and returns its standard output.
    pub fn must(&self, args: &[&str]) -> String {
        let ended = self.run(args);
        assert_eq!(ended.code, Some(0), "{args:?}: {ended:?}");
        ended.out
    }

    /// Returns the entries of the audit log as `actor action subject`, oldest first.
    pub fn audit(&self) -> Vec<String> {
        let url = format!("sqlite://{}", self.path("docent-data/docent.db").display());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let rows = runtime.block_on(async {
            let store = Store::connect(&StoreConfig::new(&url)).await.unwrap();
            let rows = store.audit_before(None, 1_000).await.unwrap();
            store.close().await.unwrap();
            rows
        });
        let entries = rows.into_iter().rev().map(|row| row.entry);
        entries
            .map(|entry| format!("{} {} {}", entry.actor, entry.action, entry.subject.unwrap_or_default()))
            .collect()
    }

    /// Exports the store and returns the lines.
    pub fn dump(&self) -> Vec<String> {
        self.must(&["export", "jsonl", "dump.jsonl"]);
        lines(&self.path("dump.jsonl"))
    }
}

pub fn ended(output: Output) -> Ended {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (code, out, err) = (output.status.code(), text(output.stdout), text(output.stderr));
    let said = err.lines().map(said).collect::<Vec<_>>().join("\n");
    Ended { code, out, err, said }
}

/// Returns message and error of a log line.
fn said(line: &str) -> String {
    let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else { return line.to_owned() };
    let parts = ["message", "error"].into_iter().filter_map(|part| line[part].as_str());
    parts.collect::<Vec<_>>().join(": ")
}

pub fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}
