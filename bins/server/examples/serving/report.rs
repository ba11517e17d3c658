//! Latencies and outcomes, and the table of them.

use std::{collections::BTreeMap, fmt, time::Duration};

use hdrhistogram::Histogram;
use reqwest::StatusCode;

use crate::{process::Memory, traffic::Kind};

const MAX_MICROS: u64 = 3_600_000_000;
const DIGITS: u8 = 3;

/// End of a request.
#[derive(Debug, Clone, Copy)]
pub enum Outcome {
    Answered(StatusCode),
    /// Not answered within the time that a caller waits.
    TimedOut,
    NotConnected,
    /// Any other failure of the connection.
    Broken,
}

impl Outcome {
    /// Returns true for a success. Only that counts as answered and has a latency; a server that
    /// refuses fast must not look fast.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Answered(status) if status.is_success())
    }

    fn name(self) -> String {
        match self {
            Self::Answered(status) => status.as_u16().to_string(),
            Self::TimedOut => "timed out".to_owned(),
            Self::NotConnected => "not connected".to_owned(),
            Self::Broken => "broken".to_owned(),
        }
    }
}

impl From<reqwest::Error> for Outcome {
    fn from(error: reqwest::Error) -> Self {
        match error {
            error if error.is_timeout() => Self::TimedOut,
            error if error.is_connect() => Self::NotConnected,
            _ => Self::Broken,
        }
    }
}

/// Latencies of answers by kind, and the numbers of all outcomes.
pub struct Recorder {
    latencies: BTreeMap<Kind, Histogram<u64>>,
    /// Answers that arrived in the window, whenever their request was due.
    arrived: BTreeMap<Kind, u64>,
    failures: BTreeMap<Kind, u64>,
    outcomes: BTreeMap<String, u64>,
}

impl Recorder {
    /// Makes an empty recorder.
    ///
    /// # Errors
    /// Returns an error if the histograms cannot be made, which their bounds do not cause.
    pub fn new() -> anyhow::Result<Self> {
        let mut latencies = BTreeMap::new();
        for kind in Kind::ALL {
            latencies.insert(kind, Histogram::new_with_bounds(1, MAX_MICROS, DIGITS)?);
        }
        Ok(Self { latencies, arrived: BTreeMap::new(), failures: BTreeMap::new(), outcomes: BTreeMap::new() })
    }

    /// Counts an answer that arrived in the window.
    pub fn arrived(&mut self, kind: Kind) {
        *self.arrived.entry(kind).or_default() += 1;
    }

    /// Records the outcome of a request that was due in the window.
    pub fn record(&mut self, kind: Kind, latency: Duration, outcome: Outcome) {
        *self.outcomes.entry(outcome.name()).or_default() += 1;
        if !outcome.is_success() {
            *self.failures.entry(kind).or_default() += 1;
        } else if let Some(histogram) = self.latencies.get_mut(&kind) {
            histogram.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(MAX_MICROS));
        }
    }

    /// Adds what another recorder has.
    ///
    /// # Errors
    /// Returns an error if the histograms have other bounds, which they never do.
    pub fn add(&mut self, other: &Self) -> anyhow::Result<()> {
        for (kind, histogram) in &other.latencies {
            if let Some(own) = self.latencies.get_mut(kind) {
                own.add(histogram)?;
            }
        }
        for (own, others) in [(&mut self.failures, &other.failures), (&mut self.arrived, &other.arrived)] {
            for (kind, count) in others {
                *own.entry(*kind).or_default() += count;
            }
        }
        for (name, count) in &other.outcomes {
            *self.outcomes.entry(name.clone()).or_default() += count;
        }
        Ok(())
    }
}

/// The figures of one load.
pub struct Report {
    pub load: String,
    /// Seconds that were measured.
    pub seconds: f64,
    pub recorder: Recorder,
    /// Processor seconds of the server and of this program in that time.
    pub server_cpu: Option<f64>,
    pub own_cpu: Option<f64>,
    /// Memory of the server at the end.
    pub server_memory: Option<Memory>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, {} s", self.load, self.seconds)?;
        writeln!(f, "| requests | answered | a second | p50 ms | p99 ms | p99.9 ms | max ms | failed |")?;
        writeln!(f, "|{}", "---|".repeat(8))?;
        let (mut all, mut arrived, mut failed) = (None::<Histogram<u64>>, 0, 0);
        for (kind, histogram) in &self.recorder.latencies {
            let of_kind = [&self.recorder.arrived, &self.recorder.failures]
                .map(|counts| counts.get(kind).copied().unwrap_or_default());
            self.line(f, kind.name(), histogram, of_kind)?;
            arrived += of_kind[0];
            failed += of_kind[1];
            match &mut all {
                Some(all) => all.add(histogram).map_err(|_| fmt::Error)?,
                None => all = Some(histogram.clone()),
            }
        }
        let Some(all) = all else { return Ok(()) };
        self.line(f, "all", &all, [arrived, failed])?;
        let outcomes: Vec<String> =
            self.recorder.outcomes.iter().map(|(name, count)| format!("{name}: {count}")).collect();
        writeln!(f, "outcomes: {}", outcomes.join(", "))?;
        if let Some(cpu) = self.server_cpu {
            let each = cpu * 1e3 / arrived.max(1) as f64;
            writeln!(f, "server: {cpu:.2} CPU s, {each:.2} CPU ms an answer")?;
        }
        if let Some(Memory { resident, peak }) = self.server_memory {
            writeln!(f, "server: {} MiB resident, {} MiB at most", resident >> 20, peak >> 20)?;
        }
        if let Some(cpu) = self.own_cpu {
            writeln!(f, "load generator: {cpu:.2} CPU s")?;
        }
        Ok(())
    }
}

impl Report {
    fn line(
        &self,
        f: &mut fmt::Formatter<'_>,
        name: &str,
        histogram: &Histogram<u64>,
        [arrived, failed]: [u64; 2],
    ) -> fmt::Result {
        let [p50, p99, p999] =
            [0.5, 0.99, 0.999].map(|quantile| histogram.value_at_quantile(quantile) as f64 / 1e3);
        writeln!(
            f,
            "| {name} | {} | {:.1} | {p50:.2} | {p99:.2} | {p999:.2} | {:.2} | {failed} |",
            histogram.len(),
            arrived as f64 / self.seconds,
            histogram.max() as f64 / 1e3
        )
    }
}
