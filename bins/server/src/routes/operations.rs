//! Probes, metrics and the OpenAPI document.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::header::ContentType,
    web::{self, Data, ServiceConfig},
};
use docent::{Error, storage::SchemaStatus};
use docent_telemetry::Exporter;
use tokio::time::timeout;

use crate::{
    http::{
        ApiError,
        responses::{AnyRoute, NotReady},
    },
    state::AppState,
    wire::readiness::{DatabaseCheck, Liveness, LivenessStatus, ModelCheck, Readiness, ReadinessStatus},
};

/// Maximum time the database may take to answer a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/livez").route(web::get().to(livez)))
        .service(web::resource("/readyz").route(web::get().to(readyz)))
        .service(web::resource("/metrics").route(web::get().to(metrics)))
        .service(web::resource("/openapi.json").route(web::get().to(openapi)));
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
/// The server is ready if the database answers, accepts writes and has the expected schema.
#[utoipa::path(
    get, path = "/readyz", tag = "Operations", operation_id = "check_readiness",
    responses(
        AnyRoute,
        (
            status = 200, description = "Ready.", body = Readiness,
            example = json!({
                "status": "ready",
                "database": { "ready": true, "backend": "sqlite" },
                "schema": { "ready": true, "pending": [], "unknown": [] },
                "model": { "loaded": false, "version": null }
            })
        ),
        (status = 503, response = NotReady)
    )
)]
pub(crate) async fn readyz(state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    let probe = state.run(async move |engine| {
        let store = engine.store();
        let schema = timeout(PROBE_TIMEOUT, async {
            store.ping().await?;
            store.schema_status().await
        });
        let (schema, writable) = tokio::join!(schema, timeout(PROBE_TIMEOUT, store.writable()));
        Ok::<_, Error>((schema.ok().and_then(Result::ok), matches!(writable, Ok(Ok(())))))
    });
    let (schema, is_writable) = probe.await?;
    let readiness = readiness(&state, schema, is_writable);
    if readiness.database.ready && readiness.schema.ready {
        return Ok(HttpResponse::Ok().json(readiness));
    }
    let checks = Readiness { status: ReadinessStatus::NotReady, ..readiness };
    Err(ApiError::not_ready(serde_json::to_value(checks).unwrap_or_default()))
}

fn readiness(state: &AppState, schema: Option<SchemaStatus>, is_writable: bool) -> Readiness {
    let status = state.engine().status();
    Readiness {
        status: ReadinessStatus::Ready,
        database: DatabaseCheck { ready: schema.is_some() && is_writable, backend: status.database },
        schema: schema.into(),
        model: ModelCheck { loaded: status.model_version.is_some(), version: status.model_version },
    }
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
pub(crate) async fn metrics(state: Data<AppState>) -> HttpResponse {
    metrics_text(&state.exporter)
}

/// Renders the response to a Prometheus scrape.
pub fn metrics_text(exporter: &Exporter) -> HttpResponse {
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
