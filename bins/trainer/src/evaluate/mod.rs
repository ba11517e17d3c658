//! `evaluate`: benchmarks on data in files, the whole pipeline on the store, and the comparison of
//! evaluations.

mod charts;
mod compare;
mod per_user;
mod progress;
mod search;
mod store;
mod sweep;
mod tables;

use std::path::{Path, PathBuf};

use anyhow::Context;
use docent::training::EvaluationOptions;
use docent_benchmarks::{BenchmarkError, CiteulikeOptions, ModelOptions, Report};

pub use compare::compare;

use self::progress::Progress;
use crate::{
    exit, logging,
    plot::{Chart, svg},
    settings::Settings,
    stop::Stop,
};

/// A protocol with its data and options.
#[derive(Debug, Clone)]
pub enum Evaluation {
    /// Ranks the left-out item of each user among given negatives.
    LeaveOneOut { folder: PathBuf, options: ModelOptions },
    /// Ranks all items that the user has not seen.
    Ranking { train: PathBuf, test: PathBuf, options: ModelOptions },
    /// Ranks the last item of each ordered history.
    Next { data: PathBuf, attributes: Option<PathBuf>, options: ModelOptions },
    /// Ranks each next item of test sessions.
    Sessions { train: PathBuf, test: PathBuf, options: ModelOptions },
    /// Ranks articles for the libraries of CiteULike.
    Citeulike(CiteulikeOptions),
    /// Runs the whole pipeline on the interactions of a store.
    Store(EvaluationOptions),
}

/// Files that the results are written to.
#[derive(Debug, Clone, Default)]
pub struct Output {
    /// Results as JSON.
    pub json: Option<PathBuf>,
    /// Charts as SVG.
    pub plot: Option<PathBuf>,
    /// Metrics of single users as CSV.
    pub per_user: Option<PathBuf>,
}

/// Evaluates, prints tables, writes the requested files, and returns the exit code.
pub async fn run(settings: Settings, evaluation: Evaluation, output: &Output) -> anyhow::Result<u8> {
    let stop = Stop::listen()?;
    let ended = match evaluation {
        Evaluation::Store(options) => store::run(settings, options, output, &stop).await,
        benchmark => run_benchmark(benchmark, output, &stop).await,
    };
    match (ended, stop.requested()) {
        (Err(_), Some(code)) => {
            logging::warn("the evaluation was interrupted; nothing was written");
            Ok(code)
        }
        (ended, _) => ended.map(|()| exit::DONE),
    }
}

async fn run_benchmark(benchmark: Evaluation, output: &Output, stop: &Stop) -> anyhow::Result<()> {
    let progress = Progress::new(stop.clone());
    let report = tokio::task::spawn_blocking(move || measure(&benchmark, &progress)).await??;
    let Some(report) = report else { return Ok(()) };
    println!("{}", tables::report(&report));
    write(output, &report, &report, || vec![charts::quality_over_seconds(&report)])
}

/// Runs a protocol on files; `None` for the store.
fn measure(benchmark: &Evaluation, progress: &Progress) -> Result<Option<Report>, BenchmarkError> {
    let report = match benchmark {
        Evaluation::LeaveOneOut { folder, options } => {
            docent_benchmarks::leave_one_out(folder, options, progress)?
        }
        Evaluation::Ranking { train, test, options } => {
            docent_benchmarks::ranking(train, test, options, progress)?
        }
        Evaluation::Next { data, attributes, options } => {
            docent_benchmarks::next_item(data, attributes.as_deref(), options, progress)?
        }
        Evaluation::Sessions { train, test, options } => {
            docent_benchmarks::sessions(train, test, options, progress)?
        }
        Evaluation::Citeulike(options) => docent_benchmarks::citeulike(options, progress)?,
        Evaluation::Store(_) => return Ok(None),
    };
    Ok(Some(report))
}

/// Writes the requested files: `json` as JSON, the users of `report` as CSV, and charts.
fn write(
    output: &Output,
    json: &impl serde::Serialize,
    report: &Report,
    charts: impl FnOnce() -> Vec<Chart>,
) -> anyhow::Result<()> {
    if let Some(path) = &output.json {
        write_text(path, &(serde_json::to_string_pretty(json)? + "\n"))?;
    }
    if let Some(path) = &output.per_user {
        per_user::write(path, report)?;
    }
    if let Some(path) = &output.plot {
        write_text(path, &svg(&charts())?)?;
    }
    Ok(())
}

fn write_text(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}
