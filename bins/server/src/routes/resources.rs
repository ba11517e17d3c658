use actix_web::{
    HttpResponse, guard,
    web::{self, Data, ServiceConfig},
};
use docent::{DomainError, Resource};

use crate::{
    http::{ApiError, BodyLimit, ErrorEnvelope, INGEST_LIMIT_BYTES, Json, PathId, Query, Refusals},
    state::AppState,
    wire::{
        recommendation::limit,
        resource::{
            IngestAnswer, IngestRequest, ResourcePageView, ResourceView, SearchQuery, SimilarAnswer,
            SimilarQuery,
        },
    },
};

const MAX_BATCH: usize = 1_000;
const MAX_QUERY_BYTES: usize = 1_000;

pub(super) fn configure(config: &mut ServiceConfig) {
    let ingest_limit = BodyLimit(INGEST_LIMIT_BYTES);
    config
        .service(web::resource("/api/resources").route(web::get().to(search)))
        .service(
            // Guarded as a whole, because a resource may be called "ingest" too.
            web::resource("/api/resources/ingest").guard(guard::Post()).app_data(ingest_limit).to(ingest),
        )
        .service(
            web::resource("/api/resources/{id:[^/]*}")
                .route(web::get().to(get))
                .route(web::delete().to(delete)),
        )
        .service(web::resource("/api/resources/{id:[^/]*}/similar").route(web::get().to(similar)));
}

/// Checks the length of a batch.
pub(super) fn batch_checked(field: &str, length: usize) -> Result<(), DomainError> {
    if (1..=MAX_BATCH).contains(&length) {
        return Ok(());
    }
    Err(DomainError::OutOfRange {
        field: field.into(),
        expected: "1 to 1000 items",
        got: format!("{length} items"),
    })
}

/// Adds or replaces resources, all or none. They can be recommended as soon as this answers.
#[utoipa::path(
    post, path = "/api/resources/ingest", tag = "resources", request_body = IngestRequest,
    responses((status = 200, description = "All are stored", body = IngestAnswer), Refusals)
)]
pub(crate) async fn ingest(
    state: Data<AppState>,
    body: Json<IngestRequest>,
) -> Result<HttpResponse, ApiError> {
    let inputs = body.value.resources;
    batch_checked("resources", inputs.len())?;
    let mut resources = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.into_iter().enumerate() {
        resources.push(Resource::try_from(input.0).map_err(|error| ApiError::invalid_item(index, &error))?);
    }
    let outcomes = state.run(|engine| async move { engine.ingest(resources).await }).await?;
    Ok(HttpResponse::Ok().json(IngestAnswer::from(outcomes)))
}

/// Searches by title and author, a page at a time, without texts.
#[utoipa::path(
    get, path = "/api/resources", tag = "resources", params(SearchQuery),
    responses((status = 200, description = "A page", body = ResourcePageView), Refusals)
)]
pub(crate) async fn search(
    state: Data<AppState>,
    query: Query<SearchQuery>,
) -> Result<HttpResponse, ApiError> {
    let SearchQuery { query, cursor, limit: given } = query.0;
    let limit = limit(given)? as u64;
    let text = query.unwrap_or_default();
    if text.len() > MAX_QUERY_BYTES {
        return Err(DomainError::TooLong { field: "query", limit: MAX_QUERY_BYTES, got: text.len() }.into());
    }
    if text.contains('\0') {
        let expected = "text without the character U+0000";
        return Err(DomainError::OutOfRange {
            field: "query".into(),
            expected,
            got: "one that holds it".into(),
        }
        .into());
    }
    let page = state.run(async move |engine| engine.search(&text, cursor, limit).await).await?;
    Ok(HttpResponse::Ok().json(ResourcePageView::from(page)))
}

/// A resource with its text and links. Percent-encode the id: it may hold any character, slashes too.
#[utoipa::path(
    get, path = "/api/resources/{id}", tag = "resources", params(("id" = String, Path, description = "Your own id")),
    responses(
        (status = 200, description = "It", body = ResourceView),
        (status = 404, description = "There is none", body = ErrorEnvelope),
        Refusals
    )
)]
pub(crate) async fn get(state: Data<AppState>, PathId(id): PathId) -> Result<HttpResponse, ApiError> {
    let found = state.run(async move |engine| engine.resource(&id).await).await?;
    Ok(HttpResponse::Ok().json(ResourceView::from(found)))
}

/// Removes a resource and what it says. What people did with it is kept.
#[utoipa::path(
    delete, path = "/api/resources/{id}", tag = "resources",
    params(("id" = String, Path, description = "Your own id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is none", body = ErrorEnvelope),
        Refusals
    )
)]
pub(crate) async fn delete(state: Data<AppState>, PathId(id): PathId) -> Result<HttpResponse, ApiError> {
    let asked = id.clone();
    if state.run(async move |engine| engine.delete_resource(&id).await).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::unknown_resource(asked.as_str()))
    }
}

/// The resources nearest to one: by what they say, by who chooses them and by links.
#[utoipa::path(
    get, path = "/api/resources/{id}/similar", tag = "resources",
    params(("id" = String, Path, description = "Your own id"), SimilarQuery),
    responses(
        (status = 200, description = "Nearest first", body = SimilarAnswer),
        (status = 404, description = "There is none, or it is hidden", body = ErrorEnvelope),
        Refusals
    )
)]
pub(crate) async fn similar(
    state: Data<AppState>,
    PathId(id): PathId,
    query: Query<SimilarQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = limit(query.0.limit)?;
    let asked = id.clone();
    let found = state.run(async move |engine| engine.similar(&id, limit).await).await?;
    Ok(HttpResponse::Ok().json(SimilarAnswer::new(asked.into(), found)))
}
