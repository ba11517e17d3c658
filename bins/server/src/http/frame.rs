//! The frame around every request: an id, a deadline, one shape of refusal, metrics and the access log. A handler that
//! panics is answered for.

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
use tokio::time::timeout;
use tracing::Instrument;

use super::{ApiError, RequestId, observe::Observation};

/// Settings of the frame, as app data.
#[derive(Debug, Clone, Copy)]
pub struct FrameConfig {
    /// How long a request may take, its body included.
    pub request_timeout: Duration,
}

/// The outermost middleware.
///
/// # Errors
/// A refusal that renders itself, where there is no request left to answer.
pub async fn frame<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let id = RequestId::of(request.headers());
    request.extensions_mut().insert(id.clone());
    let limit = request.app_data::<Data<FrameConfig>>().map(|config| config.request_timeout);
    let limit = limit.unwrap_or(Duration::MAX);
    let span = tracing::info_span!("request", request_id = id.as_str());
    async {
        let observation = Observation::start(&request);
        let answer = match timeout(limit, AssertUnwindSafe(next.call(request)).catch_unwind()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_panic)) => Err(ApiError::panicked().into()),
            Err(_elapsed) => Err(ApiError::timed_out().into()),
        };
        let answer = match answer {
            Ok(response) => Ok(in_envelope(response, &id)),
            Err(error) => Err(refusal(error, &id)),
        };
        let status = match &answer {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        observation.answered(status);
        answer
    }
    .instrument(span)
    .await
}

fn in_envelope<B: MessageBody>(
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
    log(error);
    let mut answer = error.answer(id.as_str());
    if let Some(allowed) = response.headers().get(header::ALLOW) {
        answer.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, answer.map_into_right_body())
}

fn refusal(error: Error, id: &RequestId) -> Error {
    let status = error.as_response_error().status_code();
    let error = error.as_error::<ApiError>().cloned().unwrap_or_else(|| ApiError::of_status(status));
    log(&error);
    error.for_request(id.clone()).into()
}

/// A failure of ours is logged here and nowhere else.
fn log(error: &ApiError) {
    if let Some(cause) = error.cause() {
        tracing::error!(cause, "{error}");
    }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
