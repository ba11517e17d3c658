use std::pin::Pin;

use actix_web::{
    Error, FromRequest, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web::{Bytes, BytesMut},
};
use futures::StreamExt;
use serde::de::DeserializeOwned;

use super::ApiError;
use crate::wire::object::Object;

const DEFAULT_LIMIT_BYTES: usize = 1 << 20;
/// Largest body of an ingest, which is the largest of all.
pub const INGEST_LIMIT_BYTES: usize = 4 << 20;
/// How much of a body that is too large is read and thrown away, so that a caller who sends before reading sees the
/// refusal and not a broken connection.
const DRAINED_BYTES: usize = 64 << 20;

/// Largest body of a route, as its app data.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(pub usize);

/// A JSON body: one object.
#[derive(Debug)]
pub struct Json<T> {
    /// What was read.
    pub value: T,
    /// What it was read from.
    pub bytes: Bytes,
}

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = request.app_data::<BodyLimit>().map_or(DEFAULT_LIMIT_BYTES, |limit| limit.0);
        let is_json = request.content_type().eq_ignore_ascii_case("application/json");
        let payload = payload.take();
        Box::pin(async move {
            let bytes = read(payload, limit).await?;
            if !is_json {
                return Err(ApiError::unsupported_media_type().into());
            }
            let Object(value) = serde_json::from_slice(&bytes).map_err(ApiError::invalid_body)?;
            Ok(Self { value, bytes })
        })
    }
}

async fn read(mut payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let mut body = BytesMut::new();
    let mut read = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::invalid_body("ended before it was complete"))?;
        read = read.saturating_add(chunk.len());
        if read <= limit {
            body.extend_from_slice(&chunk);
        } else if read > DRAINED_BYTES {
            break;
        }
    }
    if read > limit { Err(ApiError::body_too_large(limit)) } else { Ok(body.freeze()) }
}

/// Middleware: refuses a body that no route takes, wherever it is sent.
///
/// # Errors
/// What the routes answer with, or the refusal.
pub async fn refuse_large_bodies(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let declared =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|bytes: usize| bytes > INGEST_LIMIT_BYTES) {
        read(request.take_payload(), INGEST_LIMIT_BYTES).await?;
    }
    next.call(request).await
}
