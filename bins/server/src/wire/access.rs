use chrono::{DateTime, Utc};
use docent::storage::AuditRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Request for a user token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "user_id": "ada", "lifetime_seconds": 900 })))]
pub struct TokenInput {
    /// Id of the user that the token is bound to.
    #[schema(min_length = 1, max_length = 255, pattern = r"^[^\x00-\x1F\x7F-\x9F]+$")]
    pub user_id: String,
    /// Permissions of the token; all of them by default.
    #[schema(required = false, min_items = 1)]
    pub permissions: Option<Vec<TokenPermission>>,
    /// Time that the token lives, in seconds, at most `access.max_token_seconds`. Defaults to 900.
    #[schema(required = false, minimum = 1, default = 900)]
    pub lifetime_seconds: Option<u32>,
}

/// Permission of a user token, for its own user only.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenPermission {
    /// Read recommendations and similar resources.
    Recommendations,
    /// Record interactions and feedback, and take interactions back.
    Interactions,
    /// Read and change the profile.
    Profile,
}

impl TokenPermission {
    /// Returns the name, as in the claim `scope`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recommendations => "recommendations",
            Self::Interactions => "interactions",
            Self::Profile => "profile",
        }
    }
}

/// User token, for the header `Authorization: Bearer`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Token {
    /// The token as text.
    pub token: String,
    /// Time from which the token is refused (RFC 3339).
    pub expires_at: DateTime<Utc>,
}

/// Parameters of a request for the audit log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Maximum number of entries.
    #[param(value_type = u32, required = false, minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<i64>,
    /// Only entries before the one with this id: `next_before` of the page before.
    #[param(value_type = i64, required = false)]
    pub before: Option<i64>,
}

/// Page of the audit log, the newest entry first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLog {
    /// Entries, the newest first.
    pub entries: Vec<AuditLogEntry>,
    /// Value of `before` for the next page; null if there are no more entries.
    #[schema(required = true)]
    pub next_before: Option<i64>,
}

/// Entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLogEntry {
    /// Id of the entry. Newer entries have larger ids.
    id: i64,
    /// Time of the action (RFC 3339).
    at: DateTime<Utc>,
    /// Caller: `key:` and the id of an API key, `command`, or `anonymous`.
    actor: String,
    /// Action, such as `delete_resource`.
    action: String,
    /// Object of the action; null if there is no single one. A user is `user:` and a hash.
    #[schema(required = true)]
    subject: Option<String>,
    /// Id of the request, as in the log of the server; null for a command.
    #[schema(required = true)]
    request_id: Option<String>,
}

impl From<AuditRow> for AuditLogEntry {
    fn from(AuditRow { id, entry }: AuditRow) -> Self {
        Self {
            id,
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            subject: entry.subject,
            request_id: entry.request_id,
        }
    }
}
