use docent_storage::{AuditEntry, RunEnd, RunStatus, Store};

/// Actor of training runs in the audit log.
const TRAINER: &str = "trainer";

/// Logs and stores that a run has published its model, if it has; `force_model` if the quality gate
/// rejected it. Called before the end of the run is stored, so that a trainer killed in between
/// records the publication again at its next run, and never not at all.
pub(crate) async fn audit_publication(store: &Store, end: &RunEnd) {
    let Some(version) = end.model_version.as_deref().filter(|_| end.status == RunStatus::Published) else {
        return;
    };
    let action = if end.message.is_some() { "force_model" } else { "publish_model" };
    let entry = AuditEntry {
        at: end.finished_at,
        actor: TRAINER.to_owned(),
        action: action.to_owned(),
        subject: Some(format!("model:{version}")),
        request_id: None,
    };
    tracing::info!(actor = entry.actor, action, subject = entry.subject, "audit");
    if let Err(error) = store.record_audit(&entry).await {
        tracing::warn!(%error, "an entry of the audit log could not be stored; this log has it");
    }
}
