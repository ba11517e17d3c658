//! The HTTP server of Docent: routes, probes, metrics and the OpenAPI document over
//! [`docent::Engine`].
//!
//! The engine never knows HTTP, and the server never scores or ranks.

mod access;
mod audit;
mod background;
mod cli;
mod db;
mod demo;
mod gauges;
mod health;
mod http;
mod keys;
mod listeners;
mod openapi;
mod retention;
mod routes;
mod schema_gate;
mod serve;
mod standby;
mod state;
mod stop;
mod wire;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use docent::{
    EngineConfig,
    config::{Config, ConfigError, Loader, to_toml},
};
use docent_telemetry::{LogFormat, init_tracing, log_panic, names, report_arguments, report_failure};

use crate::{
    cli::{Cli, Command, ConfigArgs, DemoArgs, ServeArgs},
    stop::StopSignals,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_run(&error),
    };
    let message = match cli.command {
        Command::Serve(_) | Command::Demo(_) => "the server failed",
        Command::Db(_) | Command::Key(_) | Command::Audit(_) | Command::Openapi | Command::Config(_) => {
            "the command failed"
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report_failure(&format!("{error:#}"), |error| tracing::error!(error, "{message}"));
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
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn run(cli: Cli) -> anyhow::Result<()> {
    init_tracing(LogFormat::Auto)?;
    std::panic::set_hook(Box::new(|panic| {
        metrics::counter!(names::PANICS).increment(1);
        log_panic(panic);
    }));
    let common = &cli.common;
    let loader = Loader::for_program(
        common.config.as_deref(),
        common.database_url.as_deref(),
        common.snapshots.as_deref(),
    );
    match cli.command {
        Command::Openapi => print(&openapi::document()),
        Command::Config(args) => print_config(loader, args),
        Command::Serve(args) => block_on(async {
            let stop = listen()?;
            serve::serve(load(with_serve_args(loader, args))?, stop).await
        }),
        Command::Db(command) => block_on(async { db::run(command, &load(loader)?).await }),
        Command::Key(command) => block_on(async { keys::run(command, &load(loader)?).await }),
        Command::Audit(args) => block_on(async { audit::run(args, &load(loader)?).await }),
        Command::Demo(DemoArgs { folder, serve }) => block_on(async {
            let stop = listen()?;
            let places = EngineConfig::in_folder(&folder);
            let loader = with_serve_args(loader, serve)
                .flag("--folder", "engine.database_url", places.database_url)
                .flag("--folder", "engine.snapshots", places.snapshots);
            demo::run(&folder, load(loader)?, stop).await
        }),
    }
}

fn with_serve_args(mut loader: Loader, args: ServeArgs) -> Loader {
    if let Some(bind) = args.bind {
        loader = loader.flag("--bind", "bind", bind);
    }
    if args.insecure {
        loader = loader.flag("--insecure", "insecure", true);
    }
    if let Some(seconds) = args.poll_seconds {
        loader = loader.flag("--poll-seconds", "poll_seconds", seconds);
    }
    loader
}

fn load(loader: Loader) -> Result<Config, ConfigError> {
    Ok(loader.load()?.config)
}

fn print_config(loader: Loader, args: ConfigArgs) -> anyhow::Result<()> {
    let settings = with_serve_args(loader, args.serve).load()?.settings();
    if args.json {
        print(&format!("{:#}\n", serde_json::json!(settings)))
    } else {
        print(&to_toml(&settings))
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(io::stdout().write_all(text.as_bytes())?)
}

fn listen() -> anyhow::Result<StopSignals> {
    StopSignals::listen().context("cannot register signal handlers")
}

fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    // Tasks that still run were abandoned on purpose, such as the loading of a model.
    runtime.shutdown_background();
    done
}
