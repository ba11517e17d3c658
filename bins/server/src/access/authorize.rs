use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use chrono::Utc;
use docent::UserId;
use docent_auth::Permission;
use docent_telemetry::names;

use super::{
    Access, AccessControl, Caller, allowed_methods, audit,
    routes::{Route, UserPlace, find},
};
use crate::http::{ApiError, route_template};

/// Headers that pages of allowed origins may send.
const ALLOWED_HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, idempotency-key, x-request-id");
/// Parameters that show or make what pages must not: unpublished and new resources.
const KEY_ONLY: [&str; 2] = ["include_unpublished", "create_missing"];
/// Time for which a browser may remember the answer to a preflight request, in seconds.
const PREFLIGHT_SECONDS: u32 = 600;

/// Lets a request through if its caller may use its route, and records what belongs in the audit
/// log. Answers OPTIONS itself.
///
/// # Errors
/// Returns 401, 403, 404, 405 or 429, or the error of the wrapped service.
pub async fn authorize<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let control = request.app_data::<Data<AccessControl>>().cloned();
    let control = control.ok_or_else(|| ApiError::internal("access control is not set up"))?;
    // The pattern comes from the path as it was sent. A path that the router would decode into
    // another one therefore matches no rule, and is refused.
    let path = request.match_pattern().map(|pattern| route_template(&pattern));
    let Some((path, methods)) = path.and_then(|path| allowed_methods(&path).map(|methods| (path, methods)))
    else {
        return Err(ApiError::of_status(StatusCode::NOT_FOUND).into());
    };
    let route = find(request.method(), &path);
    if route.is_none_or(|route| route.access != Access::Probe) {
        let peer = request.peer_addr().map(|peer| peer.ip());
        if let Some(address) = control.client_address(peer, request.headers()) {
            control.limits.check_address(address)?;
        }
    }
    if request.method() == Method::OPTIONS {
        let answer = options(&methods, request.headers());
        return Ok(request.into_response(answer).map_into_right_body());
    }
    let route = route.ok_or_else(|| ApiError::method_not_allowed(&methods))?;
    let caller = admit(&control, route, &request).inspect_err(count)?;
    let entry = route.action.map(|action| audit::Entry::of(action, &caller, &path, &request));
    request.extensions_mut().insert(caller);
    let response = next.call(request).await?;
    if let Some(entry) = entry.flatten()
        && response.status().is_success()
    {
        entry.record(&response).await;
    }
    Ok(response.map_into_left_body())
}

/// Returns the caller, if they may use the route.
fn admit(control: &AccessControl, route: &Route, request: &ServiceRequest) -> Result<Caller, ApiError> {
    let scope = match route.access {
        Access::Probe | Access::Public => return Ok(Caller::Anyone),
        Access::Scope(scope) | Access::Own(scope, ..) => scope,
    };
    let caller = control.authenticate(request.headers(), Utc::now())?;
    match &caller {
        Caller::Anyone => {}
        Caller::Key { id, scopes } => {
            control.limits.check_key(id)?;
            if !scopes.contains(scope) {
                return Err(ApiError::forbidden(format!(
                    "this route needs an API key with the scope {scope}"
                )));
            }
        }
        Caller::User { user, permissions } => {
            control.limits.check_user(user.as_str())?;
            let Access::Own(_, permission, place) = route.access else {
                return Err(ApiError::forbidden("this route needs an API key; user tokens are refused"));
            };
            if !permissions.contains(permission) {
                return Err(lacks(permission));
            }
            check_query(request.query_string(), user, place)?;
        }
    }
    Ok(caller)
}

fn lacks(permission: Permission) -> ApiError {
    ApiError::forbidden(format!("the scope of the token lacks {permission}"))
}

/// Checks that the query of a request with a token names the user of the token and no other, and
/// that it asks for nothing that is for keys only. It is decoded as handlers decode it.
fn check_query(query: &str, user: &UserId, place: UserPlace) -> Result<(), ApiError> {
    let parameters: Vec<(String, String)> =
        serde_html_form::from_str(query).map_err(ApiError::invalid_query)?;
    let key_only =
        parameters.iter().find(|(name, value)| KEY_ONLY.contains(&name.as_str()) && value != "false");
    if let Some((name, _)) = key_only {
        return Err(ApiError::needs_key(name));
    }
    let mut named = parameters.iter().filter(|(name, _)| name == "user_id").peekable();
    let is_named = named.peek().is_some() || place != UserPlace::Query;
    if is_named && named.all(|(_, value)| value == user.as_str()) {
        Ok(())
    } else {
        Err(ApiError::other_user())
    }
}

/// Counts a refusal by its status; rate limits count those of their own.
fn count(refusal: &ApiError) {
    let reason = match refusal.code().status() {
        StatusCode::UNAUTHORIZED => "unauthenticated",
        StatusCode::FORBIDDEN => "forbidden",
        _ => return,
    };
    metrics::counter!(names::ACCESS_REFUSED, "reason" => reason).increment(1);
}

/// Answers OPTIONS. The headers for a preflight request count only together with
/// `Access-Control-Allow-Origin`, which every answer to an allowed origin has.
fn options(methods: &str, headers: &HeaderMap) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response.insert_header((header::ALLOW, format!("{methods}, OPTIONS")));
    if headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        response.insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods));
        response.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS));
        response.insert_header((header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS));
    }
    response.finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_query_may_name_only_the_user_of_the_token() {
        let ada: UserId = "ada & bob".parse().unwrap();
        for (query, allowed) in [
            ("user_id=ada+%26%20bob", true),
            ("limit=5&user%5Fid=ada%20%26+bob", true),
            ("", false),
            ("limit=5", false),
            ("user_id=", false),
            ("user_id=bob", false),
            ("user_id=ada", false),
            ("user_id=ada+%26%20bob&user_id=bob", false),
            ("user_id=ada+%26%20bob&user%5fid=bob", false),
            ("user_id=Ada+%26%20bob", false),
            ("User_id=ada+%26%20bob", false),
        ] {
            assert_eq!(check_query(query, &ada, UserPlace::Query).is_ok(), allowed, "{query}");
        }
        for (query, allowed) in [
            ("", true),
            ("limit=5", true),
            ("user_id=bob", false),
            ("create_missing=false", true),
            ("create_missing=true", false),
            ("include_unpublished=true", false),
            ("include%5Funpublished=true", false),
        ] {
            assert_eq!(check_query(query, &ada, UserPlace::Nowhere).is_ok(), allowed, "{query}");
        }
    }
}
