//! Everything at once: a store with a made-up library, a trained model, the server.
#![allow(clippy::print_stdout, reason = "a demonstration tells people what it does")]

mod prepare;
mod tell;

use std::path::PathBuf;

use clap::Args;

use crate::{cli::ServeArgs, config::ServerConfig, serve::serve, stop::StopSignals};

/// How to demonstrate.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where the demonstration keeps its database and models; wins over --database-url and --snapshots
    #[arg(long, value_name = "FOLDER", default_value = "./docent-data")]
    folder: PathBuf,
    #[command(flatten)]
    serve: ServeArgs,
}

/// Prepares what is not there yet, says what to try, and serves. A second run takes up what the first one left.
///
/// # Errors
/// What keeps it from preparing or serving.
pub async fn run(args: DemoArgs, config: ServerConfig, mut stop: StopSignals) -> anyhow::Result<()> {
    let mut config = config.with_flags(args.serve)?;
    let places = docent::EngineConfig::in_folder(&args.folder);
    config.engine.database_url = places.database_url;
    config.engine.snapshots = places.snapshots;
    let engine = config.engine.clone();
    let Some(library) = stop.unless_told(async move { prepare::prepare(&engine).await }).await? else {
        return Ok(());
    };
    let library = library?;
    tell::what_to_try(&config.bind, &args.folder, library.as_ref());
    serve(config, stop).await
}
