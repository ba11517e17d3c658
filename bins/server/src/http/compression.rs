//! Which answers are compressed.

use actix_web::{
    Error,
    body::{BodySize, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderValue},
    middleware::Next,
};

/// Bodies below this size, in bytes, are sent as they are: compressing 16 KiB takes a quarter of a
/// millisecond of a core, and spares at most the sending of 12 KiB.
pub const MIN_COMPRESSED_BYTES: u64 = 16 * 1024;

const AS_IT_IS: HeaderValue = HeaderValue::from_static("identity");

/// Marks small answers, which [`Compress`](actix_web::middleware::Compress) around this one then
/// leaves as they are.
///
/// # Errors
/// Returns the error of the wrapped service.
pub async fn mark_small_answers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    if let BodySize::Sized(bytes) = response.response().body().size()
        && bytes < MIN_COMPRESSED_BYTES
    {
        response.headers_mut().insert(header::CONTENT_ENCODING, AS_IT_IS);
    }
    Ok(response)
}

/// Removes the mark of [`mark_small_answers`].
///
/// # Errors
/// Returns the error of the wrapped service.
pub async fn unmark_small_answers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    if response.headers().get(header::CONTENT_ENCODING) == Some(&AS_IT_IS) {
        response.headers_mut().remove(header::CONTENT_ENCODING);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App, HttpResponse,
        middleware::{Compress, from_fn},
        test::{TestRequest, call_service, init_service, read_body},
        web,
    };

    use super::*;

    #[actix_web::test]
    async fn large_answers_are_compressed_and_small_ones_are_not() {
        let of_size = |size: web::Path<usize>| async move { HttpResponse::Ok().body("a".repeat(*size)) };
        let app = init_service(
            App::new()
                .route("/{size}", web::get().to(of_size))
                .wrap(from_fn(mark_small_answers))
                .wrap(Compress::default())
                .wrap(from_fn(unmark_small_answers)),
        )
        .await;
        for (size, encoding) in [(10, None), (16_383, None), (16_384, Some("gzip"))] {
            let request = TestRequest::get().uri(&format!("/{size}"));
            let request = request.insert_header((header::ACCEPT_ENCODING, "gzip")).to_request();
            let response = call_service(&app, request).await;
            let found = response.headers().get(header::CONTENT_ENCODING).cloned();
            assert_eq!(found.as_ref().and_then(|value| value.to_str().ok()), encoding, "{size} bytes");
            let body = read_body(response).await;
            assert_eq!(body.len() == size, encoding.is_none());
        }
    }
}
