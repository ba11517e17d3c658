//! The HTTP server of Docent: routes, probes, metrics and the contract over [`docent::Engine`].
//!
//! It knows HTTP and nothing of recommending; the engine knows recommending and nothing of HTTP.

mod background;
mod cli;
mod config;
mod db;
mod demo;
mod http;
mod openapi;
mod retention;
mod routes;
mod schema_gate;
mod serve;
mod state;
mod stop;
mod waiting;
mod watch;
mod wire;

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use docent_telemetry::{LogFormat, init_tracing, log_panic, names, report_failure};

use crate::{
    cli::{Cli, Command},
    config::ServerConfig,
    stop::StopSignals,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    let what = match cli.command {
        Command::Serve(_) | Command::Demo(_) => "the server failed",
        Command::Db(_) | Command::Openapi => "the command failed",
    };
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report_failure(&format!("{error:#}"), |error| tracing::error!(error, "{what}"));
            ExitCode::FAILURE
        }
    }
}

/// What is not to be run: wrong arguments, or a question about them.
fn refused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || io::stderr().is_terminal() {
        let _unwritable = error.print();
    } else {
        let said = error.to_string();
        report_failure(said.trim_start_matches("error: "), |error| {
            tracing::error!(error, "the arguments cannot be used");
        });
    }
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn start(cli: Cli) -> anyhow::Result<()> {
    if let Command::Openapi = cli.command {
        return Ok(io::stdout().write_all(openapi::contract().as_bytes())?);
    }
    init_tracing(LogFormat::Auto)?;
    std::panic::set_hook(Box::new(|panic| {
        metrics::counter!(names::PANICS).increment(1);
        log_panic(panic);
    }));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(run(cli));
    // What is still at work was left on purpose, such as a model half read.
    runtime.shutdown_background();
    done
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let load = || ServerConfig::load(&cli.common);
    let listen = || StopSignals::listen().context("signals cannot be heard");
    match cli.command {
        Command::Openapi => Ok(()),
        Command::Serve(args) => {
            let stop = listen()?;
            serve::serve(load()?.with_flags(args)?, stop).await
        }
        Command::Db(command) => db::run(command, &load()?).await,
        Command::Demo(args) => {
            let stop = listen()?;
            demo::run(args, load()?, stop).await
        }
    }
}
