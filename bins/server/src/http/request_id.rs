use std::sync::Arc;

use actix_web::{HttpMessage, dev::ServiceRequest, http::header::HeaderMap};

/// Identifies one request in its response, in log lines and in errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Header that carries the id in requests and responses.
    pub const HEADER: &'static str = "x-request-id";
    const MAX_BYTES: usize = 128;

    /// Returns the id that the client sent if it is safe in log lines and headers; otherwise
    /// generates a ULID.
    pub fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(Self::HEADER).and_then(|value| value.to_str().ok());
        match given.filter(|id| is_sane(id)) {
            Some(id) => Self(id.into()),
            None => Self::generate(),
        }
    }

    /// Generates a ULID.
    pub fn generate() -> Self {
        Self(ulid::Ulid::generate().to_string().into())
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns the id of a request that [`handle_request`](super::handle_request) has received.
pub fn request_id(request: &ServiceRequest) -> Option<String> {
    request.extensions().get::<RequestId>().map(|id| id.as_str().to_owned())
}

fn is_sane(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= RequestId::MAX_BYTES
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::is_sane;

    #[test]
    fn an_id_that_could_disturb_a_log_line_is_not_taken() {
        for (id, sane) in [
            ("01JD8Z-abc_9.x:7", true),
            ("", false),
            ("two words", false),
            ("a\"b", false),
            ("é", false),
            (&*"x".repeat(128), true),
            (&*"x".repeat(129), false),
        ] {
            assert_eq!(is_sane(id), sane, "{id:?}");
        }
    }
}
