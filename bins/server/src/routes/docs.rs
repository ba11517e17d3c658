//! API documentation as web pages, served from files embedded in the binary.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web::{self, Data, Path, ServiceConfig},
};

use crate::{http::ApiError, state::AppState};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/").route(web::get().to(redirect_to_docs)))
        .service(web::resource("/docs").route(web::get().to(redirect_to_docs)))
        .service(web::resource("/docs/{file:.*}").route(web::get().to(page)));
}

async fn redirect_to_docs() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

async fn page(state: Data<AppState>, file: Path<String>) -> Result<HttpResponse, ApiError> {
    match utoipa_swagger_ui::serve(&file, Arc::clone(&state.docs)) {
        Ok(Some(found)) => {
            let mut response = HttpResponse::Ok();
            if found.gzpipped {
                response.insert_header((header::CONTENT_ENCODING, header::ContentEncoding::Gzip));
            }
            Ok(response.content_type(found.content_type).body(found.bytes.into_owned()))
        }
        Ok(None) => Err(ApiError::of_status(StatusCode::NOT_FOUND)),
        Err(error) => Err(ApiError::internal(error.to_string())),
    }
}
