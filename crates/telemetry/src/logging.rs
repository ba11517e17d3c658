use std::io::{IsTerminal, stderr};

use tracing::{Level, Metadata};
use tracing_subscriber::{EnvFilter, filter::filter_fn, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::TelemetryError;

/// Read before `RUST_LOG`, so that Docent can be told apart from what runs beside it.
const FILTER_VARIABLES: [&str; 2] = ["DOCENT_LOG", "RUST_LOG"];

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// What is logged by default: all of ours, and of libraries only what went wrong.
pub const DEFAULT_FILTER: &str = "info,sea_orm_migration=warn,actix_server=warn";

/// Libraries that show addresses with their passwords, statements, requests or bodies to whoever listens closely. What is
/// no warning of theirs is not heard, whatever the filter says.
const INDISCREET: [&str; 4] = ["actix", "sea_orm", "sqlx", "ureq"];

/// Sends log lines to standard error, filtered by `DOCENT_LOG`, else `RUST_LOG`, else [`DEFAULT_FILTER`]. Libraries that
/// would tell secrets are heard only when they warn.
///
/// # Errors
/// [`TelemetryError::Logging`] for a filter that cannot be read, or where this was done before.
pub fn init_tracing(format: LogFormat) -> Result<(), TelemetryError> {
    let registry = tracing_subscriber::registry().with(filter()?).with(filter_fn(is_discreet));
    let is_json = match format {
        LogFormat::Auto => !stderr().is_terminal(),
        LogFormat::Human => false,
        LogFormat::Json => true,
    };
    let installed = if is_json {
        let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
        registry.with(lines.with_writer(stderr)).try_init()
    } else {
        registry.with(fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal())).try_init()
    };
    installed.map_err(|error| TelemetryError::Logging(error.to_string()))
}

fn is_discreet(metadata: &Metadata<'_>) -> bool {
    let is_indiscreet = INDISCREET.iter().any(|library| metadata.target().starts_with(library));
    !is_indiscreet || (metadata.is_event() && *metadata.level() <= Level::WARN)
}

fn filter() -> Result<EnvFilter, TelemetryError> {
    let given = FILTER_VARIABLES.into_iter().find_map(|name| {
        let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
        Some((name, text))
    });
    let Some((name, text)) = given else { return Ok(EnvFilter::new(DEFAULT_FILTER)) };
    EnvFilter::try_new(&text).map_err(|error| TelemetryError::Logging(format!("{name}={text}: {error}")))
}
