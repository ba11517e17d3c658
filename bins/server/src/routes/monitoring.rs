//! Monitoring reports of a running server.

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};
use docent::{DomainError, Error};

use crate::{
    http::{
        ApiError, Query,
        responses::{AnyRoute, WithInput},
    },
    state::AppState,
    wire::monitoring::{
        Health, ModelHealth, Performance, RecommendationQuality, UserEngagement, WindowQuery,
    },
};

const DEFAULT_DAYS: i64 = 7;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/api/monitoring/health").route(web::get().to(get_health)))
        .service(web::resource("/api/monitoring/performance").route(web::get().to(get_performance)))
        .service(
            web::resource("/api/monitoring/recommendation-quality")
                .route(web::get().to(get_recommendation_quality)),
        )
        .service(web::resource("/api/monitoring/user-engagement").route(web::get().to(get_user_engagement)))
        .service(web::resource("/api/monitoring/model-health").route(web::get().to(get_model_health)));
}

fn window_days(query: &WindowQuery) -> Result<u32, DomainError> {
    docent::monitoring::window_checked(query.time_window_days.unwrap_or(DEFAULT_DAYS))
}

/// Returns the health of every component.
///
/// Always answers 200; probes should use `/readyz`.
#[utoipa::path(
    get, path = "/api/monitoring/health", tag = "Monitoring",
    responses((status = 200, description = "Health of every component.", body = Health), AnyRoute)
)]
pub(crate) async fn get_health(state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    let found = state.run(async move |engine| Ok::<_, Error>(engine.health().await)).await?;
    Ok(HttpResponse::Ok().json(Health::from(found)))
}

/// Returns counts and durations since the start of the server.
///
/// Covers the user cache, the stages of a recommendation, database queries and the impression
/// queue.
#[utoipa::path(
    get, path = "/api/monitoring/performance", tag = "Monitoring",
    responses((status = 200, description = "Counts and durations.", body = Performance), AnyRoute)
)]
pub(crate) async fn get_performance(state: Data<AppState>) -> HttpResponse {
    HttpResponse::Ok().json(Performance::from(state.engine().performance()))
}

/// Returns the outcomes of impressions and the share of the catalogue that was shown.
///
/// Outcomes are grouped by strategy, model version, position and experiment variant.
#[utoipa::path(
    get, path = "/api/monitoring/recommendation-quality", tag = "Monitoring", params(WindowQuery),
    responses(
        (status = 200, description = "Outcomes of impressions.", body = RecommendationQuality),
        WithInput, AnyRoute
    )
)]
pub(crate) async fn get_recommendation_quality(
    state: Data<AppState>,
    query: Query<WindowQuery>,
) -> Result<HttpResponse, ApiError> {
    let days = window_days(&query.0)?;
    let found = state.run(async move |engine| engine.recommendation_quality(days).await).await?;
    Ok(HttpResponse::Ok().json(RecommendationQuality::new(days, found)))
}

/// Returns the number of users, interactions and sessions in a window.
#[utoipa::path(
    get, path = "/api/monitoring/user-engagement", tag = "Monitoring", params(WindowQuery),
    responses(
        (status = 200, description = "Activity of users.", body = UserEngagement),
        WithInput, AnyRoute
    )
)]
pub(crate) async fn get_user_engagement(
    state: Data<AppState>,
    query: Query<WindowQuery>,
) -> Result<HttpResponse, ApiError> {
    let days = window_days(&query.0)?;
    let found = state.run(async move |engine| engine.user_engagement(days).await).await?;
    Ok(HttpResponse::Ok().json(UserEngagement::new(days, found)))
}

/// Returns the age, training data, metrics and drift of the live model.
#[utoipa::path(
    get, path = "/api/monitoring/model-health", tag = "Monitoring",
    responses((status = 200, description = "State of the live model.", body = ModelHealth), AnyRoute)
)]
pub(crate) async fn get_model_health(state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    let found = state.run(async move |engine| engine.model_health().await).await?;
    Ok(HttpResponse::Ok().json(ModelHealth::from(found)))
}
