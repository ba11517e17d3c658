use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{SystemTime, UNIX_EPOCH},
};

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

use crate::{
    Sample, TelemetryError, machine,
    names::{self, ALL, Emitter, Kind, Metric},
    render_samples,
};

/// Upper bounds of the histogram buckets, in seconds: fine at the usual response times, coarse
/// above.
const BUCKETS_SECONDS: [f64; 14] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Collects the metrics that are emitted through the `metrics` facade and renders them in the text
/// format of Prometheus.
#[derive(Clone)]
pub struct Exporter {
    handle: PrometheusHandle,
    started_seconds: f64,
    state: Arc<RwLock<Vec<Sample>>>,
}

impl Exporter {
    /// Installs the recorder of this process and describes every metric of [`names`](crate::names)
    /// that a program emits.
    ///
    /// Counters and histograms whose labels are known in advance start at zero, so that Prometheus
    /// sees their first increase.
    ///
    /// # Errors
    /// Returns [`TelemetryError::Metrics`] if a recorder is already installed.
    pub fn install(emitter: Emitter) -> Result<Self, TelemetryError> {
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS_SECONDS).map_err(failed)?;
        let handle = builder.install_recorder().map_err(failed)?;
        for metric in ALL.iter().filter(|metric| metric.emitter() == emitter) {
            describe(metric);
            start_at_zero(metric);
        }
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { handle, started_seconds: started.as_secs_f64(), state: Arc::default() })
    }

    /// Replaces all samples that were set before.
    ///
    /// Use it for series that must disappear when they no longer apply, such as the version of the
    /// live model; a series that is emitted through the facade is exported until the process ends.
    pub fn set_state(&self, samples: Vec<Sample>) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = samples;
    }

    /// Renders all metrics and the present state of the process in the text format of Prometheus.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = self.handle.render();
        text.push_str(&render_samples(&self.state.read().unwrap_or_else(PoisonError::into_inner)));
        text.push_str(&render_samples(&machine::process()));
        text.push_str(&render_samples(&[Sample::new(names::PROCESS_STARTED, self.started_seconds)]));
        text
    }

    /// Adds recorded durations to their buckets. Call it every few seconds, because durations stay
    /// in memory until then.
    pub fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }
}

fn failed(error: BuildError) -> TelemetryError {
    TelemetryError::Metrics(error.to_string())
}

fn describe(metric: &Metric) {
    match metric.kind {
        Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
        Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
        Kind::Histogram => {
            metrics::describe_histogram!(metric.name, metrics::Unit::Seconds, metric.help);
        }
    }
}

fn start_at_zero(metric: &Metric) {
    // The operating system counts it.
    if metric.name == names::PROCESS_CPU {
        return;
    }
    for labels in metric.known_series().unwrap_or_default() {
        let labels: Vec<metrics::Label> =
            labels.into_iter().map(|(name, value)| metrics::Label::new(name, value)).collect();
        match metric.kind {
            Kind::Counter => metrics::counter!(metric.name, labels).increment(0),
            Kind::Histogram => drop(metrics::histogram!(metric.name, labels)),
            // A gauge of zero would be a false statement.
            Kind::Gauge => {}
        }
    }
}
