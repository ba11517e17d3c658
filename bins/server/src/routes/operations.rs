//! Probes, metrics and the OpenAPI document.

use actix_web::{
    HttpResponse,
    http::header::ContentType,
    web::{self, Data, ServiceConfig},
};
use docent_telemetry::Exporter;

use crate::{
    health::Health,
    http::{
        ApiError,
        responses::{AnyRoute, NotReady},
    },
    state::AppState,
    wire::readiness::{Liveness, LivenessStatus, Readiness, ReadinessStatus},
};

const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Registers the probes, which touch neither the engine nor the database.
pub fn configure_probes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/livez").route(web::get().to(livez)))
        .service(web::resource("/readyz").route(web::get().to(readyz)));
}

/// Registers `/metrics`.
pub fn configure_metrics(config: &mut ServiceConfig) {
    config.service(web::resource("/metrics").route(web::get().to(metrics)));
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(web::resource("/openapi.json").route(web::get().to(openapi)));
}

/// Reports that the process responds, without accessing the database.
#[utoipa::path(
    get, path = "/livez", tag = "Operations", operation_id = "check_liveness",
    responses(
        (
            status = 200, description = "The process responds.", body = Liveness,
            example = json!({ "status": "ok" })
        ),
        AnyRoute
    )
)]
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(Liveness { status: LivenessStatus::Ok })
}

/// Reports whether the server can serve requests.
///
/// The server is ready if it has loaded and is not stopping, if the database answers, accepts
/// writes and has the expected schema, and unless a model was published that cannot be loaded. The
/// checks are made twice a second, with or without probes.
#[utoipa::path(
    get, path = "/readyz", tag = "Operations", operation_id = "check_readiness",
    responses(
        AnyRoute,
        (
            status = 200, description = "Ready.", body = Readiness,
            example = json!({
                "status": "ready",
                "phase": "serving",
                "database": { "ready": true, "backend": "sqlite" },
                "schema": { "ready": true, "pending": [], "unknown": [] },
                "model": { "loaded": false, "version": null, "state": "none" }
            })
        ),
        (status = 503, response = NotReady)
    )
)]
pub async fn readyz(health: Data<Health>) -> Result<HttpResponse, ApiError> {
    let readiness = health.readiness();
    if readiness.status == ReadinessStatus::Ready {
        return Ok(HttpResponse::Ok().json(readiness));
    }
    Err(ApiError::not_ready(serde_json::to_value(readiness).unwrap_or_default()))
}

/// Returns metrics in the Prometheus text format.
#[utoipa::path(
    get, path = "/metrics", tag = "Operations", operation_id = "get_metrics",
    responses(
        (
            status = 200, description = "Metrics.", body = String, content_type = "text/plain"
        ),
        AnyRoute
    )
)]
pub async fn metrics(exporter: Data<Exporter>) -> HttpResponse {
    HttpResponse::Ok().content_type(PROMETHEUS_TEXT).body(exporter.render())
}

/// Returns this OpenAPI document.
#[utoipa::path(
    get, path = "/openapi.json", tag = "Operations", operation_id = "get_openapi",
    responses((status = 200, description = "OpenAPI document.", body = Object), AnyRoute)
)]
pub(crate) async fn openapi(state: Data<AppState>) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::json()).body(state.openapi.clone())
}
