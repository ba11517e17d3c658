/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations in seconds.
    Histogram,
}

impl Kind {
    /// The word for it in the text format of Prometheus.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What a label may hold. No label ever holds what a caller made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// One of these.
    Of(&'static [&'static str]),
    /// What is not known beforehand, and what keeps it few.
    Few(&'static str),
}

/// A label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// What it may hold.
    pub values: Values,
}

/// Who tells a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teller {
    /// The server, at `GET /metrics`.
    Server,
    /// The trainer, in the file that `--metrics-file` names.
    Trainer,
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [Label],
    /// Its help text.
    pub help: &'static str,
}

impl Metric {
    /// Who tells it.
    #[must_use]
    pub fn teller(&self) -> Teller {
        if self.name.starts_with("docent_training_") { Teller::Trainer } else { Teller::Server }
    }

    /// The labels of each of its series, where all of them are known beforehand.
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

    #[test]
    fn the_series_are_every_combination_of_known_values_or_unknown() {
        let strategy = Label { name: "strategy", values: Values::Of(&["content", "hybrid"]) };
        let cold = Label { name: "cold_start", values: Values::Of(&["true", "false"]) };
        let metric = |labels| Metric { name: "docent_x_total", kind: Kind::Counter, labels, help: "" };
        assert_eq!(metric(&[]).known_series(), Some(vec![vec![]]));
        let labels: &'static [Label] = Box::leak(Box::new([strategy, cold]));
        let series = metric(labels).known_series().unwrap_or_default();
        assert_eq!(series.len(), 4);
        assert_eq!(series[1], [("strategy", "content"), ("cold_start", "false")]);
        let open: &'static [Label] = Box::leak(Box::new([Label { name: "route", values: Values::Few("") }]));
        assert_eq!(metric(open).known_series(), None);
    }
}
