//! The process whose disk fails.

use std::{
    collections::BTreeSet,
    fmt, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use docent_storage::{Store, StoreConfig};

use crate::operations::{OPERATIONS, apply, fill, holds, one_more};

const MAX_FAULT: u64 = 300;
/// Operations after the first fault: enough that each kind follows it.
const OPERATIONS_AFTER_FAULT: u64 = 12;
/// Frames in the log of the larger template, which an erasure moves into the database early in a
/// run.
const LONG_LOG_FRAMES: u64 = 900;
/// Interval between runs that start with the larger template, which takes longer to copy.
const LONG_LOG_EVERY: u64 = 4;
const FRAME_BYTES: u64 = 4_096 + 24;

/// The faults of one child.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// `write` or `sync`.
    pub(crate) kind: String,
    /// Error number (`errno`) of the failure.
    pub(crate) code: i32,
    /// Consecutive operations that fail.
    pub(crate) count: u64,
    /// Distance between the operations at which runs fail first.
    pub(crate) step: u64,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.kind, self.code, self.count, self.step)
    }
}

impl Plan {
    fn parse(text: &str) -> Result<Self> {
        let fields: Vec<&str> = text.split(' ').collect();
        let [kind, code, count, step] = fields.as_slice() else { bail!("not a plan: {text}") };
        let kind = (*kind).to_owned();
        Ok(Self { kind, code: code.parse()?, count: count.parse()?, step: step.parse()? })
    }
}

/// Runs a plan and prints how many faults were met.
#[allow(clippy::print_stdout, reason = "the parent reads it")]
pub(crate) fn main(plan: &str, folder: &Path) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match runtime.block_on(run(plan, folder)) {
        Ok(faults) => {
            println!("{faults}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(plan: &str, folder: &Path) -> Result<u64> {
    let plan = Plan::parse(plan)?;
    let [short_log, long_log] = ["short.db", "long.db"].map(|name| folder.join(name));
    let store = Store::connect(&config(&long_log)).await?;
    store.migrate().await?;
    fill(&store, || Ok(true)).await?;
    copy(&long_log, &short_log)?;
    let log = beside(&long_log, "-wal");
    fill(&store, || Ok(fs::metadata(&log)?.len() / FRAME_BYTES >= LONG_LOG_FRAMES)).await?;
    let (mut faults, mut n, mut failures, mut misses) = (0, 1, Vec::new(), 0);
    // Runs that need fewer operations than n meet no fault; when both templates do, larger n cannot
    // either.
    while n <= MAX_FAULT && misses < LONG_LOG_EVERY {
        let template = if n.is_multiple_of(LONG_LOG_EVERY) { &long_log } else { &short_log };
        match one_run(folder, template, &plan, n).await {
            Ok(0) => misses += 1,
            Ok(_) => (faults, misses) = (faults + 1, 0),
            Err(error) => {
                faults += 1;
                failures.push(format!("{} {n}: {error:#}", plan.kind));
            }
        }
        n += plan.step;
    }
    store.close().await?;
    if !failures.is_empty() {
        bail!("{} of {faults} runs fail:\n{}", failures.len(), failures[..failures.len().min(10)].join("\n"));
    }
    Ok(faults)
}

/// Returns the number of operations that failed on purpose.
async fn one_run(folder: &Path, template: &Path, plan: &Plan, n: u64) -> Result<u64> {
    let shim = Shim { folder };
    let path = folder.join("run/store.db");
    let _absent = fs::remove_dir_all(folder.join("run"));
    fs::create_dir_all(folder.join("run"))?;
    copy(template, &path)?;
    shim.order(&format!("fail {} {n} {} {}", plan.kind, plan.code, plan.count))?;
    let connected = Store::connect(&config(&path)).await;
    let mut acknowledged = BTreeSet::new();
    let (mut errors, mut since_fault) = (0, 0);
    if let Ok(store) = &connected {
        for number in 0..OPERATIONS {
            let outcome = apply(store, number).await;
            let report = shim.report()?;
            if outcome.is_ok() {
                ensure!(report.is_synced, "operation {number} is acknowledged and not synced");
                acknowledged.insert(number);
            } else {
                ensure!(report.failed > 0, "operation {number} fails without a fault: {outcome:?}");
                errors += 1;
            }
            since_fault += u64::from(report.failed > 0);
            if since_fault > OPERATIONS_AFTER_FAULT {
                break;
            }
        }
        if errors > 0 {
            let works = plan.count == 1;
            ensure!(store.writable().await.is_ok() == works, "readiness tells what is not so");
        }
    }
    let failed = shim.report()?.failed;
    shim.order("off")?;
    let store = match connected {
        Ok(store) => store,
        Err(_) if failed > 0 => Store::connect(&config(&path)).await.context("the disk works again")?,
        Err(error) => return Err(error.into()),
    };
    if plan.count == 1 {
        ensure!(errors <= 1, "one fault makes {errors} operations fail");
    }
    store.writable().await.context("the disk works again, and readiness does not tell")?;
    one_more(&store).await.context("the disk works again, and the store does not")?;
    acknowledged.insert(OPERATIONS);

    // What a process finds that starts after this one was killed.
    let found = folder.join("run/found.db");
    copy(&path, &found)?;
    let found = Store::connect(&config(&found)).await?;
    let lost = holds(&found, &acknowledged).await?;
    ensure!(lost.is_empty(), "of {acknowledged:?}, acknowledged, these are lost: {lost:?}");
    found.close().await?;
    store.close().await?;
    Ok(failed)
}

fn config(path: &Path) -> StoreConfig {
    let url = format!("sqlite:{}", path.display());
    StoreConfig { max_connections: 1, wait: Duration::from_secs(5), ..StoreConfig::new(url) }
}

/// Copies a database that is open with its log. The shared-memory index is left out: SQLite makes
/// it again.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)?;
    fs::copy(beside(from, "-wal"), beside(to, "-wal"))?;
    Ok(())
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

struct Shim<'a> {
    folder: &'a Path,
}

struct Report {
    failed: u64,
    is_synced: bool,
}

impl Shim<'_> {
    fn order(&self, order: &str) -> Result<()> {
        Ok(fs::write(self.folder.join("control"), order)?)
    }

    fn report(&self) -> Result<Report> {
        self.order("report")?;
        let report = fs::read_to_string(self.folder.join("report"))?;
        let mut numbers = report.split(' ').map(str::parse::<u64>);
        let mut next = || numbers.next().context("the report is too short");
        let (_calls, failed, unsynced) = (next()??, next()??, next()??);
        Ok(Report { failed, is_synced: unsynced == 0 })
    }
}
