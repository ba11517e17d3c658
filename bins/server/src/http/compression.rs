//! Compression of large answers, whole: an answer that is compressed piece by piece leaves in
//! several writes.

use std::io::Write;

use actix_web::{
    Error,
    body::{BodySize, BoxBody, MessageBody, to_bytes},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, AcceptEncoding, Encoding, Header, HeaderValue},
    middleware::Next,
    web::{Bytes, block},
};
use flate2::{Compression, write::GzEncoder};

use super::ApiError;

/// Bodies below this size, in bytes, are sent as they are: compressing 16 KiB takes a quarter of a
/// millisecond of a core, and spares at most the sending of 12 KiB.
const MIN_COMPRESSED_BYTES: u64 = 16 * 1024;
/// Bodies of this size, in bytes, are compressed on another thread, so that they delay no others.
const MIN_BLOCKING_BYTES: usize = 256 * 1024;

/// Compresses large answers with gzip if the request accepts it.
///
/// # Errors
/// Returns the error of the wrapped service, and an internal error if compression fails.
pub async fn compress_large_answers<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let accepts = accepts_gzip(&request);
    let mut response = next.call(request).await?.map_into_boxed_body();
    let is_large = matches!(
        response.response().body().size(),
        BodySize::Sized(bytes) if bytes >= MIN_COMPRESSED_BYTES
    );
    if !is_large || response.headers().contains_key(header::CONTENT_ENCODING) {
        return Ok(response);
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if !accepts {
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (mut response, body) = response.into_parts();
    let body = to_bytes(body).await.map_err(|error| ApiError::internal(error.to_string()))?;
    let compressed = if body.len() < MIN_BLOCKING_BYTES {
        compress(&body)
    } else {
        block(move || compress(&body)).await.map_err(|error| ApiError::internal(error.to_string()))?
    };
    let compressed = compressed.map_err(|error| ApiError::internal(error.to_string()))?;
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(compressed))))
}

fn accepts_gzip(request: &ServiceRequest) -> bool {
    if !request.headers().contains_key(header::ACCEPT_ENCODING) {
        return false;
    }
    let supported = [Encoding::gzip(), Encoding::identity()];
    let accepted = AcceptEncoding::parse(request).ok();
    accepted.and_then(|accepted| accepted.negotiate(supported.iter())) == Some(Encoding::gzip())
}

fn compress(body: &Bytes) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    Ok(encoder.finish()?.into())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use actix_web::{
        App, HttpResponse,
        middleware::from_fn,
        test::{TestRequest, call_service, init_service, read_body},
        web,
    };

    use super::*;

    #[actix_web::test]
    async fn large_answers_are_compressed_if_the_request_accepts_it_and_small_ones_are_not() {
        let of_size = |size: web::Path<usize>| async move { HttpResponse::Ok().body("a".repeat(*size)) };
        let app = init_service(
            App::new().route("/{size}", web::get().to(of_size)).wrap(from_fn(compress_large_answers)),
        )
        .await;
        for (size, accepted, is_compressed) in [
            (10, "gzip", false),
            (16_383, "gzip", false),
            (16_384, "gzip", true),
            (300_000, "br, gzip;q=0.5", true),
            (16_384, "identity", false),
            (16_384, "gzip;q=0", false),
            (16_384, "br", false),
        ] {
            let request = TestRequest::get().uri(&format!("/{size}"));
            let request = request.insert_header((header::ACCEPT_ENCODING, accepted)).to_request();
            let response = call_service(&app, request).await;
            assert_eq!(response.headers().contains_key(header::CONTENT_ENCODING), is_compressed, "{size}");
            assert_eq!(response.headers().contains_key(header::VARY), size >= 16_384, "{size}");
            let body = read_body(response).await;
            let mut text = String::new();
            let read = match is_compressed {
                true => flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text),
                false => (&body[..]).read_to_string(&mut text),
            };
            assert_eq!((read.ok(), text.as_str()), (Some(size), &*"a".repeat(size)));
        }
    }
}
