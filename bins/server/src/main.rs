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
mod routes;
mod schema_gate;
mod serve;
mod state;
mod waiting;
mod wire;

use std::{
    io::{self, Write},
    panic::PanicHookInfo,
    process::ExitCode,
};

use clap::Parser;
use docent_telemetry::{LogFormat, init_tracing};

use crate::{
    cli::{Cli, Command},
    config::ServerConfig,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match start(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _unwritable = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(cli: Cli) -> anyhow::Result<()> {
    if let Command::Openapi = cli.command {
        return Ok(io::stdout().write_all(openapi::contract().as_bytes())?);
    }
    init_tracing(LogFormat::Auto)?;
    std::panic::set_hook(Box::new(log_panic));
    let config = ServerConfig::load(&cli.common)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Openapi => Ok(()),
            Command::Serve(args) => serve::serve(config.with_flags(args)?).await,
            Command::Db(command) => db::run(command, &config).await,
            Command::Demo(args) => demo::run(args, config).await,
        }
    })
}

/// Where it happened and what was said, as a log line like any other.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let said = panic.payload_as_str().unwrap_or("something that is not text");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(location, said, "panic");
}
