//! Reads interactions and resources from Kafka into the store, each exactly once.
//!
//! `docent_streams` decides about events and positions; this program joins the consumer group,
//! fetches, and seeks. The server need not run.

mod away;
mod cli;
mod client;
mod dead_letters;
mod listener;
mod reader;
mod records;
mod run;
mod stop;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use docent_telemetry::{LogFormat, init_tracing, log_panic, report_arguments, report_failure};

use crate::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_run(&error),
    };
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report_failure(&format!("{error:#}"), |error| tracing::error!(error, "reading failed"));
            ExitCode::FAILURE
        }
    }
}

/// Reports invalid arguments, or prints the help or the version that was asked for.
fn not_run(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        report_arguments(
            &error.to_string(),
            || drop(error.print()),
            |error| tracing::error!(error, "the arguments cannot be used"),
        );
    } else {
        let _unwritable = error.print();
    }
    if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn start(cli: Cli) -> anyhow::Result<()> {
    init_tracing(LogFormat::Auto)?;
    std::panic::set_hook(Box::new(log_panic));
    let config = cli.loader().load()?.config;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("the async runtime cannot be started")?;
    let done = runtime.block_on(run::run(config));
    runtime.shutdown_background();
    done
}
