//! Headers that tell browsers and caches how to treat an answer, and answers to HEAD.

use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
};

/// Policy of the pages under `/docs`: their own scripts and styles, and calls of this server.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
/// Policy of data, which no browser has to show.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// Prefix of the pages.
const PAGES: &str = "/docs";

/// Adds the headers to an answer that is data: no store, no guess at its type, no frame, no script.
pub fn mark_as_data(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(DATA_POLICY));
    add_common(headers);
}

fn mark_as_page(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    add_common(headers);
}

fn add_common(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
}

/// Adds the headers for browsers to successful answers. Errors have them from the start.
///
/// # Errors
/// Returns the error of the wrapped service.
pub async fn add_browser_headers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let is_page = request.path() == "/" || request.path().starts_with(PAGES);
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    if is_page {
        mark_as_page(headers)
    } else {
        mark_as_data(headers)
    }
    Ok(response)
}

/// Answers HEAD as GET. The connection leaves the body out and keeps its length.
///
/// # Errors
/// Returns the error of the wrapped service.
pub async fn answer_head<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    next.call(request).await
}

/// Returns the value of `Allow` with HEAD wherever it has GET.
pub fn with_head(allowed: &HeaderValue) -> HeaderValue {
    let text = allowed.to_str().unwrap_or_default();
    let mut methods: Vec<&str> = text.split(',').map(str::trim).filter(|method| !method.is_empty()).collect();
    if methods.contains(&"GET") && !methods.contains(&"HEAD") {
        methods.push("HEAD");
    }
    HeaderValue::from_str(&methods.join(", ")).unwrap_or_else(|_| allowed.clone())
}

/// Adds the headers of data to a response that is still being built.
pub fn as_data(mut response: HttpResponse) -> HttpResponse {
    mark_as_data(response.headers_mut());
    response
}
