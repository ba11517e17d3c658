use actix_web::{
    HttpResponse,
    http::header,
    web::{self, Data, ServiceConfig},
};
use docent::{UserId, storage::user_reference};

use crate::{
    access::Subject,
    http::{
        ApiError, Json, Query,
        responses::{AnyRoute, UserNotFound, WithBody, WithInput, WithWrite},
    },
    state::AppState,
    wire::export::UserExport,
    wire::profile::{MergeInput, MergeResult, Profile, ProfileQuery, ProfileUpdate},
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/api/profile/export").route(web::get().to(export_user)))
        .service(web::resource("/api/users/merge").route(web::post().to(merge_users)))
        .service(
            web::resource("/api/profile")
                .route(web::get().to(get_profile))
                .route(web::put().to(update_profile))
                .route(web::delete().to(erase_user)),
        );
}

/// Returns the preferences of a user.
///
/// An unknown user has the default preferences. The request creates nothing.
#[utoipa::path(
    get, path = "/api/profile", tag = "User preferences", params(ProfileQuery),
    responses(
        (
            status = 200, description = "The profile.", body = Profile,
            example = json!({
                "user_id": "ada",
                "diversity_preference": 0.5,
                "novelty_preference": 0.3,
                "recency_bias": 0.5,
                "research_domains": ["astronomy"],
                "active_domain": null,
                "preferred_authors": ["Vera Rubin"],
                "preferred_sources": [],
                "excluded_sources": [],
                "total_interactions": 12,
                "last_active_at": "2026-01-31T09:30:00Z"
            })
        ),
        WithInput, AnyRoute
    )
)]
pub(crate) async fn get_profile(
    state: Data<AppState>,
    query: Query<ProfileQuery>,
) -> Result<HttpResponse, ApiError> {
    let user = UserId::new(&query.0.user_id)?;
    let requested = user.clone();
    let profile = state.run(async move |engine| engine.profile(&user).await).await?;
    Ok(HttpResponse::Ok().json(Profile::new(&requested, profile)))
}

/// Changes the preferences of a user.
///
/// An absent field is left unchanged, null resets it to its default, and a value, including 0,
/// replaces it. The user is created on first use.
#[utoipa::path(
    put, path = "/api/profile", tag = "User preferences", params(ProfileQuery),
    request_body(content = ProfileUpdate, description = "Fields to change."),
    responses(
        (
            status = 200, description = "The updated profile.", body = Profile,
            example = json!({
                "user_id": "ada",
                "diversity_preference": 0.7,
                "novelty_preference": 0.3,
                "recency_bias": 0.5,
                "research_domains": ["astronomy"],
                "active_domain": null,
                "preferred_authors": [],
                "preferred_sources": [],
                "excluded_sources": [],
                "total_interactions": 0,
                "last_active_at": null
            })
        ),
        WithInput, WithWrite, WithBody, AnyRoute
    )
)]
pub(crate) async fn update_profile(
    state: Data<AppState>,
    query: Query<ProfileQuery>,
    body: Json<ProfileUpdate>,
) -> Result<HttpResponse, ApiError> {
    let user = UserId::new(&query.0.user_id)?;
    let change = body.value.into_change()?;
    let requested = user.clone();
    let stored = state.run(async move |engine| engine.update_profile(&user, &change).await).await?;
    Ok(HttpResponse::Ok().json(Profile::new(&requested, stored.profile)))
}

/// Makes the data of a user those of another, and deletes the first: a visitor who signs in.
///
/// Interactions are merged as if the second user had reported both; impressions and feedback move;
/// preferences move to a user who has none. A repeated request changes nothing.
#[utoipa::path(
    post, path = "/api/users/merge", tag = "User preferences",
    request_body(content = MergeInput, description = "Users to merge."),
    responses(
        (
            status = 200, description = "Merged.", body = MergeResult,
            example = json!({ "merged_interactions": 3 })
        ),
        (status = 404, response = UserNotFound),
        WithInput, WithWrite, WithBody, AnyRoute
    )
)]
pub(crate) async fn merge_users(
    state: Data<AppState>,
    body: Json<MergeInput>,
) -> Result<HttpResponse, ApiError> {
    let from = UserId::new(&body.value.from_user_id)?;
    let into = UserId::new(&body.value.into_user_id)?;
    let subject = Subject(format!("{} into {}", user_reference(&from), user_reference(&into)));
    let merged = state.run(async move |engine| engine.merge_users(&from, &into).await).await?;
    let mut response = HttpResponse::Ok().json(MergeResult { merged_interactions: merged });
    response.extensions_mut().insert(subject);
    Ok(response)
}

/// Exports all data about a user, for a request for information.
///
/// The export has the profile, every interaction, every resource that was shown, feedback, sessions
/// and experiments. Sums over many users and models have no data of a single one.
#[utoipa::path(
    get, path = "/api/profile/export", tag = "User preferences", params(ProfileQuery),
    responses(
        (status = 200, description = "The data.", body = UserExport),
        (status = 404, response = UserNotFound),
        WithInput, AnyRoute
    )
)]
pub(crate) async fn export_user(
    state: Data<AppState>,
    query: Query<ProfileQuery>,
) -> Result<HttpResponse, ApiError> {
    let user = UserId::new(&query.0.user_id)?;
    let requested = user.clone();
    let data = state.run(async move |engine| engine.export_user(&user).await).await?;
    if data == docent::storage::UserExport::default() {
        return Err(ApiError::unknown_user(requested.as_str()));
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(response.json(UserExport::new(&requested, data)))
}

/// Erases a user and all data about them: profile, interactions and feedback.
#[utoipa::path(
    delete, path = "/api/profile", tag = "User preferences", params(ProfileQuery),
    responses(
        (status = 204, description = "Erased."),
        (status = 404, response = UserNotFound),
        WithInput, WithWrite, AnyRoute
    )
)]
pub(crate) async fn erase_user(
    state: Data<AppState>,
    query: Query<ProfileQuery>,
) -> Result<HttpResponse, ApiError> {
    let user = UserId::new(&query.0.user_id)?;
    let requested = user.clone();
    if state.run(async move |engine| engine.erase_user(&user).await).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::unknown_user(requested.as_str()))
    }
}
