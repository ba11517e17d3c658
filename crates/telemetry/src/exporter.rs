use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{SystemTime, UNIX_EPOCH},
};

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

use crate::{
    Sample, TelemetryError, machine,
    names::{self, ALL, Kind, Metric, Teller},
    render_samples,
};

/// Upper bounds of the buckets of durations: fine where answers should be, coarse where they should not.
const BUCKETS_SECONDS: [f64; 14] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Collects what is emitted through the `metrics` facade and renders it as Prometheus text.
#[derive(Clone)]
pub struct Exporter {
    handle: PrometheusHandle,
    started_seconds: f64,
    state: Arc<RwLock<Vec<Sample>>>,
}

impl Exporter {
    /// Installs the collector for this process and describes every metric of [`names`](crate::names). Counters and
    /// durations whose labels are known beforehand begin at zero, so that their first increase is one.
    ///
    /// # Errors
    /// [`TelemetryError::Metrics`] where one is installed already.
    pub fn install() -> Result<Self, TelemetryError> {
        let failed = |error: BuildError| TelemetryError::Metrics(error.to_string());
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS_SECONDS).map_err(failed)?;
        let handle = builder.install_recorder().map_err(failed)?;
        for metric in ALL.iter().filter(|metric| metric.teller() == Teller::Server) {
            describe(metric);
            begin_at_zero(metric);
        }
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { handle, started_seconds: started.as_secs_f64(), state: Arc::default() })
    }

    /// Replaces all that was set before: the way to show what must disappear when it is no longer so, such as the version
    /// of the live model. What goes through the facade stays for good.
    pub fn set_state(&self, samples: Vec<Sample>) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = samples;
    }

    /// Everything collected so far and the process as it is now, in the text format of Prometheus.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = self.handle.render();
        text.push_str(&render_samples(&self.state.read().unwrap_or_else(PoisonError::into_inner)));
        text.push_str(&render_samples(&machine::process()));
        text.push_str(&render_samples(&[Sample::new(names::PROCESS_STARTED, self.started_seconds)]));
        text
    }

    /// Folds recorded durations into their buckets. Call it every few seconds: they wait in memory until then.
    pub fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }
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

fn begin_at_zero(metric: &Metric) {
    // Told by the system, not counted here.
    if metric.name == names::PROCESS_CPU {
        return;
    }
    for labels in metric.known_series().unwrap_or_default() {
        let labels: Vec<metrics::Label> =
            labels.into_iter().map(|(name, value)| metrics::Label::new(name, value)).collect();
        match metric.kind {
            Kind::Counter => metrics::counter!(metric.name, labels).increment(0),
            Kind::Histogram => drop(metrics::histogram!(metric.name, labels)),
            // Zero would be a claim.
            Kind::Gauge => {}
        }
    }
}
