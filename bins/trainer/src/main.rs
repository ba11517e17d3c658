//! The Docent trainer: imports, trains, publishes.
//!
//! Exit codes: 0 done (of `train`: published) · 1 any error · 2 too little to learn from · 3 the gate refused to
//! publish · 4 nothing to do · 130 interrupted by Ctrl-C · 143 by SIGTERM. Wrong arguments are an error like any other: 1.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks to people by printing"
)]

mod cli;
mod evaluate;
mod exit;
mod export;
mod generate;
mod import;
mod logging;
mod models;
mod plot;
mod progress;
mod settings;
mod stop;
mod table;
mod train;

use std::{io::IsTerminal, process::ExitCode};

use anyhow::Context;
use clap::Parser;
use cli::{Cli, Command};
use docent_telemetry::{log_panic, report_failure};
use settings::Settings;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    match start(cli) {
        Ok(code) => code.into(),
        Err(error) => {
            report_failure(&format!("{error:#}"), |error| tracing::error!(error, "the trainer failed"));
            exit::FAILED.into()
        }
    }
}

/// What is not to be run: wrong arguments, or a question about them.
fn refused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || std::io::stderr().is_terminal() {
        let _unwritable = error.print();
    } else {
        let said = error.to_string();
        report_failure(said.trim_start_matches("error: "), |error| {
            tracing::error!(error, "the arguments cannot be used");
        });
    }
    if error.use_stderr() { exit::FAILED.into() } else { ExitCode::SUCCESS }
}

fn start(cli: Cli) -> anyhow::Result<u8> {
    logging::start()?;
    std::panic::set_hook(Box::new(log_panic));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("the async runtime cannot be started")?.block_on(run(cli))
}

async fn run(cli: Cli) -> anyhow::Result<u8> {
    let settings = Settings::load(&cli.common);
    match cli.command {
        Command::Train(args) => train::run(settings, &args).await,
        Command::Evaluate(args) => evaluate::run(settings?, args).await,
        Command::Import(args) => import::run(settings?, args).await,
        Command::Export(args) => export::run(settings?, args).await,
        Command::Generate(args) => generate::run(settings?, &args).await,
        Command::Models(args) => models::run(settings?, &args).await,
    }
}
