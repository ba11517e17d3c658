use std::fmt::Write;

use crate::names::{ALL, Label, Metric, Teller, Values};

const HEAD: &str = "# Metrics\n\n\
    Made from `crates/telemetry/src/names.rs` by `just metrics-doc`; a test sees to it that it is current.\n\n\
    Durations are in seconds, sizes in bytes. No label ever holds an id of a user or a resource, a path or anything else \
    that a caller made up: however many there are of them, the number of series stays the same.\n";

/// `docs/metrics.md`: every metric with its kind, labels and meaning.
#[must_use]
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    for (teller, title) in [
        (Teller::Server, "The server, at `GET /metrics`"),
        (Teller::Trainer, "The trainer, in the file of `docent-trainer train --metrics-file FILE`"),
    ] {
        // Writing to a string does not fail.
        let _ = writeln!(text, "\n## {title}\n\n| metric | kind | labels | meaning |\n|---|---|---|---|");
        for metric in ALL.iter().filter(|metric| metric.teller() == teller) {
            text.push_str(&row(metric));
        }
    }
    text
}

fn row(metric: &Metric) -> String {
    let labels: Vec<String> = metric.labels.iter().map(label).collect();
    format!("| `{}` | {} | {} | {} |\n", metric.name, metric.kind.as_str(), labels.join("; "), metric.help)
}

fn label(label: &Label) -> String {
    let values = match label.values {
        Values::Of(values) => values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" "),
        Values::Few(what) => what.to_owned(),
    };
    format!("`{}`: {values}", label.name)
}
