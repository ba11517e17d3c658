//! Results as tables for terminals.

use docent::training::evaluation::Estimate;
use docent_benchmarks::{ModelReport, Report};

use crate::table;

/// Renders a row per model and a column per metric, each with half the width of its interval.
pub fn report(report: &Report) -> String {
    let measured: Vec<&ModelReport> = report.models.iter().filter(|model| model.skipped.is_none()).collect();
    let mut parts = Vec::new();
    if let Some(first) = measured.first() {
        let mut header = vec!["model"];
        header.extend(first.estimates.iter().map(|(name, _)| name.as_str()));
        header.extend(["train s", "score s", "peak MiB", "parameters"]);
        let rows: Vec<Vec<String>> = measured.iter().map(|model| row(model)).collect();
        parts.push(table::render(&header, &rows));
    }
    for model in &report.models {
        if let Some(reason) = &model.skipped {
            parts.push(format!("{}: left out: {reason}", model.name));
        }
    }
    parts.join("\n")
}

fn row(model: &ModelReport) -> Vec<String> {
    let mut cells = vec![model.name.to_owned()];
    cells.extend(model.estimates.iter().map(|(_, estimate)| with_interval(estimate)));
    cells.push(format!("{:.1}", model.train_seconds));
    cells.push(format!("{:.1}", model.score_seconds));
    cells.push(model.peak_rss_bytes.map_or_else(|| "-".to_owned(), |bytes| (bytes >> 20).to_string()));
    cells.push(model.parameters.to_string());
    cells
}

fn with_interval(estimate: &Estimate) -> String {
    let half = (estimate.high - estimate.low) / 2.0;
    if half > 0.0 { format!("{:.4}±{half:.4}", estimate.mean) } else { format!("{:.4}", estimate.mean) }
}
