//! Log lines on standard error, in the format of all Docent programs. On a terminal, where bars
//! show the progress, only warnings and errors are logged unless a filter is set.

use std::io::IsTerminal;

use docent_telemetry::LogFormat;
use tracing_subscriber::EnvFilter;

pub fn start() -> anyhow::Result<()> {
    let is_filter_set = ["DOCENT_LOG", "RUST_LOG"].iter().any(|name| std::env::var_os(name).is_some());
    if is_filter_set || !std::io::stderr().is_terminal() {
        docent_telemetry::init_tracing(LogFormat::Auto)?;
    } else {
        tracing_subscriber::fmt().with_env_filter(EnvFilter::new("warn")).with_writer(std::io::stderr).init();
    }
    Ok(())
}

/// Prints a note on a terminal, or logs it.
pub fn note(text: &str) {
    if std::io::stderr().is_terminal() { eprintln!("{text}") } else { tracing::info!("{text}") }
}

/// Prints a warning on a terminal, or logs it.
pub fn warn(text: &str) {
    if std::io::stderr().is_terminal() { eprintln!("{text}") } else { tracing::warn!("{text}") }
}
