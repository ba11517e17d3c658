use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Data, ServiceConfig},
};
use chrono::Utc;
use docent::{Answer, RecommendRequest};

use super::idempotency::{answer_once, idempotency_key};
use crate::{
    access::Caller,
    http::{
        ApiError, Json, Query,
        responses::{AnyRoute, ResourceNotFound, WithBody, WithInput, WithWrite},
    },
    state::AppState,
    wire::{
        feedback::{FeedbackInput, RecordedFeedback},
        interaction::IdempotencyHeader,
        recommendation::{RankInput, RecommendInput, RecommendQuery, RecommendationList},
    },
};

const FEEDBACK_SCOPE: &str = "POST /api/recommendations/feedback";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/api/recommendations")
                .route(web::get().to(recommend))
                .route(web::post().to(recommend_from_history)),
        )
        .service(web::resource("/api/recommendations/rank").route(web::post().to(rank_resources)))
        .service(web::resource("/api/recommendations/feedback").route(web::post().to(record_feedback)));
}

/// Recommends resources to a user.
///
/// The request changes nothing about the user. An unknown user gets recommendations too.
#[utoipa::path(
    get, path = "/api/recommendations", tag = "Recommendations", params(RecommendQuery),
    responses(
        (
            status = 200, description = "Recommended resources, best first.", body = RecommendationList,
            example = json!({
                "recommendations": [{
                    "resource_id": "isbn:0140449132",
                    "title": "Crime and Punishment",
                    "score": 0.75,
                    "strategy": "hybrid",
                    "scores": {
                        "collaborative": 0.8, "content": 0.6, "graph": null, "quality": 0.9, "recency": 0.5
                    },
                    "contributions": {
                        "collaborative": 0.35, "content": 0.225, "graph": 0.0, "quality": 0.1125,
                        "recency": 0.03125, "boost": 0.0, "novelty": 0.03125
                    },
                    "rank": 1,
                    "novelty_score": 0.2,
                    "view_count": 38,
                    "reasons": [
                        { "kind": "liked_by_similar_users" },
                        { "kind": "similar_to", "resource_id": "isbn:0140449245", "weight": 0.79 }
                    ]
                }],
                "metadata": {
                    "total": 1,
                    "strategy": "hybrid",
                    "is_cold_start": false,
                    "interaction_count": 12,
                    "diversity_applied": true,
                    "novelty_applied": true,
                    "gini_coefficient": 0.0,
                    "diversity_preference": 0.5,
                    "novelty_preference": 0.3,
                    "model_version": "01K9Z6Q4T3V8S0E5RBN7XJ2WMA",
                    "experiment": null,
                    "degraded": ["no_graph_seeds"],
                    "shortfall": [{ "reason": "seen", "resources": 12 }],
                    "unknown_resources": [],
                    "recommendation_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMB",
                    "next_cursor": null,
                    "created_at": "2026-01-31T09:30:00Z"
                }
            })
        ),
        WithInput, AnyRoute
    )
)]
pub(crate) async fn recommend(
    state: Data<AppState>,
    query: Query<RecommendQuery>,
) -> Result<HttpResponse, ApiError> {
    let request = RecommendRequest::try_from(query.0)?;
    let answer = state.recommend(request).await?;
    Ok(HttpResponse::Ok().json(listed(&state, answer)))
}

/// Recommends resources to a user, to a history that the request brings, or to both.
///
/// Serves visitors without an id, baskets, and what comes after a resource. The request changes
/// nothing. Options are those of `GET /api/recommendations`; ids may contain commas here.
#[utoipa::path(
    post, path = "/api/recommendations", tag = "Recommendations",
    request_body(content = RecommendInput, description = "User, history and options."),
    responses(
        (status = 200, description = "Recommended resources, best first.", body = RecommendationList),
        WithInput, WithBody, AnyRoute
    )
)]
pub(crate) async fn recommend_from_history(
    state: Data<AppState>,
    caller: Caller,
    body: Json<RecommendInput>,
) -> Result<HttpResponse, ApiError> {
    let request = RecommendRequest::try_from(body.value)?;
    check_user(&caller, &request)?;
    let answer = state.ask(async move |engine| engine.recommend(request).await).await?;
    Ok(HttpResponse::Ok().json(listed(&state, answer)))
}

/// Ranks given resources for a user: search results, a shelf, a mail.
///
/// The answer has all of them, also those the user has seen or dismissed, except unknown and hidden
/// ones, which `metadata.unknown_resources` lists. No impressions are recorded.
#[utoipa::path(
    post, path = "/api/recommendations/rank", tag = "Recommendations",
    request_body(content = RankInput, description = "Resources, user and options."),
    responses(
        (status = 200, description = "The resources, best first.", body = RecommendationList),
        WithInput, WithBody, AnyRoute
    )
)]
pub(crate) async fn rank_resources(
    state: Data<AppState>,
    caller: Caller,
    body: Json<RankInput>,
) -> Result<HttpResponse, ApiError> {
    let (mut request, resources) = body.value.into_request()?;
    check_user(&caller, &request)?;
    if caller.user().is_some() {
        request.include_unpublished = Some(state.engine().config().include_unpublished);
    }
    let answer = state.ask(async move |engine| engine.rank(request, &resources).await).await?;
    Ok(HttpResponse::Ok().json(listed(&state, answer)))
}

/// Converts an answer, and says so if it was made without the database.
fn listed(state: &AppState, answer: Answer) -> RecommendationList {
    let list = RecommendationList::from(answer);
    if state.is_database_away() { list.made_from_memory() } else { list }
}

/// Records the feedback of a user on a recommended resource.
///
/// Newer feedback replaces older. A repeated request with the same `Idempotency-Key` gets the
/// original response with `Idempotency-Replayed: true`.
#[utoipa::path(
    post, path = "/api/recommendations/feedback", tag = "Recommendation feedback",
    request_body(content = FeedbackInput, description = "Feedback on a recommended resource."),
    params(IdempotencyHeader),
    responses(
        (
            status = 200, description = "The feedback is stored.", body = RecordedFeedback,
            example = json!({
                "recommendation_id": "01K9Z6Q4T3V8S0E5RBN7XJ2WMB",
                "resource_id": "isbn:0140449132",
                "recorded_at": "2026-01-31T09:30:00Z"
            })
        ),
        (status = 404, response = ResourceNotFound),
        WithInput, WithWrite, WithBody, AnyRoute
    )
)]
pub(crate) async fn record_feedback(
    state: Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    body: Json<FeedbackInput>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(FEEDBACK_SCOPE, &caller, &request, &body.bytes)?;
    let mut feedback = body.value.into_feedback(Utc::now())?;
    if let Some(user) = &feedback.user_id {
        caller.check_user(user)?;
    }
    // Feedback without a user belongs to the user of the list, who may be another one.
    feedback.user_id = feedback.user_id.or_else(|| caller.user().cloned());
    let stored = feedback.clone();
    let recording = async {
        state.run(async move |engine| engine.feedback(&feedback).await).await?;
        Ok(RecordedFeedback::from(stored))
    };
    answer_once(&state, key, recording).await
}

/// Checks that the caller may ask for the user of a request, and for unpublished resources. A
/// request without a user brings its own history.
fn check_user(caller: &Caller, request: &RecommendRequest) -> Result<(), ApiError> {
    if request.include_unpublished == Some(true) && caller.user().is_some() {
        return Err(ApiError::needs_key("include_unpublished"));
    }
    request.user_id.as_ref().map_or(Ok(()), |user| caller.check_user(user))
}
