//! One transaction for the interactions of several requests.

use std::{error::Error, fmt, sync::Arc};

use chrono::{DateTime, Utc};
use docent_database::{
    CommitPermit, Database,
    error::{Result, StorageError},
    retry::after_deadlocks,
};

use super::{
    RecordOutcome, Recorded, from_response,
    merge::{self, Checked, Repeats},
    to_response, with_row_ids,
};
use crate::{
    IdempotencyKey, ResourceTotal,
    idempotency::{self, Claim},
};

/// Request to record interactions.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(super) events: Vec<Checked<'static>>,
    pub(super) now: DateTime<Utc>,
    pub(super) key: Option<IdempotencyKey>,
    /// Permit of the caller, who may give up before the group is committed.
    pub(super) permit: CommitPermit,
}

/// Failure of a transaction.
enum Failure {
    /// Nothing was stored: the requests may be tried again.
    BeforeCommit(StorageError),
    /// The requests may be stored: a second try might count twice.
    AtCommit(StorageError),
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::BeforeCommit(error)
    }
}

impl From<Failure> for StorageError {
    fn from(failure: Failure) -> Self {
        let (Failure::BeforeCommit(error) | Failure::AtCommit(error)) = failure;
        error
    }
}

/// Records one request in a transaction of its own.
pub(super) async fn record_alone(database: &Database, request: &Request) -> Result<RecordOutcome> {
    let commit = || async { Ok(commit(database, std::slice::from_ref(request)).await?) };
    let mut outcomes: Vec<Result<RecordOutcome>> = after_deadlocks(commit).await?;
    outcomes.pop().unwrap_or_else(|| Err(StorageError::database("the request has no outcome")))
}

/// Records requests, no two with the same key, in one transaction, and returns the outcomes in
/// their order. If something other than the database's availability fails it, records each request
/// in a transaction of its own, so that only those fail that are at fault.
pub(super) async fn record_together(database: &Database, requests: &[Request]) -> Vec<Result<RecordOutcome>> {
    let error = match commit(database, requests).await {
        Ok(outcomes) => return outcomes,
        Err(Failure::BeforeCommit(error))
            if error.is_deadlock()
                || requests.len() > 1 && !matches!(error, StorageError::Unavailable(_)) =>
        {
            tracing::debug!(%error, requests = requests.len(), "recording the requests one by one");
            let mut outcomes = Vec::with_capacity(requests.len());
            for request in requests {
                outcomes.push(record_alone(database, request).await);
            }
            return outcomes;
        }
        Err(failure) => StorageError::from(failure),
    };
    if let [_] = requests {
        return vec![Err(error)];
    }
    let shared = Arc::new(error);
    requests.iter().map(|_| Err(of_all(&shared))).collect()
}

/// Returns the error of one of the requests that failed together.
fn of_all(error: &Arc<StorageError>) -> StorageError {
    match error.as_ref() {
        StorageError::Unavailable(_) => StorageError::Unavailable(Shared(Arc::clone(error)).into()),
        StorageError::Conflict(why) => StorageError::Conflict(why.clone()),
        _ => StorageError::database(Shared(Arc::clone(error))),
    }
}

async fn commit(database: &Database, requests: &[Request]) -> Result<Vec<Result<RecordOutcome>>, Failure> {
    if requests.iter().any(|request| request.permit.is_refused()) {
        return Err(Failure::BeforeCommit(refused(requests)));
    }
    let now = requests.iter().map(|request| request.now).max().unwrap_or_default();
    let transaction = database.begin().await?;
    let keys: Vec<&IdempotencyKey> = requests.iter().filter_map(|request| request.key.as_ref()).collect();
    let claims =
        if keys.is_empty() { Vec::new() } else { idempotency::claim(&transaction, &keys, now).await? };
    let mut claims = claims.into_iter();
    let claims: Vec<Claim> = requests
        .iter()
        .map(|request| request.key.as_ref().and_then(|_| claims.next()).unwrap_or(Claim::Held))
        .collect();

    let held = requests.iter().zip(&claims).filter(|(_, claim)| **claim == Claim::Held);
    let events = held.flat_map(|(request, _)| &request.events).cloned().collect();
    let merged = merge::merge(&transaction, events, Repeats::Count, now).await?;
    let mut recorded = with_row_ids(&transaction, merged).await?.into_iter();

    let mut outcomes = Vec::with_capacity(requests.len());
    let (mut responses, mut vain) = (Vec::new(), Vec::new());
    let mut has_effect = false;
    for (request, claim) in requests.iter().zip(claims) {
        outcomes.push(match (claim, &request.key) {
            (Claim::Held, key) => {
                let (items, changes): (Vec<Recorded>, Vec<ResourceTotal>) =
                    recorded.by_ref().take(request.events.len()).unzip();
                let is_vain = items.iter().all(|item| *item == Recorded::UnknownResource);
                has_effect |= !is_vain;
                match key {
                    Some(key) if is_vain => vain.push(key),
                    Some(key) => responses.push((key, to_response(&items)?)),
                    None => {}
                }
                Ok(RecordOutcome { items, changes, replayed: false })
            }
            (Claim::Answered(response), Some(key)) => from_response(key, &response)
                .map(|items| RecordOutcome { items, changes: Vec::new(), replayed: true }),
            (Claim::Mismatch, _) => Err(StorageError::IdempotencyMismatch),
            (Claim::Gone | Claim::Answered(_), _) => Err(StorageError::Conflict(
                "the idempotency key is being deleted; send the request again".to_owned(),
            )),
        });
    }
    if !has_effect {
        transaction.rollback().await?;
        return Ok(outcomes);
    }
    for key in vain {
        idempotency::release(&transaction, key).await?;
    }
    idempotency::remember(&transaction, &responses).await?;
    if !CommitPermit::claim_all(requests.iter().map(|request| &request.permit)) {
        transaction.rollback().await?;
        return Err(Failure::BeforeCommit(refused(requests)));
    }
    transaction.commit().await.map_err(Failure::AtCommit)?;
    Ok(outcomes)
}

/// Returns the error of requests of which at least one was refused. It is a conflict as long as
/// there are others, which are then recorded one by one.
fn refused(requests: &[Request]) -> StorageError {
    let why = "a request was answered before it was recorded; nothing of it is stored";
    if requests.len() > 1 {
        StorageError::Conflict(why.into())
    } else {
        StorageError::Unavailable(why.into())
    }
}

/// Error of a transaction that several requests shared.
#[derive(Debug, Clone)]
struct Shared(Arc<StorageError>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Shared {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
