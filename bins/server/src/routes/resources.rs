use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Data, ServiceConfig},
};
use docent::{Error, Resource as EngineResource, ResourceChange, ResourceId, StoredResource};
use serde_json::{Value, json};

use super::idempotency::{answer_once, idempotency_key};
use crate::{
    access::{Caller, Subject},
    http::{
        ApiError, BodyLimit, INGEST_LIMIT_BYTES, Json, PathId, Query, check_batch_length,
        responses::{AnyRoute, ResourceNotFound, WithBody, WithInput, WithWrite},
    },
    state::AppState,
    wire::{
        interaction::IdempotencyHeader,
        recommendation::check_limit,
        resource::{
            Audience, AudienceQuery, IngestRequest, IngestResponse, Resource, ResourcePage, ResourcePath,
            ResourceUpdate, ResourcesUpdate, ResourcesUpdateResponse, SearchQuery, SimilarQuery,
            SimilarResources,
        },
    },
};

const INGEST_SCOPE: &str = "POST /api/resources/ingest";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/api/resources")
                .route(web::get().to(search_resources))
                .route(web::patch().to(change_resources)),
        )
        .service(
            // A resource may have the id "ingest", so its path supports the methods of a resource
            // too.
            web::resource("/api/resources/ingest")
                .app_data(BodyLimit(INGEST_LIMIT_BYTES))
                .route(web::post().to(ingest_resources))
                .route(web::get().to(get_resource))
                .route(web::patch().to(change_resource))
                .route(web::delete().to(delete_resource)),
        )
        .service(
            web::resource("/api/resources/{id:[^/]*}")
                .app_data(BodyLimit(INGEST_LIMIT_BYTES))
                .route(web::get().to(get_resource))
                .route(web::patch().to(change_resource))
                .route(web::delete().to(delete_resource)),
        )
        .service(web::resource("/api/resources/{id:[^/]*}/audience").route(web::get().to(list_audience)))
        .service(
            web::resource("/api/resources/{id:[^/]*}/similar").route(web::get().to(list_similar_resources)),
        );
}

/// Returns the resource of the examples as pages of resources list it.
fn example_without_text() -> Value {
    json!({
        "id": "isbn:0140449132",
        "title": "Crime and Punishment",
        "authors": ["Fyodor Dostoevsky"],
        "subjects": ["novel", "russia"],
        "source": null,
        "language": "en",
        "url": null,
        "published_at": "1866-01-01T00:00:00Z",
        "quality": 0.9,
        "attributes": { "pages": 671 },
        "links": [{ "target": "isbn:0140449245", "kind": "same_series", "weight": 1.0 }],
        "hidden": false,
        "created_at": "2026-01-31T09:30:00Z",
        "updated_at": "2026-01-31T09:30:00Z"
    })
}

/// Returns the resource of the examples with its text.
fn example_with_text() -> Value {
    let mut resource = example_without_text();
    resource["text"] = json!("A student in debt kills a pawnbroker.");
    resource
}

/// Creates or replaces up to 1,000 resources, all or none.
///
/// The resources can be recommended as soon as the request completes. The body may have up to 4
/// MiB. A repeated request with the same `Idempotency-Key` gets the original response with
/// `Idempotency-Replayed: true`.
#[utoipa::path(
    post, path = "/api/resources/ingest", tag = "Resources", params(IdempotencyHeader),
    request_body(content = IngestRequest, description = "Resources to create or replace."),
    responses(
        (
            status = 200, description = "All resources are stored.", body = IngestResponse,
            example = json!({
                "results": [{ "id": "isbn:0140449132", "result": "created", "embedded": true }]
            })
        ),
        WithInput, WithWrite, WithBody, AnyRoute
    )
)]
pub(crate) async fn ingest_resources(
    state: Data<AppState>,
    caller: Caller,
    request: HttpRequest,
    body: Json<IngestRequest>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(INGEST_SCOPE, &caller, &request, &body.bytes)?;
    let inputs = body.value.resources;
    check_batch_length("resources", inputs.len())?;
    let mut resources = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.into_iter().enumerate() {
        let resource = EngineResource::try_from(input.0);
        resources.push(resource.map_err(|error| ApiError::invalid_item(index, &error))?);
    }
    let subject = Subject(format!("{} resources", resources.len()));
    let ingesting = async {
        let outcomes = state.run(|engine| async move { engine.ingest(resources).await }).await?;
        Ok(IngestResponse::from(outcomes))
    };
    let mut response = answer_once(&state, key, ingesting).await?;
    response.extensions_mut().insert(subject);
    Ok(response)
}

