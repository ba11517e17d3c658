//! The command `demo`: a store with a synthetic library, a trained model, and the server.
#![allow(clippy::print_stdout, reason = "the demonstration reports its steps on standard output")]

mod prepare;
mod suggestions;

use std::path::Path;

use docent::config::Config;

use crate::{serve::serve, stop::StopSignals};

/// Prepares the store and the model in `folder` unless they exist, prints requests to try, and
/// serves. The configuration must name the store and the snapshots in `folder`.
///
/// # Errors
/// Returns an error if preparing or serving fails.
pub async fn run(folder: &Path, config: Config, mut stop: StopSignals) -> anyhow::Result<()> {
    let engine = config.engine.clone();
    let Some(library) = stop.or_stopped(async move { prepare::prepare(&engine).await }).await? else {
        return Ok(());
    };
    suggestions::print(&config.bind, folder, library?.as_ref());
    serve(config, stop).await
}
