use docent::training::{TrainReport, evaluation::Metrics};

use crate::{
    table,
    weights::{edge_kind_weights, hybrid_weights, type_weights},
};

/// Returns the metrics of all models on the holdout, the learned weights, and what was published.
pub fn render(report: &TrainReport) -> String {
    let info = &report.info;
    let kind = info
        .signal
        .as_ref()
        .map_or_else(|| "positives".to_owned(), |kind| format!("positives and interactions of type {kind}"));
    let data = format!("{} {kind} of {} users and {} resources", info.positives, info.users, info.resources);
    let holdout = if info.holdout.is_empty() {
        "no user has enough positives to hold some out: no model was measured".to_owned()
    } else {
        let mut models: Vec<(&String, &Metrics)> = info.holdout.iter().collect();
        models.sort_by(|a, b| a.1.ndcg.total_cmp(&b.1.ndcg));
        let rows: Vec<Vec<String>> = models.into_iter().map(|(model, metrics)| row(model, metrics)).collect();
        table::render(&["holdout", "HR@10", "NDCG@10", "recall@10", "MRR"], &rows)
    };
    let end = match (&report.published, &report.refused) {
        (Some(version), None) => format!("published {version}"),
        (Some(version), Some(reason)) => format!("published {version} by force: {reason}"),
        (None, reason) => {
            format!("nothing was published: {}", reason.as_deref().unwrap_or("the quality gate rejected it"))
        }
    };
    let mut weights =
        format!("{}\n{}", hybrid_weights(&info.weights), edge_kind_weights(&info.edge_kind_weights));
    if let Some(line) = type_weights(&info.type_weights) {
        weights = format!("{weights}\n{line}");
    }
    format!("{data}\n\n{holdout}\n\n{weights}\n\n{end}")
}

fn row(model: &str, metrics: &Metrics) -> Vec<String> {
    let numbers = [metrics.hit_rate, metrics.ndcg, metrics.recall, metrics.mrr];
    // Adding 0 removes the sign of a negative zero.
    std::iter::once(model.to_owned()).chain(numbers.map(|number| format!("{:.4}", number + 0.0))).collect()
}
