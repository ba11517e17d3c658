use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::StatusCode,
    web::{self, Data, ServiceConfig},
};
use chrono::Utc;
use docent::{
    Engine, Error, IdempotencyKey, InteractionType, NewInteraction, RecordOutcome, Recorded, ResourceId,
    UserId,
};
use docent_messages::{InteractionInput, Object};

use super::idempotency::{REPLAYED_HEADER, idempotency_key};
use crate::{
    access::Caller,
    http::{
        ApiError, Json, Query, check_batch_length,
        responses::{AnyRoute, ResourceNotFound, WithBody, WithInput, WithWrite},
    },
    state::AppState,
    wire::interaction::{
        DeleteInteractionsQuery, DeletedInteractions, IdempotencyHeader, InteractionBatchResponse,
        InteractionRequest, InteractionResponse, RecordQuery, RecordedInteraction,
    },
};

const IDEMPOTENCY_SCOPE: &str = "POST /api/interactions";

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(
        web::resource("/api/interactions")
            .route(web::post().to(record_interactions))
            .route(web::delete().to(delete_interactions)),
    );
}

/// Records one interaction, or a batch of up to 1,000.
///
/// Once the request completes, the interactions are on disk and count in the next recommendations
/// for the user.
///
/// With an `Idempotency-Key`, a request can be retried without being counted twice: the repeated
/// request gets the original response with `Idempotency-Replayed: true`. A key is kept for one day,
/// and only if an interaction was recorded.
#[utoipa::path(
    post, path = "/api/interactions", tag = "Interactions",
    request_body(
        content = InteractionRequest,
        description = "One interaction, or a batch in the property `interactions`."
    ),
    params(IdempotencyHeader, RecordQuery),
    responses(
        (
            status = 201, description = "Recorded: the interaction, or every interaction of the batch.",
            body = InteractionResponse,
            headers(("Idempotency-Replayed" = String,
                description = "`true` if the request was already processed.")),
            examples(
                ("one" = (
                    summary = "One interaction",
                    value = json!({
                        "interaction_id": "17",
                        "user_id": "ada",
                        "resource_id": "isbn:0140449132",
                        "interaction_type": "view",
                        "interaction_strength": 0.45,
                        "is_positive": true,
                        "return_visits": 0,
                        "confidence": 0.225,
                        "created_at": "2026-01-31T09:30:00Z"
                    })
                )),
                ("batch" = (
                    summary = "Batch",
                    value = json!({ "results": [{ "result": "recorded", "interaction": {
                        "interaction_id": "18",
                        "user_id": "ada",
                        "resource_id": "isbn:0140449132",
                        "interaction_type": "rating",
                        "interaction_strength": 0.9,
                        "is_positive": true,
                        "return_visits": 0,
                        "confidence": 0.45,
                        "created_at": "2026-01-31T09:30:00Z"
                    } }] })
                ))
            )
        ),
        (
            status = 200, description = "Recorded in part: some resources of the batch are unknown.",
            body = InteractionBatchResponse,
            headers(("Idempotency-Replayed" = String,
                description = "`true` if the request was already processed.")),
            example = json!({
                "results": [{ "result": "unknown_resource", "resource_id": "isbn:0140449245" }]
            })
        ),
        (status = 404, response = ResourceNotFound),
        WithInput, WithWrite, WithBody, AnyRoute
    )
)]
pub(crate) async fn record_interactions(
    state: Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    query: Query<RecordQuery>,
    body: Json<InteractionRequest>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(IDEMPOTENCY_SCOPE, &caller, &request, &body.bytes)?;
    let creates = query.0.create_missing.unwrap_or(false);
    match body.value {
        InteractionRequest::One(input) => {
            let now = Utc::now();
            let new = input.to_interaction(now, now)?;
            caller.check_user(&new.user_id)?;
            record_one(&state, new, key, creates).await
        }
        InteractionRequest::Batch(batch) => {
            let requested = batch_of(&batch.interactions, &caller)?;
            record_batch(&state, requested, key, creates).await
        }
    }
}

