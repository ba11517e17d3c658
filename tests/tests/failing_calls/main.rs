//! Fails the n-th write, sync or rename of a publication, a backup and a migration: afterwards
//! there is the old or the new, never a part, and an error is reported.
//!
//! A shim is loaded into the process that does the work. Every tenth call fails in turn;
//! `DOCENT_TEST_FAULTS_STEP=1` takes every one of the first 200. The tests are ignored where there
//! is no C compiler, and on systems other than Linux. They run the program in the target folder:
//! `cargo test --workspace` builds it; to run these tests alone, run `cargo build --bin
//! docent-server` first.

mod backing_up;
mod migrating;
mod publishing;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Output},
    sync::{Arc, OnceLock},
};

use anyhow::{Context, Result, anyhow, ensure};
use docent_test_support::{DiskFaults, copy_folder, run, test};

/// Last call of a kind that fails.
const MAX_CALL: u64 = 200;
/// Distance between the calls that fail, unless `DOCENT_TEST_FAULTS_STEP` has another.
const STEP: u64 = 10;
/// First calls, all of which fail in turn.
const FIRST: u64 = 3;
/// Errors, by name and number.
const ERRORS: [(&str, i32); 3] = [("io_error", 5), ("disk_full", 28), ("interrupted", 4)];

/// Work whose calls fail.
#[derive(Debug, Clone, Copy)]
enum Subject {
    Publishing,
    BackingUp,
    Migrating,
}

impl Subject {
    fn name(self) -> &'static str {
        match self {
            Self::Publishing => "publishing",
            Self::BackingUp => "backing_up",
            Self::Migrating => "migrating",
        }
    }

    /// Writes what the work starts from.
    async fn prepare(self, folder: &Path) -> Result<()> {
        match self {
            Self::Publishing => publishing::prepare(folder),
            Self::BackingUp => backing_up::prepare(folder).await,
            Self::Migrating => migrating::prepare(folder),
        }
    }

    /// Returns the command that does the work.
    fn command(self, folder: &Path) -> Result<Command> {
        match self {
            Self::Publishing => publishing::command(folder),
            Self::BackingUp => backing_up::command(folder),
            Self::Migrating => migrating::command(folder),
        }
    }

    /// Checks that there is the old or the new, as the command says.
    async fn check(self, folder: &Path, succeeded: bool) -> Result<()> {
        match self {
            Self::Publishing => publishing::check(folder, succeeded),
            Self::BackingUp => backing_up::check(folder, succeeded).await,
            Self::Migrating => migrating::check(folder, succeeded).await,
        }
    }
}

fn main() -> ExitCode {
    if let Some(folder) = std::env::var_os(publishing::CHILD_VARIABLE) {
        return publishing::child(&PathBuf::from(folder));
    }
    let shim: Arc<OnceLock<Result<DiskFaults, String>>> = Arc::default();
    let mut trials = Vec::new();
    for subject in [Subject::Publishing, Subject::BackingUp, Subject::Migrating] {
        for kind in ["write", "sync", "rename"] {
            for (error, number) in ERRORS {
                let shim = Arc::clone(&shim);
                let trial = test(&format!("{}::{kind}::{error}", subject.name()), async move || {
                    let shim =
                        shim.get_or_init(|| DiskFaults::compile().map_err(|error| format!("{error:#}")));
                    fail_in_turn(subject, kind, number, shim.as_ref().map_err(|error| anyhow!("{error}"))?)
                        .await
                });
                trials.push(trial.with_ignored_flag(!DiskFaults::is_available()));
            }
        }
    }
    run(trials)
}

async fn fail_in_turn(subject: Subject, kind: &str, error: i32, shim: &DiskFaults) -> Result<()> {
    let step: u64 = match std::env::var("DOCENT_TEST_FAULTS_STEP") {
        Ok(text) => text.parse().context("DOCENT_TEST_FAULTS_STEP")?,
        Err(_) => STEP,
    };
    let template = tempfile::tempdir()?;
    subject.prepare(template.path()).await?;
    let mut call = 1;
    while call <= MAX_CALL {
        let folder = tempfile::tempdir()?;
        copy_folder(template.path(), folder.path())?;
        let mut command = subject.command(folder.path())?;
        shim.load(&mut command, folder.path(), Some(&format!("fail {kind} {call} {error} 1")));
        let output = command.output()?;
        let was_met = folder.path().join("report").exists();
        let checked = judge(subject, folder.path(), was_met, &output).await;
        checked.with_context(|| format!("{kind} {call} fails: {}", said(&output)))?;
        if !was_met {
            // The work makes fewer calls.
            ensure!(call > 1 || kind == "rename", "no {kind} was met");
            break;
        }
        call += if call < FIRST { 1 } else { step };
    }
    Ok(())
}

async fn judge(subject: Subject, folder: &Path, was_met: bool, output: &Output) -> Result<()> {
    let succeeded = output.status.success();
    ensure!(output.status.code().is_some(), "a signal ended it");
    ensure!(succeeded || was_met, "it fails without a fault");
    ensure!(succeeded || !output.stderr.is_empty(), "it fails and says nothing");
    subject.check(folder, succeeded).await
}

fn said(output: &Output) -> String {
    format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())
}

/// Returns a command that runs the server program, without the settings of this process.
fn server() -> Result<Command> {
    let test = std::env::current_exe()?;
    let path = test.ancestors().nth(2).context("no target folder")?.join("docent-server");
    ensure!(path.is_file(), "{} is not built: cargo build --bin docent-server", path.display());
    let mut command = Command::new(path);
    for (variable, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOCENT_")) {
        command.env_remove(variable);
    }
    Ok(command)
}

fn database(folder: &Path) -> PathBuf {
    folder.join("data/docent.db")
}

fn database_url(folder: &Path) -> String {
    format!("sqlite:{}", database(folder).display())
}

/// Copies the store of version 0.1.
fn old_store(folder: &Path) -> Result<()> {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/v0.1/docent.db");
    fs::create_dir_all(folder.join("data"))?;
    fs::copy(store, database(folder))?;
    Ok(())
}
