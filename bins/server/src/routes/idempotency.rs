//! Requests that their caller may retry.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::ContentType,
    web::{Bytes, Data},
};
use chrono::Utc;
use docent::{Error, IdempotencyKey};
use serde::Serialize;

use crate::{
    access::Caller,
    http::{ApiError, IDEMPOTENCY_KEY},
    state::AppState,
};

/// Name of the header as errors and the documentation write it.
const KEY_HEADER: &str = "Idempotency-Key";
/// Header of an answer that was given before.
pub const REPLAYED_HEADER: &str = "Idempotency-Replayed";
const MAX_KEY_BYTES: usize = 255;

/// Reads the idempotency key of a request to the route `scope` and binds it to its caller and to
/// the hash of the body.
///
/// # Errors
/// Returns the 400 error for a key that is empty, too long, or not visible ASCII.
pub fn idempotency_key(
    scope: &'static str,
    caller: &Caller,
    request: &HttpRequest,
    body: &Bytes,
) -> Result<Option<IdempotencyKey>, ApiError> {
    let Some(value) = request.headers().get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| {
        !key.is_empty() && key.len() <= MAX_KEY_BYTES && key.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let key = key.ok_or_else(|| ApiError::invalid_header(KEY_HEADER, "1 to 255 visible ASCII characters"))?;
    let request_hash = blake3::hash(body).to_hex().to_string();
    Ok(Some(IdempotencyKey { scope: caller.idempotency_scope(scope), key: key.into(), request_hash }))
}

/// Answers a request whose repetition changes nothing: a request with a key that was answered
/// before gets the same answer again.
///
/// The answer is kept after the work. A crash in between loses the answer, not the work.
///
/// # Errors
/// Returns the error of the work, and the 422 error for a key of another request.
pub async fn answer_once<T: Serialize>(
    state: &Data<AppState>,
    key: Option<IdempotencyKey>,
    work: impl Future<Output = Result<T, ApiError>>,
) -> Result<HttpResponse, ApiError> {
    let Some(key) = key else { return Ok(HttpResponse::Ok().json(work.await?)) };
    let asked = key.clone();
    let known = state.run(async move |engine| engine.store().answer_to(&asked).await.map_err(Error::from));
    if let Some(body) = known.await? {
        let mut response = HttpResponse::Ok();
        response.insert_header((REPLAYED_HEADER, "true"));
        return Ok(response.content_type(ContentType::json()).body(body));
    }
    let body = serde_json::to_string(&work.await?).map_err(|error| ApiError::internal(error.to_string()))?;
    let answer = body.clone();
    state
        .run(async move |engine| {
            engine.store().keep_answer(&key, &answer, Utc::now()).await.map_err(Error::from)
        })
        .await?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(body))
}
