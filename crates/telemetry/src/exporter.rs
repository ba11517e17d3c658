use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

use crate::{
    TelemetryError,
    names::{ALL, Kind},
};

/// Upper bounds of the buckets of durations: fine where answers should be, coarse where they should not.
const BUCKETS_SECONDS: [f64; 14] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Collects what is emitted through the `metrics` facade and renders it as Prometheus text.
#[derive(Clone)]
pub struct Exporter {
    handle: PrometheusHandle,
}

impl Exporter {
    /// Installs the collector for this process and describes every metric of [`names`](crate::names).
    ///
    /// # Errors
    /// [`TelemetryError::Metrics`] where one is installed already.
    pub fn install() -> Result<Self, TelemetryError> {
        let failed = |error: BuildError| TelemetryError::Metrics(error.to_string());
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS_SECONDS).map_err(failed)?;
        let handle = builder.install_recorder().map_err(failed)?;
        for metric in ALL {
            match metric.kind {
                Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
                Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
                Kind::Histogram => {
                    metrics::describe_histogram!(metric.name, metrics::Unit::Seconds, metric.help);
                }
            }
        }
        Ok(Self { handle })
    }

    /// Everything collected so far, in the text format of Prometheus.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds recorded durations into their buckets. Call it every few seconds: they wait in memory until then.
    pub fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }
}
