use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};
use chrono::Utc;
use docent::RecommendRequest;

use crate::{
    http::{ApiError, ErrorEnvelope, Json, Query, Refusals},
    state::AppState,
    wire::{
        feedback::{FeedbackAnswer, FeedbackInput},
        recommendation::{RecommendAnswer, RecommendQuery},
    },
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/api/recommendations").route(web::get().to(recommend)))
        .service(web::resource("/api/recommendations/feedback").route(web::post().to(feedback)));
}

/// Recommends. Nothing about the user is changed by asking.
#[utoipa::path(
    get, path = "/api/recommendations", tag = "recommendations", params(RecommendQuery),
    responses((status = 200, description = "Best first", body = RecommendAnswer), Refusals)
)]
pub(crate) async fn recommend(
    state: Data<AppState>,
    query: Query<RecommendQuery>,
) -> Result<HttpResponse, ApiError> {
    let request = RecommendRequest::try_from(query.0)?;
    let answer = state.run(async move |engine| engine.recommend(request).await).await?;
    Ok(HttpResponse::Ok().json(RecommendAnswer::from(answer)))
}

/// Takes in what came of a recommendation. Newer feedback on the same one replaces older.
#[utoipa::path(
    post, path = "/api/recommendations/feedback", tag = "recommendations", request_body = FeedbackInput,
    responses(
        (status = 200, description = "It is stored", body = FeedbackAnswer),
        (status = 404, description = "There is no such resource", body = ErrorEnvelope),
        Refusals
    )
)]
pub(crate) async fn feedback(
    state: Data<AppState>,
    body: Json<FeedbackInput>,
) -> Result<HttpResponse, ApiError> {
    let feedback = body.value.checked(Utc::now())?;
    let stored = feedback.clone();
    state.run(async move |engine| engine.feedback(&feedback).await).await?;
    Ok(HttpResponse::Ok().json(FeedbackAnswer::from(stored)))
}
