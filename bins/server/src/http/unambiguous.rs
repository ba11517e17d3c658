//! Rejects requests that two readers could understand differently.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::HeaderName,
    middleware::Next,
};
use percent_encoding::percent_decode_str;

use super::ApiError;

/// Header that identifies a request which may be retried.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Rejects a path or a query string that is not percent-encoded UTF-8, and a repeated header
/// `Idempotency-Key`.
///
/// Parsers replace bytes that are not UTF-8 by one character, U+FFFD, which would make one user of
/// several.
///
/// # Errors
/// Returns the 400 error, or the error of the wrapped service.
pub async fn reject_ambiguous<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    check(&request)?;
    next.call(request).await
}

fn check(request: &ServiceRequest) -> Result<(), ApiError> {
    let is_utf8 = |encoded: &str| percent_decode_str(encoded).decode_utf8().is_ok();
    if !is_utf8(request.uri().path()) {
        return Err(ApiError::invalid_path());
    }
    if !is_utf8(request.query_string()) {
        return Err(ApiError::invalid_query("expected percent-encoded UTF-8"));
    }
    if request.headers().get_all(IDEMPOTENCY_KEY).count() > 1 {
        return Err(ApiError::invalid_header("Idempotency-Key", "one value, not several headers"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::check;

    #[test]
    fn only_what_every_reader_understands_alike_passes() {
        for (target, passes) in [
            ("/api/profile?user_id=ada", true),
            ("/api/profile?user_id=%c3%a9", true),
            ("/api/profile?user_id=%ff", false),
            ("/api/profile?user_id=%c3", false),
            ("/api/profile?user_id=%c3&x=%a9", false),
            ("/api/profile?%fe=1", false),
            ("/api/profile?user_id=%ed%a0%80", false),
            ("/api/resources/%c3%a9/similar", true),
            ("/api/resources/%e9/similar", false),
            ("/docs/%ff", false),
        ] {
            let request = TestRequest::with_uri(target).to_srv_request();
            assert_eq!(check(&request).is_ok(), passes, "{target}");
        }
        for keys in [1, 2] {
            let mut request = TestRequest::post();
            for key in 0..keys {
                request = request.append_header(("Idempotency-Key", key.to_string()));
            }
            assert_eq!(check(&request.to_srv_request()).is_ok(), keys == 1);
        }
    }
}
