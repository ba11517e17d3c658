//! Probes, metrics and the contract.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::header::ContentType,
    web::{self, Data, ServiceConfig},
};
use docent::{SchemaStatus, StorageError};
use docent_telemetry::Exporter;
use tokio::time::timeout;

use crate::{
    http::{ApiError, ErrorEnvelope},
    state::AppState,
    wire::readiness::{DatabaseCheck, Liveness, ModelCheck, Readiness, SchemaCheck},
};

/// How long the database has to answer a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/livez").route(web::get().to(livez)))
        .service(web::resource("/readyz").route(web::get().to(readyz)))
        .service(web::resource("/metrics").route(web::get().to(metrics)))
        .service(web::resource("/openapi.json").route(web::get().to(contract)));
}

/// That the process answers. Asks nothing of the database.
#[utoipa::path(
    get, path = "/livez", tag = "operations",
    responses((status = 200, description = "It does", body = Liveness))
)]
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(Liveness { status: "ok" })
}

/// Whether requests can be served: asks the database for an answer and for its schema.
#[utoipa::path(
    get, path = "/readyz", tag = "operations",
    responses(
        (status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Not ready: what is not is in the details", body = ErrorEnvelope)
    )
)]
pub(crate) async fn readyz(state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    let asked = state.run(async move |engine| {
        let store = engine.store();
        let answered = timeout(PROBE_TIMEOUT, async {
            store.ping().await?;
            store.schema_status().await
        });
        Ok::<_, StorageError>(answered.await.ok().and_then(Result::ok))
    });
    let schema = asked.await?;
    let readiness = readiness(&state, schema);
    if readiness.database.ready && readiness.schema.ready {
        return Ok(HttpResponse::Ok().json(readiness));
    }
    let checks = serde_json::to_value(Readiness { status: "not_ready", ..readiness });
    Err(ApiError::not_ready(checks.unwrap_or_default()))
}

fn readiness(state: &AppState, schema: Option<SchemaStatus>) -> Readiness {
    let status = state.engine().status();
    Readiness {
        status: "ready",
        database: DatabaseCheck { ready: schema.is_some(), backend: status.database },
        schema: SchemaCheck::of(schema),
        model: ModelCheck { loaded: status.model_version.is_some(), version: status.model_version },
    }
}

/// Metrics in the text format of Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "Metrics", body = String, content_type = "text/plain"))
)]
pub(crate) async fn metrics(state: Data<AppState>) -> HttpResponse {
    metrics_text(&state.exporter)
}

/// What a scrape is answered with.
pub fn metrics_text(exporter: &Exporter) -> HttpResponse {
    HttpResponse::Ok().content_type(PROMETHEUS_TEXT).body(exporter.render())
}

/// This contract.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operations",
    responses((status = 200, description = "OpenAPI", body = Object))
)]
pub(crate) async fn contract(state: Data<AppState>) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::json()).body(state.contract.clone())
}
