//! Interactions of users: recorded as they happen, and read for counting and training.

mod audience;
mod authors;
mod delete;
mod group;
pub(crate) mod groups;
pub(crate) mod merge;
mod profile_totals;
mod read;

use chrono::{DateTime, Utc};
use docent_domain::{Interaction, InteractionRules, InteractionType, NewInteraction, Signals, Strength};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

use crate::{IdempotencyKey, ResourceTotal, Store};
pub(crate) use authors::relearn_authors;
use docent_database::{
    CommitPermit,
    error::{Result, StorageError},
    sql,
    time::{from_micros_null, to_micros},
};
use group::Request;
use merge::{Checked, Merged, find_row_ids};

pub use delete::DeletedInteractions;
pub use read::{InteractionCount, InteractionTotals, TrainingRow};

/// Outcome of one reported interaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// It was merged and is committed.
    Merged {
        /// Id of its row, the same for every repeat.
        row_id: i64,
        /// State of this user, resource and type after the event.
        interaction: Interaction,
    },
    /// The resource is unknown or deleted: nothing was recorded.
    UnknownResource,
}

/// Outcome of a request to record interactions.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordOutcome {
    /// Outcome of each reported interaction, in their order.
    pub items: Vec<Recorded>,
    /// Change of the sums of the resource by each of them, in their order; empty for an answer to
    /// an earlier request.
    pub changes: Vec<ResourceTotal>,
    /// True if this is the answer to an earlier request with the same idempotency key: nothing was
    /// counted again.
    pub replayed: bool,
}

impl Store {
    /// Records interactions: creates users on first use, merges repeats (also within the batch),
    /// updates totals, and learns preferred authors again at every tenth interaction. All of them
    /// are committed on return, or none.
    ///
    /// Small requests that arrive together share a transaction, and so one sync of the disk. None
    /// of them fails by the fault of another, and a request whose future is dropped may be recorded
    /// all the same.
    ///
    /// Interactions with an unknown resource are reported one by one, and the others are recorded.
    /// An idempotency key is stored only if something was recorded, so that a request without
    /// effect can be sent again.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] for the first interaction that breaks a rule, and
    /// [`StorageError::IdempotencyMismatch`]; nothing is recorded then.
    pub async fn record(
        &self,
        events: &[NewInteraction],
        rules: &InteractionRules,
        now: DateTime<Utc>,
        idempotency: Option<&IdempotencyKey>,
    ) -> Result<RecordOutcome> {
        let events: Vec<Checked<'static>> =
            merge::check(events, rules).map(|checked| Ok(checked?.into_owned())).collect::<Result<_>>()?;
        let request = Request { events, now, key: idempotency.cloned(), permit: CommitPermit::current() };
        if request.events.len() > groups::MAX_EVENTS_OF_REQUEST {
            return group::record_alone(self, &request).await;
        }
        self.groups().record(self, request).await
    }
}

/// Returns each merged interaction as it is reported, and its change of the sums of its resource.
async fn with_row_ids(
    transaction: &impl ConnectionTrait,
    merged: Vec<Merged>,
) -> Result<Vec<(Recorded, ResourceTotal)>> {
    let keys = merged.iter().filter_map(|outcome| match outcome {
        Merged::New { key, .. } => Some(key),
        _ => None,
    });
    let row_ids = find_row_ids(transaction, &keys.collect::<Vec<_>>()).await?;
    let items = merged.into_iter().map(|outcome| match outcome {
        Merged::New { key, interaction, change } => {
            let missing = || {
                StorageError::corrupt(
                    merge::TABLE,
                    format!("{key:?}"),
                    "the row disappeared while it was locked",
                )
            };
            let row_id = *row_ids.get(&key).ok_or_else(missing)?;
            Ok((Recorded::Merged { row_id, interaction: *interaction }, change))
        }
        Merged::UnknownResource | Merged::Known => Ok((Recorded::UnknownResource, ResourceTotal::default())),
    });
    items.collect()
}

/// Recorded interaction as stored with its idempotency key. It names no user, so that nothing is
/// left of an erased user.
#[derive(Serialize, Deserialize)]
struct Answer {
    row_id: i64,
    kind: InteractionType,
    strength: Strength,
    signals: Signals,
    return_visits: u32,
    first_at: Option<i64>,
    last_at: Option<i64>,
    /// Answers that an earlier version stored have none.
    #[serde(default)]
    positive_at: Option<i64>,
}

fn to_response(items: &[Recorded]) -> Result<String> {
    let answers = items.iter().map(|item| match item {
        Recorded::UnknownResource => None,
        Recorded::Merged { row_id, interaction } => Some(Answer {
            row_id: *row_id,
            kind: interaction.interaction_type.clone(),
            strength: interaction.strength,
            signals: interaction.signals,
            return_visits: interaction.return_visits,
            first_at: interaction.first_at.map(to_micros),
            last_at: interaction.last_at.map(to_micros),
            positive_at: interaction.positive_at.map(to_micros),
        }),
    });
    sql::json(&answers.collect::<Vec<_>>())
}

fn from_response(key: &IdempotencyKey, response: &str) -> Result<Vec<Recorded>> {
    const TABLE: &str = "idempotency_keys";
    let answers: Vec<Option<Answer>> = sql::from_json(TABLE, &key.key, "response", response)?;
    let items = answers.into_iter().map(|answer| match answer {
        None => Ok(Recorded::UnknownResource),
        Some(answer) => Ok(Recorded::Merged {
            row_id: answer.row_id,
            interaction: Interaction {
                interaction_type: answer.kind,
                strength: answer.strength,
                signals: answer.signals,
                return_visits: answer.return_visits,
                first_at: from_micros_null(TABLE, &key.key, answer.first_at)?,
                last_at: from_micros_null(TABLE, &key.key, answer.last_at)?,
                positive_at: from_micros_null(TABLE, &key.key, answer.positive_at)?,
            },
        }),
    });
    items.collect()
}
