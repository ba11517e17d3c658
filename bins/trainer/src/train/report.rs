use std::collections::BTreeMap;

use docent::{Component, LearnedWeights, Metrics, TrainReport};

use crate::table;

/// Every model on the holdout, and what was published.
pub fn render(report: &TrainReport) -> String {
    let info = &report.info;
    let learned =
        format!("{} positives of {} users and {} resources", info.positives, info.users, info.resources);
    let holdout = if info.holdout.is_empty() {
        "no user has enough positives to hold some out: nothing was judged".to_owned()
    } else {
        let mut models: Vec<(&String, &Metrics)> = info.holdout.iter().collect();
        models.sort_by(|a, b| a.1.ndcg.total_cmp(&b.1.ndcg));
        let rows: Vec<Vec<String>> = models.into_iter().map(|(model, metrics)| row(model, metrics)).collect();
        table::render(&["holdout", "HR@10", "NDCG@10", "recall@10", "MRR"], &rows)
    };
    let end = match (&report.published, &report.refused) {
        (Some(version), None) => format!("published {version}"),
        (Some(version), Some(why)) => format!("published {version} by force: {why}"),
        (None, why) => format!("nothing was published: {}", why.as_deref().unwrap_or("the gate refused")),
    };
    format!("{learned}\n\n{holdout}\n\n{}\n{}\n\n{end}", weights_table(&info.weights), walk_line(&info.walk))
}

/// The hybrid weights that were learned.
pub fn weights_table(weights: &LearnedWeights) -> String {
    let rows: Vec<Vec<String>> = weights
        .iter()
        .map(|(activity, weights)| {
            let shares = weights.to_array().map(|weight| format!("{weight:.3}"));
            std::iter::once(format!("with {activity}")).chain(shares).collect()
        })
        .collect();
    if rows.is_empty() {
        return "no learned weights beat the configured ones, which stay".to_owned();
    }
    let header: Vec<&str> = std::iter::once("weights of people")
        .chain(Component::ALL.iter().map(|component| component.as_str()))
        .collect();
    table::render(&header, &rows) + "\nall others: as configured"
}

/// The weights of kinds of edge that were learned.
pub fn walk_line(walk: &BTreeMap<String, f32>) -> String {
    if walk.is_empty() {
        return "no learned weight of a kind of edge beats its default".to_owned();
    }
    let kinds: Vec<String> = walk.iter().map(|(kind, weight)| format!("{kind} {weight}")).collect();
    format!("learned weights of kinds of edge: {}", kinds.join(", "))
}

fn row(model: &str, metrics: &Metrics) -> Vec<String> {
    let numbers = [metrics.hit_rate, metrics.ndcg, metrics.recall, metrics.mrr];
    // Adding 0 takes the sign off a zero that came of summing nothing.
    std::iter::once(model.to_owned()).chain(numbers.map(|number| format!("{:.4}", number + 0.0))).collect()
}
