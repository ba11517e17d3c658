//! Metrics of answers, ingestion and interactions.
//!
//! Names and labels are those of `docent-telemetry`. Without an exporter they cost next to nothing.

use std::time::Duration;

use docent_storage::{RecordOutcome, Recorded, UpsertOutcome};

use super::IngestOutcome;
use crate::{Answer, candidates::SourceCounts};

pub(super) fn answered(answer: &Answer, sources: &SourceCounts, explored: u64) {
    // Given candidates come from no source.
    for (source, count) in sources.iter().filter(|(source, _)| !source.is_empty()) {
        metrics::counter!("docent_recommend_candidates_total", "source" => *source).increment(*count as u64);
    }
    metrics::counter!("docent_recommend_explored_total").increment(explored);
    let labels = [
        ("strategy", answer.strategy.as_str()),
        ("cold_start", yes_or_no(answer.is_cold_start)),
        ("fallback", yes_or_no(!answer.degraded.is_empty())),
    ];
    metrics::counter!("docent_recommend_answers_total", &labels).increment(1);
    for reason in &answer.degraded {
        metrics::counter!("docent_recommend_degraded_total", "reason" => reason.as_str()).increment(1);
    }
    if answer.recommendations.is_empty() {
        metrics::counter!("docent_recommend_empty_total").increment(1);
    }
}

pub(super) fn ingested(outcomes: &[IngestOutcome], took: Duration) {
    for outcome in outcomes {
        let label = match outcome.outcome {
            UpsertOutcome::Created => "created",
            UpsertOutcome::Updated => "updated",
            UpsertOutcome::Unchanged => "unchanged",
        };
        metrics::counter!("docent_ingested_resources_total", "outcome" => label).increment(1);
    }
    let unembedded = outcomes.iter().filter(|outcome| !outcome.embedded).count() as u64;
    metrics::counter!("docent_ingested_resources_unembedded_total").increment(unembedded);
    metrics::histogram!("docent_ingest_duration_seconds").record(took.as_secs_f64());
}

pub(super) fn recorded(outcome: &RecordOutcome) {
    if outcome.replayed {
        return;
    }
    for item in &outcome.items {
        let label = match item {
            Recorded::Merged { .. } => "recorded",
            Recorded::UnknownResource => "unknown_resource",
        };
        metrics::counter!("docent_interactions_total", "outcome" => label).increment(1);
    }
}

fn yes_or_no(so: bool) -> &'static str {
    if so { "true" } else { "false" }
}
