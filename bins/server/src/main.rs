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
mod waiting;
mod watch;
mod wire;

use std::{
    io::{self, IsTerminal, Write},
    panic::PanicHookInfo,
    process::ExitCode,
};

use clap::Parser;
use docent_telemetry::{LogFormat, init_tracing, names, redacted};

use crate::{
    cli::{Cli, Command},
    config::ServerConfig,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let serves = matches!(cli.command, Command::Serve(_) | Command::Demo(_));
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&redacted(&format!("{error:#}")), serves);
            ExitCode::FAILURE
        }
    }
}

/// To a person, or as the last line of a server's log.
fn tell(error: &str, serves: bool) {
    if serves && !io::stderr().is_terminal() && tracing::enabled!(tracing::Level::ERROR) {
        tracing::error!(error, "the server failed");
    } else {
        let _unwritable = writeln!(io::stderr(), "error: {error}");
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

/// The one log line of a panic, with the id of the request that met it. What was said is shown only if it was written
/// down in the code: a text that was made may hold anything.
fn log_panic(panic: &PanicHookInfo<'_>) {
    metrics::counter!(names::PANICS).increment(1);
    let said =
        panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown: it holds data)");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(location, said, "panic");
}
