//! Log lines on stderr: as all programs of Docent write them, but on a terminal, where bars show the progress, only
//! warnings and errors unless more is asked for.

use std::io::IsTerminal;

use docent_telemetry::LogFormat;
use tracing_subscriber::EnvFilter;

pub fn start() -> anyhow::Result<()> {
    let is_asked_for = ["DOCENT_LOG", "RUST_LOG"].iter().any(|name| std::env::var_os(name).is_some());
    if is_asked_for || !std::io::stderr().is_terminal() {
        docent_telemetry::init_tracing(LogFormat::Auto)?;
    } else {
        tracing_subscriber::fmt().with_env_filter(EnvFilter::new("warn")).with_writer(std::io::stderr).init();
    }
    Ok(())
}

/// Says to a person on a terminal, or logs, how it goes.
pub fn note(text: &str) {
    if std::io::stderr().is_terminal() { eprintln!("{text}") } else { tracing::info!("{text}") }
}

/// Says to a person on a terminal, or logs, what was not done, or not as it was asked for.
pub fn warn(text: &str) {
    if std::io::stderr().is_terminal() { eprintln!("{text}") } else { tracing::warn!("{text}") }
}