/// Searches resources by title and author, page by page.
///
/// The results do not include the texts of the resources.
#[utoipa::path(
    get, path = "/api/resources", tag = "Resources", params(SearchQuery),
    responses(
        (
            status = 200, description = "Page of matching resources.", body = ResourcePage,
            example = json!({
                "resources": [example_without_text()],
                "next_cursor": null
            })
        ),
        WithInput, AnyRoute
    )
)]
pub(crate) async fn search_resources(
    state: Data<AppState>,
    query: Query<SearchQuery>,
) -> Result<HttpResponse, ApiError> {
    let mut query = query.0;
    let limit = check_limit(query.limit)? as u64;
    let text = query.text()?;
    let page = state.run(async move |engine| engine.search(&text, query.cursor, limit).await).await?;
    Ok(HttpResponse::Ok().json(ResourcePage::from(page)))
}

/// Gets a resource, including its text and links.
#[utoipa::path(
    get, path = "/api/resources/{id}", tag = "Resources", params(ResourcePath),
    responses(
        (
            status = 200, description = "The resource.", body = Resource,
            example = json!(example_with_text())
        ),
        (status = 404, response = ResourceNotFound),
        WithInput, AnyRoute
    )
)]
pub(crate) async fn get_resource(
    state: Data<AppState>,
    PathId(id): PathId,
) -> Result<HttpResponse, ApiError> {
    let found = state.run(async move |engine| engine.resource(&id).await).await?;
    Ok(HttpResponse::Ok().json(Resource::from(found)))
}

/// Changes some fields of a resource.
///
/// An absent field is left unchanged, null clears it, and a value replaces it. Attributes are
/// merged one by one. The change applies to the next recommendations. The body may have up to 4
/// MiB.
#[utoipa::path(
    patch, path = "/api/resources/{id}", tag = "Resources", params(ResourcePath),
    request_body(content = ResourceUpdate, description = "Fields to change."),
    responses(
        (
            status = 200, description = "The changed resource.", body = Resource,
            example = json!(example_with_text())
        ),
        (status = 404, response = ResourceNotFound),
        WithInput, WithWrite, WithBody, AnyRoute
    )
)]
pub(crate) async fn change_resource(
    state: Data<AppState>,
    PathId(id): PathId,
    body: Json<ResourceUpdate>,
) -> Result<HttpResponse, ApiError> {
    let change = ResourceChange::try_from(body.value)?;
    let changed = state.run(async move |engine| {
        engine.change_resource(&id, &change).await.map_err(|error| match &error {
            // The request is no batch, so the error must not name an index.
            Error::InvalidInput(invalid) => {
                invalid.value().map(ApiError::from).unwrap_or_else(|| error.into())
            }
            _ => error.into(),
        })
    });
    let changed: StoredResource = changed.await?;
    Ok(HttpResponse::Ok().json(Resource::from(changed)))
}

/// Hides up to 1,000 resources, or shows them again, all or none.
///
/// Unknown ids are reported in the results. The change applies to the next recommendations.
#[utoipa::path(
    patch, path = "/api/resources", tag = "Resources",
    request_body(content = ResourcesUpdate, description = "Resources and their change."),
    responses(
        (
            status = 200, description = "Results, in the order of the request.",
            body = ResourcesUpdateResponse,
            example = json!({ "results": [{ "id": "isbn:0140449132", "result": "updated" }] })
        ),
        WithInput, WithWrite, WithBody, AnyRoute
    )
)]
pub(crate) async fn change_resources(
    state: Data<AppState>,
    body: Json<ResourcesUpdate>,
) -> Result<HttpResponse, ApiError> {
    let ResourcesUpdate { ids, hidden } = body.value;
    check_batch_length("ids", ids.len())?;
    let ids = ids.iter().map(ResourceId::new).collect::<Result<Vec<_>, _>>()?;
    let change = ResourceChange { hidden: Some(hidden), ..ResourceChange::default() };
    let requested = ids.clone();
    let subject = Subject(format!("{} resources", requested.len()));
    let outcomes = state.run(async move |engine| engine.change_resources(&ids, &change).await).await?;
    let mut response = HttpResponse::Ok().json(ResourcesUpdateResponse::new(requested, outcomes));
    response.extensions_mut().insert(subject);
    Ok(response)
}

