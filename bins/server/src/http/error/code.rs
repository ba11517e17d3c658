use actix_web::http::StatusCode;
use serde::{Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

macro_rules! error_codes {
    ($($variant:ident = $name:literal, $status:ident, $meaning:literal;)*) => {
        /// Stable identifier of an error.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ErrorCode {
            $(#[doc = $meaning] $variant,)*
        }

        impl ErrorCode {
            /// Lists all codes, ordered by status.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the code as it appears in responses.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Returns the HTTP status that comes with the code.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// Explains the code in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

error_codes! {
    InvalidBody = "invalid_body", BAD_REQUEST,
        "The body is not valid JSON, has a field of the wrong type, an unknown field, or a key twice.";
    InvalidQuery = "invalid_query", BAD_REQUEST,
        "A query parameter is missing, unknown, repeated, or of the wrong type.";
    InvalidPath = "invalid_path", BAD_REQUEST,
        "The path is not percent-encoded UTF-8.";
    InvalidHeader = "invalid_header", BAD_REQUEST,
        "The header named in `details.field` has an invalid value.";
    InvalidExpression = "invalid_expression", BAD_REQUEST,
        "A `filter` or `boost` is malformed at the character `details.position`.";
    InvalidCursor = "invalid_cursor", BAD_REQUEST,
        "The cursor was altered, or belongs to a request with other parameters.";
    BadRequest = "bad_request", BAD_REQUEST,
        "The request is malformed in another way.";
    Unauthenticated = "unauthenticated", UNAUTHORIZED,
        "The API key or user token is missing, malformed, unknown, revoked or expired.";
    Forbidden = "forbidden", FORBIDDEN,
        "The key lacks the scope of the route, or the token is for another user or another use.";
    UnknownRoute = "unknown_route", NOT_FOUND,
        "The path does not exist.";
    UnknownResource = "unknown_resource", NOT_FOUND,
        "No resource has this id.";
    UnknownUser = "unknown_user", NOT_FOUND,
        "No user has this id.";
    NotFound = "not_found", NOT_FOUND,
        "The object named in the message does not exist.";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED,
        "The path exists but does not support this method; the header `Allow` lists those it supports.";
    SlowRequest = "slow_request", REQUEST_TIMEOUT,
        "The head or the body did not arrive in time; the connection is closed.";
    Conflict = "conflict", CONFLICT,
        "A concurrent request changed the same data; retry.";
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE,
        "The body exceeds `details.limit_bytes`.";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE,
        "The header `Content-Type` is not `application/json`, or the body has a `Content-Encoding`.";
    UnknownHost = "unknown_host", MISDIRECTED_REQUEST,
        "The header `Host` names a host that is not in `allowed_hosts`.";
    HeadTooLarge = "head_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The request line and the headers are too large; the connection is closed.";
    InvalidValue = "invalid_value", UNPROCESSABLE_ENTITY,
        "A value is out of range, too long, or not one of the allowed names.";
    IdempotencyMismatch = "idempotency_mismatch", UNPROCESSABLE_ENTITY,
        "The `Idempotency-Key` was already used with a different body.";
    RateLimited = "rate_limited", TOO_MANY_REQUESTS,
        "The caller has used up a rate limit; retry after the time in `Retry-After`.";
    Internal = "internal", INTERNAL_SERVER_ERROR,
        "The server failed; its log has the cause under `request_id`.";
    NotReady = "not_ready", SERVICE_UNAVAILABLE,
        "The server cannot serve requests yet; `details` has the result of each check.";
    SchemaMismatch = "schema_mismatch", SERVICE_UNAVAILABLE,
        "The database schema is older or newer than this server expects.";
    DatabaseUnavailable = "database_unavailable", SERVICE_UNAVAILABLE,
        "The database cannot be reached; retry.";
    OutcomeUnknown = "outcome_unknown", SERVICE_UNAVAILABLE,
        "The database went away while the request was stored; it may or may not be. Retry with the same `Idempotency-Key`.";
    Overloaded = "overloaded", SERVICE_UNAVAILABLE,
        "More answers are asked for than can be computed; retry after the time in `Retry-After`.";
    Timeout = "timeout", SERVICE_UNAVAILABLE,
        "The request exceeded `request_timeout_seconds`; retry.";
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl PartialSchema for ErrorCode {
    fn schema() -> RefOr<Schema> {
        let mut description = String::from("Stable identifier of an error, for programs.\n");
        for code in Self::ALL {
            let (name, status, meaning) = (code.as_str(), code.status().as_u16(), code.meaning());
            description.push_str(&format!("\n- `{name}` ({status}): {meaning}"));
        }
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(Self::ALL.iter().map(|code| code.as_str())))
            .description(Some(description))
            .into()
    }
}

impl ToSchema for ErrorCode {}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    fn table() -> String {
        let mut table = String::from("| code | status | meaning |\n|---|---|---|\n");
        for code in ErrorCode::ALL {
            let (name, status, meaning) = (code.as_str(), code.status().as_u16(), code.meaning());
            table.push_str(&format!("| `{name}` | {status} | {meaning} |\n"));
        }
        table
    }

    #[test]
    fn error_codes_are_the_reviewed_ones() {
        insta::assert_snapshot!("error_codes", table());
    }

    #[test]
    fn the_http_reference_lists_every_error_code() {
        let reference = include_str!("../../../../../docs/reference/http.md");
        assert!(reference.contains(&table()), "docs/reference/http.md lacks this table:\n{}", table());
    }
}
