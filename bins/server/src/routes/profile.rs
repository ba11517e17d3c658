use std::sync::Arc;

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};
use docent::UserId;

use crate::{
    http::{ApiError, ErrorEnvelope, Json, Query, Refusals},
    state::AppState,
    wire::profile::{ProfileChanges, ProfileQuery, ProfileView},
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(
        web::resource("/api/profile")
            .route(web::get().to(get))
            .route(web::put().to(put))
            .route(web::delete().to(delete)),
    );
}

/// What is known of a user's wishes: the defaults for one who was never seen. Nothing is written.
#[utoipa::path(
    get, path = "/api/profile", tag = "profile", params(ProfileQuery),
    responses((status = 200, description = "The profile", body = ProfileView), Refusals)
)]
pub(crate) async fn get(state: Data<AppState>, query: Query<ProfileQuery>) -> Result<HttpResponse, ApiError> {
    let user = UserId::new(&query.0.user_id)?;
    let asked = user.clone();
    let profile = state.run(async move |engine| engine.profile(&user).await).await?;
    Ok(HttpResponse::Ok().json(ProfileView::new(&asked, profile)))
}

/// Changes what a user wishes. A field that is absent stays as it is; null takes it back to its default; a value
/// replaces it, and 0 is a value. The user is made on first use.
#[utoipa::path(
    put, path = "/api/profile", tag = "profile", params(ProfileQuery), request_body = ProfileChanges,
    responses((status = 200, description = "The profile afterwards", body = ProfileView), Refusals)
)]
pub(crate) async fn put(
    state: Data<AppState>,
    query: Query<ProfileQuery>,
    body: Json<ProfileChanges>,
) -> Result<HttpResponse, ApiError> {
    let user = UserId::new(&query.0.user_id)?;
    let changes = body.value.checked()?;
    let asked = user.clone();
    let one_at_a_time = Arc::clone(&state.profile_changes);
    let stored = state
        .run(async move |engine| {
            let _held = one_at_a_time.lock().await;
            let changed = changes.apply(engine.profile(&user).await?)?;
            Ok::<_, ApiError>(engine.put_profile(&user, &changed).await?)
        })
        .await?;
    Ok(HttpResponse::Ok().json(ProfileView::new(&asked, stored.profile)))
}

/// Erases a user and all their data.
#[utoipa::path(
    delete, path = "/api/profile", tag = "profile", params(ProfileQuery),
    responses(
        (status = 204, description = "The user is gone"),
        (status = 404, description = "There is none", body = ErrorEnvelope),
        Refusals
    )
)]
pub(crate) async fn delete(
    state: Data<AppState>,
    query: Query<ProfileQuery>,
) -> Result<HttpResponse, ApiError> {
    let user = UserId::new(&query.0.user_id)?;
    let asked = user.clone();
    if state.run(async move |engine| engine.erase_user(&user).await).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::unknown_user(asked.as_str()))
    }
}
