//! Outcome of the search for settings, as rows of JSON and as text.

use docent::training::{SearchedModel, fit::ModelConfig};
use serde::Serialize;
use serde_json::Value;

use crate::table;

/// Outcome for one model.
#[derive(Serialize)]
pub struct SearchedRow {
    model: &'static str,
    /// NDCG at 10 on the validation set, of the given settings and of the best found.
    ndcg_given: f64,
    ndcg_found: f64,
    trials: usize,
}

impl SearchedRow {
    /// Returns the row of a model.
    pub fn of(searched: &SearchedModel) -> Self {
        let SearchedModel { name, start, ndcg, trials } = *searched;
        Self { model: name, ndcg_given: start, ndcg_found: ndcg, trials }
    }
}

/// Describes what a search found and what it gained; `None` without a search.
pub fn outcome(searched: &[SearchedModel], given: &ModelConfig, found: &ModelConfig) -> Option<String> {
    if searched.is_empty() {
        return None;
    }
    if searched.iter().all(|model| model.trials == 0) {
        return Some("no settings were searched: too few positives for a validation set".to_owned());
    }
    let header = ["model", "NDCG@10 given", "NDCG@10 found", "gain", "trials"];
    let rows: Vec<Vec<String>> = searched.iter().map(row).collect();
    let changed = changed(given, found);
    let settings = if changed.is_empty() {
        "nothing better than the given settings was found".to_owned()
    } else {
        let options: Vec<String> =
            changed.iter().map(|(key, value)| format!("--set {key}={value}")).collect();
        format!("found: {}", options.join(" "))
    };
    Some(format!(
        "settings searched on a validation set, each model alone:\n{}\n{settings}",
        table::render(&header, &rows)
    ))
}

fn row(searched: &SearchedModel) -> Vec<String> {
    let SearchedModel { name, start, ndcg, trials } = *searched;
    let gain = if start > 0.0 { format!("{:+.1} %", 100.0 * (ndcg / start - 1.0)) } else { "-".to_owned() };
    vec![name.to_owned(), format!("{start:.4}"), format!("{ndcg:.4}"), gain, trials.to_string()]
}

/// Returns the settings that differ, as keys and values of `--set`.
fn changed(given: &ModelConfig, found: &ModelConfig) -> Vec<(String, String)> {
    let mut changed = Vec::new();
    if let (Ok(given), Ok(found)) = (serde_json::to_value(given), serde_json::to_value(found)) {
        collect_changed("", &given, &found, &mut changed);
    }
    changed
}

fn collect_changed(key: &str, given: &Value, found: &Value, changed: &mut Vec<(String, String)>) {
    match found {
        Value::Object(fields) => {
            for (name, field) in fields {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                collect_changed(&key, given.get(name).unwrap_or(&Value::Null), field, changed);
            }
        }
        found if found != given => changed.push((key.to_owned(), text(found))),
        _ => {}
    }
}

/// Returns a value as `--set` reads it. Settings are of single precision, in which the shortest
/// decimal number is the same value.
fn text(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if value.is_f64() => (number as f32).to_string(),
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(start: f64, ndcg: f64, trials: usize) -> SearchedModel {
        SearchedModel { name: "als", start, ndcg, trials }
    }

    #[test]
    fn what_was_found_can_be_given_to_set() {
        let given = ModelConfig::default();
        let mut found = given.clone();
        found.als.regularization = Some(0.1);
        found.knn.neighbors = 77;
        let text = outcome(&[searched(0.2, 0.25, 9)], &given, &found).unwrap();
        assert!(text.contains("--set als.regularization=0.1 --set knn.neighbors=77"), "{text}");
        assert!(text.contains("0.2000") && text.contains("0.2500") && text.contains("+25.0 %"), "{text}");
    }

    #[test]
    fn a_search_that_finds_nothing_says_so() {
        let given = ModelConfig::default();
        assert_eq!(outcome(&[], &given, &given), None);
        let thin = outcome(&[searched(0.0, 0.0, 0)], &given, &given).unwrap();
        assert!(thin.contains("too few positives"), "{thin}");
        let none = outcome(&[searched(0.2, 0.2, 3)], &given, &given).unwrap();
        assert!(none.contains("nothing better"), "{none}");
    }
}
