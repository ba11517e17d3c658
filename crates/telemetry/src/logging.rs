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

/// Variables that set the log filter. The first one that is set applies, so that Docent can log
/// differently from other programs in the same environment.
const FILTER_VARIABLES: [&str; 2] = ["DOCENT_LOG", "RUST_LOG"];

/// The format of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Formatted lines on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Lines formatted for reading.
    Human,
    /// One JSON object per line.
    Json,
}

/// The default log filter: everything from `info` up, and only warnings of two talkative libraries.
/// Malformed requests, which scans of the internet send, are counted by a metric, not logged.
pub const DEFAULT_FILTER: &str = "info,sea_orm_migration=warn,actix_server=warn,actix_http::h1=off";

/// Prefixes of libraries that log passwords, statements, requests or bodies below the level `warn`.
/// Those lines are dropped, whatever the filter says.
const SECRET_LOGGERS: [&str; 4] = ["actix", "sea_orm", "sqlx", "ureq"];

/// Installs a subscriber that writes log lines to standard error, filtered by `DOCENT_LOG`, else
/// `RUST_LOG`, else [`DEFAULT_FILTER`]. Libraries that log secrets are limited to warnings and
/// errors.
///
/// # Errors
/// Returns [`TelemetryError::Logging`] for an invalid filter and if a subscriber is already
/// installed.
pub fn init_tracing(format: LogFormat) -> Result<(), TelemetryError> {
    let registry = tracing_subscriber::registry().with(filter()?).with(filter_fn(is_allowed));
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

/// Reports the error that ends a program, without passwords: `error: ...` on a terminal, elsewhere
/// one JSON line, which `log` writes. The line is written whatever the filter says, and even if
/// [`init_tracing`] was not called.
pub fn report_failure(error: &str, log: impl FnOnce(&str)) {
    let error = redacted(error);
    if stderr().is_terminal() {
        // If standard error cannot be written, the error cannot be reported.
        let _unwritable = writeln!(stderr(), "error: {error}");
    } else {
        tracing::subscriber::with_default(tracing_subscriber::registry().with(json_lines()), || log(&error));
    }
}

/// Reports arguments that cannot be used: on a terminal by `print`, elsewhere as
/// [`report_failure`] does, by `log`. `message` is that of the parser of the command line.
pub fn report_arguments(message: &str, print: impl FnOnce(), log: impl FnOnce(&str)) {
    if stderr().is_terminal() {
        print();
    } else {
        report_failure(message.trim_start_matches("error: "), log);
    }
}

/// Logs a panic in one line. It is a hook for [`std::panic::set_hook`].
///
/// The message of the panic is shown only if it is a literal in the code, because a formatted
/// message may contain user data.
pub fn log_panic(panic: &PanicHookInfo<'_>) {
    let said =
        panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown: it may contain data)");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(location, said, "panic");
}

fn is_allowed(metadata: &Metadata<'_>) -> bool {
    let is_secret_logger = SECRET_LOGGERS.iter().any(|library| metadata.target().starts_with(library));
    !is_secret_logger || (metadata.is_event() && *metadata.level() <= Level::WARN)
}

fn filter() -> Result<EnvFilter, TelemetryError> {
    let given = FILTER_VARIABLES.into_iter().find_map(|name| {
        let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
        Some((name, text))
    });
    let Some((name, text)) = given else { return Ok(EnvFilter::new(DEFAULT_FILTER)) };
    EnvFilter::try_new(&text).map_err(|error| TelemetryError::Logging(format!("{name}={text}: {error}")))
}
