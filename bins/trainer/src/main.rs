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

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};
use settings::Settings;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { exit::FAILED.into() } else { ExitCode::SUCCESS };
        }
    };
    if let Err(error) = logging::start() {
        eprintln!("error: {error:#}");
        return exit::FAILED.into();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the async runtime cannot be started: {error}");
            return exit::FAILED.into();
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code.into(),
        Err(error) => {
            eprintln!("error: {}", docent_telemetry::redacted(&format!("{error:#}")));
            exit::FAILED.into()
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<u8> {
    let settings = Settings::load(&cli.common)?;
    match cli.command {
        Command::Train(args) => train::run(settings, &args).await,
        Command::Evaluate(args) => evaluate::run(settings, args).await,
        Command::Import(args) => import::run(settings, args).await,
        Command::Export(args) => export::run(settings, args).await,
        Command::Generate(args) => generate::run(settings, &args).await,
        Command::Models(args) => models::run(settings, &args).await,
    }
}