/// Deletes a resource, its text and its links.
///
/// Interactions with the resource are kept.
#[utoipa::path(
    delete, path = "/api/resources/{id}", tag = "Resources", params(ResourcePath),
    responses(
        (status = 204, description = "Deleted."),
        (status = 404, response = ResourceNotFound),
        WithInput, WithWrite, AnyRoute
    )
)]
pub(crate) async fn delete_resource(
    state: Data<AppState>,
    PathId(id): PathId,
) -> Result<HttpResponse, ApiError> {
    let requested = id.clone();
    if state.run(async move |engine| engine.delete_resource(&id).await).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::unknown_resource(requested.as_str()))
    }
}

/// Lists the users whom a resource suits best, for a mail or a notice.
///
/// Candidates are users who like similar resources; each is scored as a recommendation is. Users
/// who have interacted with the resource, or exclude its source, are left out. A hidden resource
/// counts as unknown.
#[utoipa::path(
    get, path = "/api/resources/{id}/audience", tag = "Resources", params(ResourcePath, AudienceQuery),
    responses(
        (
            status = 200, description = "Users, the best first.", body = Audience,
            example = json!({
                "resource_id": "isbn:0140449132",
                "users": [{ "user_id": "ada", "score": 0.83 }]
            })
        ),
        (status = 404, response = ResourceNotFound),
        WithInput, AnyRoute
    )
)]
pub(crate) async fn list_audience(
    state: Data<AppState>,
    PathId(id): PathId,
    query: Query<AudienceQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = check_limit(query.0.limit)?;
    let requested = id.clone();
    let found = state.ask(async move |engine| engine.audience(&id, limit).await).await?;
    Ok(HttpResponse::Ok().json(Audience::new(requested.into(), found)))
}

/// Lists the resources most similar to a resource.
///
/// Resources are compared by text, by the users who choose them, and by links. A hidden resource
/// counts as unknown; resources that are not published yet are left out.
#[utoipa::path(
    get, path = "/api/resources/{id}/similar", tag = "Resources", params(ResourcePath, SimilarQuery),
    responses(
        (
            status = 200, description = "Similar resources, most similar first.", body = SimilarResources,
            example = json!({
                "resource_id": "isbn:0140449132",
                "similar": [{
                    "resource_id": "isbn:0140449245",
                    "title": "The Brothers Karamazov",
                    "score": 0.83,
                    "content": 0.79,
                    "collaborative": null,
                    "graph": 1.0,
                    "reasons": [
                        { "kind": "similar_to", "resource_id": "isbn:0140449132", "weight": 0.79 },
                        { "kind": "same_author", "resource_id": "isbn:0140449132" }
                    ]
                }],
                "next_cursor": null
            })
        ),
        (status = 404, response = ResourceNotFound),
        WithInput, AnyRoute
    )
)]
pub(crate) async fn list_similar_resources(
    state: Data<AppState>,
    caller: Caller,
    PathId(id): PathId,
    query: Query<SimilarQuery>,
) -> Result<HttpResponse, ApiError> {
    let requested = id.clone();
    let mut request = query.0.into_request(id)?;
    if caller.user().is_some() {
        request.include_unpublished = Some(state.engine().config().include_unpublished);
    }
    let found = state.ask(async move |engine| engine.similar_to(request).await).await?;
    Ok(HttpResponse::Ok().json(SimilarResources::new(requested.into(), found)))
}
