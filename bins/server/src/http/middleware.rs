//! Outermost middleware: gives every request an id and a deadline, renders every error as one
//! envelope, recovers from panics, and records metrics and the access log.

use std::{panic::AssertUnwindSafe, time::Duration};

use actix_web::{
    Error, HttpMessage,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderValue},
    middleware::Next,
    web::Data,
};
use futures::FutureExt;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::Instrument;

use super::{ApiError, CorsHeaders, RequestId, browser::with_head, connection::Busy, observe::Observation};

/// Maximum duration of a request, including reading its body. Set as app data.
#[derive(Debug, Clone, Copy)]
pub struct RequestTimeout(pub Duration);

/// Time that a handler may take to answer after its deadline, before the request is dropped.
const MAX_LATE: Duration = Duration::from_millis(500);

tokio::task_local! {
    static DEADLINE: Option<Instant>;
}

/// Waits until the request that is being handled has no time left.
pub async fn deadline() {
    match DEADLINE.try_with(|deadline| *deadline) {
        Ok(Some(deadline)) => sleep_until(deadline).await,
        Ok(None) | Err(_) => std::future::pending().await,
    }
}

/// Handles a request from its first byte to its access log line.
///
/// # Errors
/// Returns an error that renders itself if no request is left to attach the response to.
pub async fn handle_request<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let _busy = Busy::of(&request);
    let id = RequestId::of(request.headers());
    request.extensions_mut().insert(id.clone());
    let cors = CorsHeaders::of(&request);
    let limit = request.app_data::<Data<RequestTimeout>>().map_or(Duration::MAX, |limit| limit.0);
    let span = tracing::info_span!("request", request_id = id.as_str());
    async {
        let observation = Observation::start(&request);
        let deadline = Instant::now().checked_add(limit);
        let handled = DEADLINE.scope(deadline, AssertUnwindSafe(next.call(request)).catch_unwind());
        let outcome = match timeout(limit.saturating_add(MAX_LATE), handled).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => Err(ApiError::panicked().into()),
            Err(_elapsed) => Err(ApiError::timed_out().into()),
        };
        let outcome = match outcome {
            Ok(response) => {
                let mut response = finish_response(response, &id);
                cors.add_to(response.headers_mut());
                Ok(response)
            }
            Err(error) => Err(finish_error(error, &id, cors)),
        };
        let status = match &outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        observation.answered(status);
        outcome
    }
    .instrument(span)
    .await
}

/// Adds the request id to a successful response; replaces an error response by the envelope.
fn finish_response<B: MessageBody>(
    response: ServiceResponse<B>,
    id: &RequestId,
) -> ServiceResponse<EitherBody<B>> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        let mut response = response.map_into_left_body();
        if let Ok(value) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert(header::HeaderName::from_static(RequestId::HEADER), value);
        }
        return response;
    }
    let from_status;
    let error = match response.response().error().and_then(|error| error.as_error::<ApiError>()) {
        Some(error) => error,
        None => {
            from_status = ApiError::of_status(status);
            &from_status
        }
    };
    log_cause(error);
    let mut rendered = error.response(id.as_str());
    if let Some(allowed) = response.headers().get(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, with_head(allowed));
    }
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, rendered.map_into_right_body())
}

fn finish_error(error: Error, id: &RequestId, cors: CorsHeaders) -> Error {
    let status = error.as_response_error().status_code();
    let error = error.as_error::<ApiError>().cloned().unwrap_or_else(|| ApiError::of_status(status));
    log_cause(&error);
    error.for_request(id.clone()).for_origin(cors).into()
}

/// Logs the cause of a server error. No other place logs it.
fn log_cause(error: &ApiError) {
    if let Some(cause) = error.cause() {
        tracing::error!(cause, "{error}");
    }
}

#[cfg(test)]
#[path = "middleware_tests.rs"]
mod tests;
