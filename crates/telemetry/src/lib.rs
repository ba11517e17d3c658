//! What people watch Docent by: metric names and their help, the Prometheus exporter, the tracing set-up.
//!
//! Libraries emit metrics through the `metrics` facade and log through `tracing`; only binaries call [`Exporter::install`]
//! and [`init_tracing`], once each.
//!
//! ```
//! let exporter = docent_telemetry::Exporter::install()?;
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
pub use logging::{DEFAULT_FILTER, LogFormat, init_tracing, log_panic, report_failure};
pub use machine::{DiskSpace, disk_space};
pub use redact::redacted;
pub use reference::reference;
pub use text::{Sample, parse_samples, render_samples};

/// Why watching could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Another recorder of metrics is installed in this process.
    #[error("metrics: {0}")]
    Metrics(String),
    /// The filter is not one, or another subscriber is installed in this process.
    #[error("logging: {0}")]
    Logging(String),
}
