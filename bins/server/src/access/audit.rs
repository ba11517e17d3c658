use actix_web::{
    dev::{ServiceRequest, ServiceResponse},
    web::Data,
};
use chrono::Utc;
use docent::{
    Error, UserId,
    storage::{AuditEntry, user_reference},
};
use percent_encoding::percent_decode_str;

use super::Caller;
use crate::{http::request_id, state::AppState};

const ID: &str = "{id}";

/// Object of an action, which a handler attaches to its response if neither path nor query name it.
#[derive(Debug, Clone)]
pub struct Subject(pub String);

/// Entry of the audit log about a request that is being handled.
pub(super) struct Entry(AuditEntry);

impl Entry {
    /// Describes the action of a request. Returns `None` for a user token: what users do with their
    /// own data is no act of administration.
    pub(super) fn of(
        action: &'static str,
        caller: &Caller,
        path: &str,
        request: &ServiceRequest,
    ) -> Option<Self> {
        if matches!(caller, Caller::User { .. }) {
            return None;
        }
        Some(Self(AuditEntry {
            at: Utc::now(),
            actor: caller.actor(),
            action: action.to_owned(),
            subject: resource_of(path, request.path()).or_else(|| user_of(request.query_string())),
            request_id: request_id(request),
        }))
    }

    /// Stores and logs the entry. The action has happened, so a failure to store is logged only.
    pub(super) async fn record<B>(self, response: &ServiceResponse<B>) {
        let Self(mut entry) = self;
        if let Some(Subject(subject)) = response.response().extensions().get::<Subject>() {
            entry.subject = Some(subject.clone());
        }
        log_entry(&entry);
        let Some(state) = response.request().app_data::<Data<AppState>>() else { return };
        let stored =
            state.run(async move |engine| engine.store().record_audit(&entry).await.map_err(Error::from));
        if let Err(error) = stored.await {
            let cause = error.cause().unwrap_or_default();
            tracing::error!(cause, "an entry of the audit log could not be stored; this log has it");
        }
    }
}

/// Logs an entry.
pub fn log_entry(entry: &AuditEntry) {
    let AuditEntry { actor, action, subject, .. } = entry;
    tracing::info!(actor, action, subject = subject.as_deref().unwrap_or_default(), "audit");
}

fn resource_of(pattern: &str, path: &str) -> Option<String> {
    let place = pattern.split('/').position(|segment| segment == ID);
    let segment = match place {
        Some(place) => path.split('/').nth(place)?,
        // The path of the resource with the id "ingest"; ingests attach their subject.
        None if pattern.ends_with("/ingest") => path.rsplit('/').next()?,
        None => return None,
    };
    let id = percent_decode_str(segment).decode_utf8_lossy();
    Some(format!("resource:{id}"))
}

fn user_of(query: &str) -> Option<String> {
    let parameters: Vec<(String, String)> = serde_html_form::from_str(query).ok()?;
    let (_, user) = parameters.iter().find(|(name, _)| name == "user_id")?;
    UserId::new(user).ok().map(|user| user_reference(&user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_is_the_resource_of_the_path_or_the_hash_of_the_user() {
        for (pattern, path, expected) in [
            ("/api/resources/{id}", "/api/resources/a%2Fb", Some("resource:a/b")),
            ("/api/resources/ingest", "/api/resources/ingest", Some("resource:ingest")),
            ("/api/profile", "/api/profile", None),
        ] {
            assert_eq!(resource_of(pattern, path).as_deref(), expected);
        }
        let user = user_of("limit=1&user_id=ada");
        assert!(user.as_deref().is_some_and(|user| user.starts_with("user:") && !user.contains("ada")));
        assert_eq!(user_of("limit=1"), None);
    }
}
