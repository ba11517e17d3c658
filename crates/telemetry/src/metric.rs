/// The Prometheus type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// A distribution of durations in seconds.
    Histogram,
}

impl Kind {
    /// Returns the name of the type in the text format of Prometheus.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// The values that a label can have. No label has a value that a caller chooses freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// One of these values.
    Of(&'static [&'static str]),
    /// Values not known in advance, with a description of them.
    Bounded(&'static str),
}

/// A label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Name of the label.
    pub name: &'static str,
    /// Values of the label.
    pub values: Values,
}

/// The program that emits a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emitter {
    /// The server, at `GET /metrics`.
    Server,
    /// The trainer, in the file given by `--metrics-file`.
    Trainer,
    /// The reader of streams, at `GET /metrics` of its own address.
    Ingest,
}

/// A metric of the table in [`names`](crate::names).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Name of the metric.
    pub name: &'static str,
    /// Type of the metric.
    pub kind: Kind,
    /// Labels of the metric.
    pub labels: &'static [Label],
    /// Help text, as Prometheus shows it.
    pub help: &'static str,
}

impl Metric {
    /// Returns the program that emits the metric.
    #[must_use]
    pub fn emitter(&self) -> Emitter {
        if self.name.starts_with("docent_training_") {
            Emitter::Trainer
        } else if self.name.starts_with("docent_stream_") {
            Emitter::Ingest
        } else {
            Emitter::Server
        }
    }

    /// Returns the labels of every series, or `None` if the values of a label are not known in
    /// advance.
    #[must_use]
    pub fn known_series(&self) -> Option<Vec<Vec<(&'static str, &'static str)>>> {
        let mut all = vec![Vec::new()];
        for label in self.labels {
            let Values::Of(values) = label.values else { return None };
            all = all
                .iter()
                .flat_map(|series| {
                    values.iter().map(move |value| {
                        let mut series = series.clone();
                        series.push((label.name, *value));
                        series
                    })
                })
                .collect();
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Label, Metric, Values};

    fn metric(labels: &'static [Label]) -> Metric {
        Metric { name: "docent_x_total", kind: Kind::Counter, labels, help: "" }
    }

    #[test]
    fn the_series_are_every_combination_of_known_values_or_unknown() {
        let strategy = Label { name: "strategy", values: Values::Of(&["content", "hybrid"]) };
        let cold = Label { name: "cold_start", values: Values::Of(&["true", "false"]) };
        assert_eq!(metric(&[]).known_series(), Some(vec![vec![]]));
        let labels: &'static [Label] = Box::leak(Box::new([strategy, cold]));
        let series = metric(labels).known_series().unwrap_or_default();
        assert_eq!(series.len(), 4);
        assert_eq!(series[1], [("strategy", "content"), ("cold_start", "false")]);
        let open: &'static [Label] =
            Box::leak(Box::new([Label { name: "route", values: Values::Bounded("") }]));
        assert_eq!(metric(open).known_series(), None);
    }
}
