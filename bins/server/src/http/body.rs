use std::{pin::Pin, time::Duration};

use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web::{Bytes, BytesMut},
};
use docent::DomainError;
use futures::StreamExt;
use serde::de::DeserializeOwned;

use super::ApiError;

const DEFAULT_LIMIT_BYTES: usize = 1 << 20;
/// Maximum size of an ingest body, in bytes. No route accepts a larger one.
pub const INGEST_LIMIT_BYTES: usize = 4 << 20;
/// Maximum number of bytes of an oversized body that are read and discarded. A client that sends
/// its whole body before it reads then receives the 413 instead of a connection reset.
const MAX_DRAINED_BYTES: usize = 64 << 20;
/// Time in which a body must arrive.
const MAX_BODY: Duration = Duration::from_secs(20);
/// Maximum number of items in one batch.
const MAX_BATCH: usize = 1_000;

/// Maximum body size of a route in bytes, set as app data of the route.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(pub usize);

/// Extracts a JSON object from the request body.
#[derive(Debug)]
pub struct Json<T> {
    /// Value parsed from the body.
    pub value: T,
    /// Raw body, kept because an idempotency key is bound to its hash.
    pub bytes: Bytes,
}

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = request.app_data::<BodyLimit>().map_or(DEFAULT_LIMIT_BYTES, |limit| limit.0);
        let is_json = request.content_type().eq_ignore_ascii_case("application/json");
        let encoding = encoding_of(request);
        let payload = payload.take();
        Box::pin(async move {
            let bytes = read_in_time(payload, limit).await?;
            if let Some(encoding) = encoding {
                return Err(ApiError::encoded_body(&encoding).into());
            }
            if !is_json {
                return Err(ApiError::unsupported_media_type().into());
            }
            let value = docent_messages::parse(&bytes).map_err(ApiError::invalid_body)?;
            Ok(Self { value, bytes })
        })
    }
}

/// Returns the encoding of a body that is not sent as it is.
fn encoding_of(request: &HttpRequest) -> Option<String> {
    let encodings = request.headers().get_all(header::CONTENT_ENCODING);
    let names = encodings.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    names.into_iter().find(|name| !name.trim().eq_ignore_ascii_case("identity"))
}

/// Reads a body, which must arrive within [`MAX_BODY`].
async fn read_in_time(payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let read = tokio::time::timeout(MAX_BODY, read(payload, limit)).await;
    read.unwrap_or_else(|_| Err(ApiError::slow_body(MAX_BODY.as_secs())))
}

async fn read(mut payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let mut body = BytesMut::new();
    let mut read = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::invalid_body("the connection ended before the body did"))?;
        read = read.saturating_add(chunk.len());
        if read <= limit {
            body.extend_from_slice(&chunk);
        } else if read > MAX_DRAINED_BYTES {
            break;
        }
    }
    if read > limit { Err(ApiError::body_too_large(limit)) } else { Ok(body.freeze()) }
}

/// Rejects, on every path, a body that exceeds the largest limit of any route.
///
/// # Errors
/// Returns the 413 error, or the error of the wrapped service.
pub async fn reject_large_bodies(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let declared: Option<usize> = length.and_then(|value| value.to_str().ok()?.parse().ok());
    match declared {
        Some(bytes) if bytes > MAX_DRAINED_BYTES => {
            return Err(ApiError::endless_body(INGEST_LIMIT_BYTES).into());
        }
        Some(bytes) if bytes > INGEST_LIMIT_BYTES => {
            read_in_time(request.take_payload(), INGEST_LIMIT_BYTES).await?;
        }
        _ => {}
    }
    next.call(request).await
}

/// Checks that a batch holds 1 to [`MAX_BATCH`] items.
///
/// # Errors
/// Returns [`DomainError::OutOfRange`] otherwise, naming `field`.
pub fn check_batch_length(field: &str, length: usize) -> Result<(), DomainError> {
    if (1..=MAX_BATCH).contains(&length) {
        return Ok(());
    }
    let got = format!("{length} items");
    Err(DomainError::OutOfRange { field: field.into(), expected: "1 to 1000 items", got })
}