/// Takes back interactions of a user with a resource.
///
/// Deletes the interactions of one type, or of all types. They no longer count in recommendations
/// for the user, in popularity and in the next training; a deleted dismissal is lifted. Monitoring
/// windows keep counting the events, because they happened. Deletes nothing, without an error, if
/// there is no such interaction.
#[utoipa::path(
    delete, path = "/api/interactions", tag = "Interactions", params(DeleteInteractionsQuery),
    responses(
        (
            status = 200, description = "Number of deleted interactions.", body = DeletedInteractions,
            example = json!({ "deleted": 1 })
        ),
        WithInput, WithWrite, AnyRoute
    )
)]
pub(crate) async fn delete_interactions(
    state: Data<AppState>,
    query: Query<DeleteInteractionsQuery>,
) -> Result<HttpResponse, ApiError> {
    let user = UserId::new(&query.0.user_id)?;
    let resource = ResourceId::new(&query.0.resource_id)?;
    let kind = query.0.interaction_type.map(InteractionType::from);
    let deleted = state
        .run(async move |engine| engine.delete_interactions(&user, &resource, kind.as_ref()).await)
        .await?;
    Ok(HttpResponse::Ok().json(DeletedInteractions { deleted }))
}

async fn record_one(
    state: &AppState,
    new: NewInteraction,
    key: Option<IdempotencyKey>,
    creates: bool,
) -> Result<HttpResponse, ApiError> {
    let requested = vec![new.clone()];
    let outcome = state.run(async move |engine| {
        record(&engine, &requested, key.as_ref(), creates).await.map_err(|error| match &error {
            // The request is no batch, so the error must not name an index.
            Error::InvalidInput(invalid) => {
                invalid.value().map(ApiError::from).unwrap_or_else(|| error.into())
            }
            _ => error.into(),
        })
    });
    let outcome: RecordOutcome = outcome.await?;
    match outcome.items.first() {
        Some(Recorded::Merged { row_id, interaction }) => {
            let recorded = RecordedInteraction::new(&new, *row_id, interaction);
            Ok(response(StatusCode::CREATED, outcome.replayed).json(InteractionResponse::One(recorded)))
        }
        Some(Recorded::UnknownResource) => Err(ApiError::unknown_resource(new.resource_id.as_str())),
        None => Err(ApiError::internal("recording one interaction returned no outcome")),
    }
}

/// Reads the interactions of a batch, each of which must be of a user that the caller may act for.
fn batch_of(inputs: &[Object<InteractionInput>], caller: &Caller) -> Result<Vec<NewInteraction>, ApiError> {
    check_batch_length("interactions", inputs.len())?;
    let now = Utc::now();
    let mut requested: Vec<NewInteraction> = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.iter().enumerate() {
        let interaction = input.0.to_interaction(now, now);
        let interaction = interaction.map_err(|error| ApiError::invalid_item(index, &error))?;
        caller.check_user(&interaction.user_id)?;
        requested.push(interaction);
    }
    Ok(requested)
}

async fn record_batch(
    state: &AppState,
    requested: Vec<NewInteraction>,
    key: Option<IdempotencyKey>,
    creates: bool,
) -> Result<HttpResponse, ApiError> {
    let (requested, outcome): (_, RecordOutcome) = state
        .run(async move |engine| {
            let outcome = record(&engine, &requested, key.as_ref(), creates).await?;
            Ok::<_, Error>((requested, outcome))
        })
        .await?;
    let complete = outcome.items.iter().all(|item| matches!(item, Recorded::Merged { .. }));
    let status = if complete { StatusCode::CREATED } else { StatusCode::OK };
    let batch = InteractionBatchResponse::new(&requested, &outcome.items);
    Ok(response(status, outcome.replayed).json(InteractionResponse::Batch(batch)))
}

async fn record(
    engine: &Engine,
    interactions: &[NewInteraction],
    key: Option<&IdempotencyKey>,
    creates: bool,
) -> Result<RecordOutcome, Error> {
    if creates {
        return engine.record_creating(interactions, key).await;
    }
    match key {
        Some(key) => engine.record_once(key, interactions).await,
        None => engine.record(interactions).await,
    }
}

fn response(status: StatusCode, replayed: bool) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    if replayed {
        response.insert_header((REPLAYED_HEADER, "true"));
    }
    response
}
