//! Fails every n-th disk operation of a run of fifty mixed operations: what was acknowledged is
//! stored.
//!
//! A shim around the system's disk calls, loaded into a child process with `LD_PRELOAD`, makes the
//! n-th write or sync fail, for every n up to 300. Each run uses a copy of one store, and its files
//! are read as a kill at that moment would leave them. The tests are ignored where there is no C
//! compiler, and on systems other than Linux.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod child;
mod operations;

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
    sync::{Arc, OnceLock},
};

use anyhow::{Context, Result, ensure};
use docent_test_support::{DiskFaults, Trial, run, test};

/// Tells a child process which faults to make.
const CHILD_VARIABLE: &str = "DOCENT_FAULTS_CHILD";
/// Names the folder whose files the shim watches.
const FOLDER_VARIABLE: &str = "DOCENT_FAULTS_FOLDER";

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

fn main() -> ExitCode {
    if let (Ok(plan), Some(folder)) = (std::env::var(CHILD_VARIABLE), std::env::var_os(FOLDER_VARIABLE)) {
        return child::main(&plan, &PathBuf::from(folder));
    }
    let shim: Arc<OnceLock<Result<DiskFaults, String>>> = Arc::default();
    let mut trials: Vec<Trial> = Vec::new();
    for (kind, min_faults) in [("write", 300), ("sync", 40)] {
        for (name, code) in [("io_error", EIO), ("disk_full", ENOSPC)] {
            for (length, count, step) in [("once", 1, 1), ("from_then_on", 1_000_000_000, 15)] {
                let shim = Arc::clone(&shim);
                let plan = child::Plan { kind: kind.to_owned(), code, count, step };
                let min_faults = min_faults / step;
                let trial = test(&format!("a_{kind}_fails_{length}_with_{name}"), async move || {
                    let shim =
                        shim.get_or_init(|| DiskFaults::compile().map_err(|error| format!("{error:#}")));
                    let shim = shim.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?;
                    let faults = run_child(&plan, shim)?;
                    ensure!(faults >= min_faults, "only {faults} faults of {min_faults} were reached");
                    Ok(())
                });
                trials.push(trial.with_ignored_flag(!DiskFaults::is_available()));
            }
        }
    }
    run(trials)
}

/// Runs a child and returns how many faults it met.
fn run_child(plan: &child::Plan, shim: &DiskFaults) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let mut child = Command::new(std::env::current_exe()?);
    shim.load(child.env(CHILD_VARIABLE, plan.to_string()), folder.path(), None);
    let output = child.output()?;
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}: {error}", output.status);
    out.trim().parse().with_context(|| format!("the child said {out:?}"))
}
