use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::StatusCode,
    web::{self, Bytes, Data, ServiceConfig},
};
use chrono::Utc;
use docent::{Error, IdempotencyKey, NewInteraction, RecordOutcome, Recorded, StorageError};

use super::resources::batch_checked;
use crate::{
    http::{ApiError, ErrorEnvelope, Json, Refusals},
    state::AppState,
    wire::{
        interaction::{InteractionBatchAnswer, InteractionInput, InteractionRequest, InteractionView},
        object::Object,
    },
};

const ROUTE: &str = "POST /api/interactions";
const KEY_HEADER: &str = "Idempotency-Key";
const REPLAYED_HEADER: &str = "Idempotency-Replayed";
const MAX_KEY_BYTES: usize = 255;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(web::resource("/api/interactions").route(web::post().to(record)));
}

/// Records what a user did, or a batch of up to 1000. What is acknowledged is on disk, and counts in the user's very
/// next answer.
///
/// With an Idempotency-Key a request may be sent again without counting twice: it is answered as it was before, with
/// Idempotency-Replayed: true. A key is remembered for a day, and only if something was recorded.
#[utoipa::path(
    post, path = "/api/interactions", tag = "interactions", request_body = InteractionRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    responses(
        (status = 201, description = "Recorded: the one, or each of the batch", content(
            (InteractionView = "application/json"), (InteractionBatchAnswer = "application/json"))),
        (status = 200, description = "Some of the batch are of unknown resources", body = InteractionBatchAnswer),
        (status = 404, description = "The one is of an unknown resource", body = ErrorEnvelope),
        Refusals
    )
)]
pub(crate) async fn record(
    state: Data<AppState>,
    request: HttpRequest,
    body: Json<InteractionRequest>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key(&request, &body.bytes)?;
    match body.value {
        InteractionRequest::One(input) => record_one(&state, &input, key).await,
        InteractionRequest::Batch(batch) => record_batch(&state, &batch.interactions, key).await,
    }
}

async fn record_one(
    state: &AppState,
    input: &InteractionInput,
    key: Option<IdempotencyKey>,
) -> Result<HttpResponse, ApiError> {
    let new = input.checked(Utc::now())?;
    let recorded = new.clone();
    let outcome = state
        .run(async move |engine| {
            engine.record(&[recorded], key.as_ref()).await.map_err(|error| match error {
                // There is no batch that an index would be of.
                Error::Storage(StorageError::Invalid { source, .. }) => ApiError::from(source),
                error => error.into(),
            })
        })
        .await?;
    match outcome.items.first() {
        Some(Recorded::Merged { row_id, interaction }) => Ok(answer(StatusCode::CREATED, outcome.replayed)
            .json(InteractionView::new(&new, *row_id, interaction))),
        Some(Recorded::UnknownResource) => Err(ApiError::unknown_resource(new.resource_id.as_str())),
        None => Err(ApiError::internal("one interaction was recorded and nothing came back")),
    }
}

async fn record_batch(
    state: &AppState,
    inputs: &[Object<InteractionInput>],
    key: Option<IdempotencyKey>,
) -> Result<HttpResponse, ApiError> {
    batch_checked("interactions", inputs.len())?;
    let now = Utc::now();
    let mut asked: Vec<NewInteraction> = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.iter().enumerate() {
        asked.push(input.0.checked(now).map_err(|error| ApiError::invalid_item(index, &error))?);
    }
    let (asked, outcome): (_, RecordOutcome) = state
        .run(async move |engine| {
            let outcome = engine.record(&asked, key.as_ref()).await?;
            Ok::<_, Error>((asked, outcome))
        })
        .await?;
    let complete = outcome.items.iter().all(|item| matches!(item, Recorded::Merged { .. }));
    let status = if complete { StatusCode::CREATED } else { StatusCode::OK };
    Ok(answer(status, outcome.replayed).json(InteractionBatchAnswer::new(&asked, &outcome.items)))
}

fn answer(status: StatusCode, replayed: bool) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    if replayed {
        response.insert_header((REPLAYED_HEADER, "true"));
    }
    response
}

/// The key of a request, tied to every byte of its body.
fn idempotency_key(request: &HttpRequest, body: &Bytes) -> Result<Option<IdempotencyKey>, ApiError> {
    let Some(value) = request.headers().get(KEY_HEADER) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| {
        !key.is_empty() && key.len() <= MAX_KEY_BYTES && key.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let key = key.ok_or_else(|| ApiError::invalid_header(KEY_HEADER, "1 to 255 visible ASCII characters"))?;
    let request_hash = blake3::hash(body).to_hex().to_string();
    Ok(Some(IdempotencyKey { scope: ROUTE.into(), key: key.into(), request_hash }))
}
