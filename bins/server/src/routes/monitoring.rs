//! What is to be known of a running server.

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};
use docent::{DomainError, Error};

use crate::{
    http::{ApiError, Query, Refusals},
    state::AppState,
    wire::monitoring::{
        EngagementView, HealthView, ModelHealthView, PerformanceView, QualityView, WindowQuery,
    },
};

const DEFAULT_DAYS: i64 = 7;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/api/monitoring/health").route(web::get().to(health)))
        .service(web::resource("/api/monitoring/performance").route(web::get().to(performance)))
        .service(web::resource("/api/monitoring/recommendation-quality").route(web::get().to(quality)))
        .service(web::resource("/api/monitoring/user-engagement").route(web::get().to(engagement)))
        .service(web::resource("/api/monitoring/model-health").route(web::get().to(model)));
}

fn days(query: &WindowQuery) -> Result<u32, DomainError> {
    docent::window_checked(query.time_window_days.unwrap_or(DEFAULT_DAYS))
}

/// How well the server is: every component is asked, now. It answers 200 whatever it finds; programs that decide by the
/// status alone ask /readyz.
#[utoipa::path(
    get, path = "/api/monitoring/health", tag = "monitoring",
    responses((status = 200, description = "What was found", body = HealthView), Refusals)
)]
pub(crate) async fn health(state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    let found = state.run(async move |engine| Ok::<_, Error>(engine.health().await)).await?;
    Ok(HttpResponse::Ok().json(HealthView::from(found)))
}

/// How fast the server is, since it was started: the cache, the stages of a recommendation, the database.
#[utoipa::path(
    get, path = "/api/monitoring/performance", tag = "monitoring",
    responses((status = 200, description = "Counts and times", body = PerformanceView))
)]
pub(crate) async fn performance(state: Data<AppState>) -> HttpResponse {
    HttpResponse::Ok().json(PerformanceView::from(state.engine().performance()))
}

/// How good what was shown was: what came of it, by strategy, model, place and variant; how much of the catalogue it was.
#[utoipa::path(
    get, path = "/api/monitoring/recommendation-quality", tag = "monitoring", params(WindowQuery),
    responses((status = 200, description = "What was shown and what came of it", body = QualityView), Refusals)
)]
pub(crate) async fn quality(
    state: Data<AppState>,
    query: Query<WindowQuery>,
) -> Result<HttpResponse, ApiError> {
    let days = days(&query.0)?;
    let found = state.run(async move |engine| engine.recommendation_quality(days).await).await?;
    Ok(HttpResponse::Ok().json(QualityView::new(days, found)))
}

/// What people did.
#[utoipa::path(
    get, path = "/api/monitoring/user-engagement", tag = "monitoring", params(WindowQuery),
    responses((status = 200, description = "People and what they did", body = EngagementView), Refusals)
)]
pub(crate) async fn engagement(
    state: Data<AppState>,
    query: Query<WindowQuery>,
) -> Result<HttpResponse, ApiError> {
    let days = days(&query.0)?;
    let found = state.run(async move |engine| engine.user_engagement(days).await).await?;
    Ok(HttpResponse::Ok().json(EngagementView::new(days, found)))
}

/// How the live model stands: its age, what it was trained on, what it was worth then, and what has come since.
#[utoipa::path(
    get, path = "/api/monitoring/model-health", tag = "monitoring",
    responses((status = 200, description = "The model, if one is live", body = ModelHealthView), Refusals)
)]
pub(crate) async fn model(state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    let found = state.run(async move |engine| engine.model_health().await).await?;
    Ok(HttpResponse::Ok().json(ModelHealthView::from(found)))
}
