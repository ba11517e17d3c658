use std::{
    io::{IsTerminal, Write, stderr},
    panic::PanicHookInfo,
};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, filter::filter_fn, fmt, layer::SubscriberExt, registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{TelemetryError, redacted};

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
        registry.with(json_lines()).try_init()
    } else {
        registry.with(fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal())).try_init()
    };
    installed.map_err(|error| TelemetryError::Logging(error.to_string()))
}

fn json_lines<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> {
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    lines.with_writer(stderr)
}

/// Says why a program ends, without passwords: `error: ...` to a person on a terminal, elsewhere one line of JSON, which
/// `log` is to write. That line comes whatever the filter says, and where [`init_tracing`] was not reached.
pub fn report_failure(error: &str, log: impl FnOnce(&str)) {
    let error = redacted(error);
    if stderr().is_terminal() {
        // Without a place to say it there is nothing left to do.
        let _unwritable = writeln!(stderr(), "error: {error}");
    } else {
        tracing::subscriber::with_default(tracing_subscriber::registry().with(json_lines()), || log(&error));
    }
}

/// The one log line of a panic: a hook for [`std::panic::set_hook`]. What was said is shown only if it was written down
/// in the code: a text that was made may hold anything.
pub fn log_panic(panic: &PanicHookInfo<'_>) {
    let said =
        panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown: it holds data)");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(location, said, "panic");
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
