//! Defines every metric of Docent with its help text, and installs the Prometheus exporter and the
//! log output.
//!
//! Libraries emit metrics through the `metrics` facade and log through `tracing`; only binaries
//! call [`Exporter::install`] and [`init_tracing`], once each. This crate must never listen on a
//! network port, put a value from a caller into a label, or log a secret.
//!
//! ```
//! use docent_telemetry::{Exporter, names::Emitter};
//!
//! let exporter = Exporter::install(Emitter::Server)?;
//! metrics::counter!(docent_telemetry::names::IMPRESSIONS_WRITTEN).increment(3);
//! assert!(exporter.render().contains("docent_impressions_written_total 3"));
//! # Ok::<(), docent_telemetry::TelemetryError>(())
//! ```

mod exporter;
mod logging;
mod machine;
mod metric;
pub mod names;
mod redact;
mod reference;
mod text;

pub use exporter::Exporter;
pub use logging::{DEFAULT_FILTER, LogFormat, init_tracing, log_panic, report_arguments, report_failure};
pub use machine::{DiskSpace, disk_space};
pub use redact::redacted;
pub use reference::reference;
pub use text::{Sample, parse_samples, render_samples};

/// The reason why metrics or logging cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// A metrics recorder is already installed in this process.
    #[error("metrics: {0}")]
    Metrics(String),
    /// The log filter is invalid, or a subscriber is already installed in this process.
    #[error("logging: {0}")]
    Logging(String),
}
