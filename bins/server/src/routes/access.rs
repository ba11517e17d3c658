//! User tokens and the audit log.

use actix_web::{
    HttpResponse,
    http::header,
    web::{self, Data, ServiceConfig},
};
use chrono::{SubsecRound, TimeDelta, Utc};
use docent::{Error, UserId};
use docent_auth::Permissions;

use crate::{
    access::AccessControl,
    http::{
        ApiError, Json, Query,
        responses::{AnyRoute, NotFound, WithBody, WithInput},
    },
    state::AppState,
    wire::{
        access::{AuditLog, AuditQuery, Token, TokenInput, TokenPermission},
        recommendation::check_limit,
    },
};

const DEFAULT_LIFETIME_SECONDS: i64 = 900;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/api/tokens").route(web::post().to(create_token)))
        .service(web::resource("/api/audit").route(web::get().to(list_audit_log)));
}

/// Creates a short-lived token for one user, to be handed to a browser or an app.
///
/// The token is bound to the user: it reads the recommendations of the user, records interactions
/// and feedback of the user, and reads and changes the profile of the user. It answers 404 if no
/// signing key is configured. Your own server can sign tokens too, without this request.
#[utoipa::path(
    post, path = "/api/tokens", tag = "Access",
    request_body(content = TokenInput, description = "User, permissions and lifetime."),
    responses(
        (
            status = 201, description = "The token.", body = Token,
            example = json!({
                "token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl",
                "expires_at": "2026-01-31T09:45:00Z"
            })
        ),
        (status = 404, response = NotFound),
        WithInput, WithBody, AnyRoute
    )
)]
pub(crate) async fn create_token(
    control: Data<AccessControl>,
    body: Json<TokenInput>,
) -> Result<HttpResponse, ApiError> {
    let TokenInput { user_id, permissions, lifetime_seconds } = body.value;
    let user = UserId::new(&user_id)?;
    if permissions.as_ref().is_some_and(Vec::is_empty) {
        return Err(ApiError::out_of_range("permissions", "at least one, or no such field for all", "none"));
    }
    let names = permissions.map(|listed| listed.into_iter().map(TokenPermission::as_str).collect::<Vec<_>>());
    let permissions = match names {
        Some(names) => Permissions::parse(&names.join(" ")).unwrap_or_else(Permissions::all),
        None => Permissions::all(),
    };
    let keys = control.token_keys();
    let max_seconds = keys.max_lifetime().num_seconds();
    let seconds = lifetime_seconds.map_or(DEFAULT_LIFETIME_SECONDS.min(max_seconds), i64::from);
    if !(1..=max_seconds).contains(&seconds) {
        let expected = format!("1 to {max_seconds}, the value of access.max_token_seconds");
        return Err(ApiError::out_of_range("lifetime_seconds", &expected, &seconds.to_string()));
    }
    // Tokens count whole seconds.
    let (lifetime, now) = (TimeDelta::seconds(seconds), Utc::now().trunc_subsecs(0));
    let token = keys.sign(&user, &permissions, lifetime, now).ok_or_else(ApiError::no_signing_key)?;
    let expires_at = now + lifetime;
    let mut response = HttpResponse::Created();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(response.json(Token { token, expires_at }))
}

/// Lists the entries of the audit log, the newest first.
///
/// The log has every change and deletion of resources, erasure and merge of users, deletion of
/// interactions by a key, and creation and revocation of keys. Actions of users are left out.
#[utoipa::path(
    get, path = "/api/audit", tag = "Access", params(AuditQuery),
    responses(
        (
            status = 200, description = "Page of the audit log.", body = AuditLog,
            example = json!({
                "entries": [{
                    "id": 7,
                    "at": "2026-01-31T09:30:00Z",
                    "actor": "key:0018wom",
                    "action": "delete_resource",
                    "subject": "resource:isbn:0140449132",
                    "request_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA"
                }],
                "next_before": null
            })
        ),
        WithInput, AnyRoute
    )
)]
pub(crate) async fn list_audit_log(
    state: Data<AppState>,
    query: Query<AuditQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = check_limit(query.0.limit)? as u64;
    let before = query.0.before;
    let rows =
        state.run(async move |engine| engine.store().audit_before(before, limit).await.map_err(Error::from));
    let rows = rows.await?;
    let next_before = if rows.len() as u64 == limit { rows.last().map(|row| row.id) } else { None };
    Ok(HttpResponse::Ok().json(AuditLog { entries: rows.into_iter().map(Into::into).collect(), next_before }))
}
