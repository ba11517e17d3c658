use actix_web::{
    dev::ServiceRequest,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    web::Data,
};

/// Headers of responses that pages may read.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("x-request-id, retry-after, idempotency-replayed, www-authenticate");

/// Origins of web pages that may read responses. Set as app data.
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins(pub Vec<String>);

/// Headers that let a page of an allowed origin read a response. There are none for other origins,
/// so that browsers keep responses from their pages.
#[derive(Debug, Clone, Default)]
pub struct CorsHeaders(pub(super) Vec<(HeaderName, HeaderValue)>);

impl CorsHeaders {
    /// Returns the headers for the response to a request.
    pub fn of(request: &ServiceRequest) -> Self {
        match request.app_data::<Data<AllowedOrigins>>() {
            Some(allowed) => Self::for_origin(allowed, request.headers().get(header::ORIGIN)),
            None => Self::default(),
        }
    }

    fn for_origin(allowed: &AllowedOrigins, origin: Option<&HeaderValue>) -> Self {
        if allowed.0.is_empty() {
            return Self::default();
        }
        // Caches must not answer one origin with the response for another.
        let mut headers = vec![(header::VARY, HeaderValue::from_static("Origin"))];
        if let Some(origin) = origin
            && allowed.0.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
        {
            headers.push((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()));
            headers.push((header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED));
        }
        Self(headers)
    }

    /// Adds the headers to a response.
    pub fn add_to(&self, response: &mut HeaderMap) {
        for (name, value) in &self.0 {
            response.append(name.clone(), value.clone());
        }
    }
}
