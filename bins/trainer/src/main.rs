//! The Docent trainer: imports data, trains and evaluates models, and publishes them.
//!
//! `exit.rs` lists the exit codes. Invalid arguments are an error like any other, with exit code 1.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool prints its results")]

mod audit;
mod cli;
mod command;
mod evaluate;
mod exit;
mod export;
mod generate;
mod import;
mod logging;
mod members;
mod models;
mod observer;
mod plot;
mod progress;
mod recommend;
mod schedule;
mod settings;
mod stop;
mod table;
mod train;
mod weights;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use cli::Cli;
use docent_telemetry::{log_panic, report_arguments, report_failure};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_run(&error),
    };
    match start(cli) {
        Ok(code) => code.into(),
        Err(error) => {
            report_failure(&format!("{error:#}"), |error| tracing::error!(error, "the trainer failed"));
            exit::FAILED.into()
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
    if error.use_stderr() { exit::FAILED.into() } else { ExitCode::SUCCESS }
}

fn start(cli: Cli) -> anyhow::Result<u8> {
    logging::start()?;
    std::panic::set_hook(Box::new(log_panic));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("the async runtime cannot be started")?.block_on(command::run(cli))
}
