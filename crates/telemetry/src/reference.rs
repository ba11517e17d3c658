use std::fmt::Write;

use crate::names::{ALL, Emitter, Label, Metric, Values};

const HEAD: &str = "# Metrics\n\n\
    Generated from `crates/telemetry/src/names.rs` by `just metrics-doc`; a test checks that this page is current.\n\n\
    Durations are in seconds, sizes in bytes, times in seconds since 1970-01-01 00:00 UTC. No label contains a user id, a \
    resource id, a path or another value that a caller chooses, so the number of series does not grow with users or \
    resources.\n";

/// Returns the content of `docs/metrics.md`: every metric with its type, labels and meaning.
#[must_use]
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    for (emitter, title) in [
        (Emitter::Server, "Server (`GET /metrics`)"),
        (Emitter::Trainer, "Trainer (`docent-trainer train --metrics-file FILE`)"),
        (
            Emitter::Ingest,
            "Reader of streams (`GET /metrics` of `docent-ingest`, with those of the process above)",
        ),
    ] {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n## {title}\n\n| metric | type | labels | meaning |\n|---|---|---|---|");
        for metric in ALL.iter().filter(|metric| metric.emitter() == emitter) {
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
        Values::Bounded(description) => description.to_owned(),
    };
    format!("`{}`: {values}", label.name)
}
