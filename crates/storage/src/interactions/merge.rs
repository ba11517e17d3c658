//! Merges reported events with the stored interactions, in a transaction that holds the locks of
//! the users.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use chrono::{DateTime, Utc};
use docent_domain::{Interaction, InteractionRules, InteractionType, NewInteraction, Signals, Strength};
use sea_orm::{ConnectionTrait, FromQueryResult, Set, sea_query::OnConflict};

use super::{
    authors::relearn_authors,
    profile_totals::{Gain, add_to_profiles},
};
use crate::{
    entity::interaction::{ActiveModel, Column, Model},
    resources::find_resources,
    rollups::{
        activity::Activity,
        resource_totals::{ResourceTotal, TotalChanges},
    },
    users::lock_users,
};
use docent_database::{
    error::{Result, StorageError},
    sql,
    time::{from_micros_null, stored, to_micros},
};

pub(super) const TABLE: &str = "user_interactions";

/// Treatment of an event that is not newer than the stored interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// Counts as one more event.
    Count,
    /// Counts as the stored event, seen again.
    OnlyNewer,
}

/// Outcome of one event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Merged {
    /// The resource is unknown or deleted.
    UnknownResource,
    /// The event was known already.
    Known,
    /// The event was merged; holds the interaction as it stood afterwards.
    New { key: Key, interaction: Interaction },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(super) user: i64,
    pub(super) resource: i64,
    pub(super) kind: InteractionType,
}

/// Event that breaks no rule.
#[derive(Debug, Clone)]
pub(crate) struct Checked<'a> {
    event: Cow<'a, NewInteraction>,
    first: Interaction,
}

impl Checked<'_> {
    pub(crate) fn into_owned(self) -> Checked<'static> {
        Checked { event: Cow::Owned(self.event.into_owned()), first: self.first }
    }

    pub(crate) fn at(&self) -> Option<DateTime<Utc>> {
        self.first.last_at
    }
}

/// Checks every event, before anything is locked.
pub(crate) fn check<'a>(events: &'a [NewInteraction], rules: &InteractionRules) -> Result<Vec<Checked<'a>>> {
    let checked = events.iter().enumerate().map(|(index, event)| {
        let first =
            Interaction::first(event, rules).map_err(|source| StorageError::Invalid { index, source })?;
        // Cut to the precision of the store; otherwise an event would be newer than itself once
        // stored.
        let at = event.at.map(stored);
        Ok(Checked { event: Cow::Borrowed(event), first: Interaction { first_at: at, last_at: at, ..first } })
    });
    checked.collect()
}

/// Merges events in the order given. Returns the outcome of each, in that order.
pub(crate) async fn merge(
    transaction: &impl ConnectionTrait,
    events: Vec<Checked<'_>>,
    repeats: Repeats,
    now: DateTime<Utc>,
) -> Result<Vec<Merged>> {
    let ids = distinct(events.iter().map(|checked| checked.event.resource_id.as_str()));
    let resources = find_resources(transaction, &ids, false).await?;
    let known = events
        .iter()
        .map(|checked| &checked.event)
        .filter(|e| resources.contains_key(e.resource_id.as_str()));
    let users = lock_users(transaction, known.map(|event| event.user_id.as_str()).collect(), now).await?;
    let keys: Vec<Option<Key>> = events
        .iter()
        .map(|Checked { event, .. }| {
            let resource = *resources.get(event.resource_id.as_str())?;
            let user = *users.get(event.user_id.as_str())?;
            Some(Key { user, resource, kind: event.interaction_type.clone() })
        })
        .collect();

    let mut state = find(transaction, &distinct(keys.iter().flatten())).await?;
    let mut changed: HashSet<Key> = HashSet::new();
    let mut gains: HashMap<i64, Gain> = HashMap::new();
    let mut activity = Activity::new(transaction.get_database_backend(), now);
    let mut totals = TotalChanges::new(transaction.get_database_backend());
    let mut outcomes = Vec::with_capacity(events.len());
    for (key, Checked { first, .. }) in keys.into_iter().zip(events) {
        let Some(key) = key else {
            outcomes.push(Merged::UnknownResource);
            continue;
        };
        let (at, is_positive) = (first.last_at, first.is_positive());
        let before = state.remove(&key);
        let known = before.as_ref().map_or(ResourceTotal::default(), total_of);
        let merged = match before {
            // An event without a time is not newer than any.
            Some(before) if repeats == Repeats::OnlyNewer && at <= before.last_at => {
                state.insert(key, before);
                outcomes.push(Merged::Known);
                continue;
            }
            Some(before) => before.repeated(&first),
            None => first,
        };
        gains.entry(key.user).or_default().add(at);
        activity.event(key.user, key.kind.as_str(), is_positive, at);
        let total = total_of(&merged);
        let change = ResourceTotal {
            interactions: total.interactions - known.interactions,
            events: total.events - known.events,
        };
        totals.add(key.user, key.resource, change);
        if !changed.contains(&key) {
            changed.insert(key.clone());
        }
        state.insert(key.clone(), merged.clone());
        outcomes.push(Merged::New { key, interaction: merged });
    }

    write(transaction, changed, &state).await?;
    let to_relearn = add_to_profiles(transaction, &gains, now).await?;
    relearn_authors(transaction, &to_relearn).await?;
    activity.write(transaction).await?;
    totals.write(transaction).await?;
    Ok(outcomes)
}

/// Returns what an interaction adds to the sums of its resource.
fn total_of(interaction: &Interaction) -> ResourceTotal {
    ResourceTotal { interactions: 1, events: 1 + i64::from(interaction.return_visits) }
}

fn distinct<T: std::hash::Hash + Eq>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<HashSet<_>>().into_iter().collect()
}

/// Returns the stored interactions of the keys.
async fn find(transaction: &impl ConnectionTrait, keys: &[&Key]) -> Result<HashMap<Key, Interaction>> {
    let rows: Vec<Model> = find_rows(transaction, "i.*", keys).await?;
    rows.into_iter().map(Model::keyed).collect()
}

#[derive(FromQueryResult)]
struct RowId {
    id: i64,
    user_id: i64,
    resource_id: i64,
    interaction_type: String,
}

/// Returns the row ids of the interactions of the keys.
pub(super) async fn find_row_ids(
    transaction: &impl ConnectionTrait,
    keys: &[&Key],
) -> Result<HashMap<Key, i64>> {
    let rows: Vec<RowId> =
        find_rows(transaction, "i.id, i.user_id, i.resource_id, i.interaction_type", keys).await?;
    let keyed = rows.into_iter().map(|row| {
        let kind = InteractionType::from(row.interaction_type);
        (Key { user: row.user_id, resource: row.resource_id, kind }, row.id)
    });
    Ok(keyed.collect())
}

async fn find_rows<R: FromQueryResult>(
    transaction: &impl ConnectionTrait,
    columns: &str,
    keys: &[&Key],
) -> Result<Vec<R>> {
    let keys: Vec<(i64, i64, &str)> =
        keys.iter().map(|key| (key.user, key.resource, key.kind.as_str())).collect();
    let backend = transaction.get_database_backend();
    let (rows, join) = (sql::json_rows(backend), sql::lookup_join(backend));
    let query = format!(
        "SELECT {columns} FROM {rows} {join} user_interactions i \
         ON i.user_id = CAST(k.value ->> 0 AS bigint) AND i.resource_id = CAST(k.value ->> 1 AS bigint) \
         AND i.interaction_type = k.value ->> 2"
    );
    sql::select(transaction, query, [sql::json(&keys)?.into()]).await
}

impl Model {
    fn keyed(self) -> Result<(Key, Interaction)> {
        let kind = InteractionType::from(self.interaction_type);
        let interaction = Interaction {
            interaction_type: kind.clone(),
            strength: Strength::new(self.interaction_strength)
                .map_err(|error| StorageError::corrupt(TABLE, self.id, error))?,
            signals: Signals {
                dwell_seconds: self.dwell_seconds,
                scroll_depth: self.scroll_depth,
                rating: self.rating,
                ..Signals::default()
            },
            return_visits: u32::try_from(self.return_visits).map_err(|_| {
                StorageError::corrupt(TABLE, self.id, format!("{} return visits", self.return_visits))
            })?,
            first_at: from_micros_null(TABLE, self.id, self.created_at)?,
            last_at: from_micros_null(TABLE, self.id, self.interaction_timestamp)?,
        };
        Ok((Key { user: self.user_id, resource: self.resource_id, kind }, interaction))
    }
}

async fn write(
    transaction: &impl ConnectionTrait,
    changed: HashSet<Key>,
    state: &HashMap<Key, Interaction>,
) -> Result<()> {
    let mut changed: Vec<Key> = changed.into_iter().collect();
    // In the order of the unique index, because neighbours share its pages.
    changed.sort_unstable();
    let rows = changed.into_iter().filter_map(|key| {
        let interaction = state.get(&key)?;
        Some(ActiveModel {
            user_id: Set(key.user),
            resource_id: Set(key.resource),
            interaction_type: Set(key.kind.as_str().to_owned()),
            interaction_strength: Set(interaction.strength.value()),
            is_positive: Set(interaction.is_positive()),
            is_negative: Set(interaction.is_negative()),
            dwell_seconds: Set(interaction.signals.dwell_seconds),
            scroll_depth: Set(interaction.signals.scroll_depth),
            rating: Set(interaction.signals.rating),
            return_visits: Set(i64::from(interaction.return_visits)),
            confidence: Set(interaction.confidence()),
            created_at: Set(interaction.first_at.map(to_micros)),
            interaction_timestamp: Set(interaction.last_at.map(to_micros)),
            ..Default::default()
        })
    });
    let conflict = OnConflict::columns([Column::UserId, Column::ResourceId, Column::InteractionType])
        .update_columns([
            Column::InteractionStrength,
            Column::IsPositive,
            Column::IsNegative,
            Column::DwellSeconds,
            Column::ScrollDepth,
            Column::Rating,
            Column::ReturnVisits,
            Column::Confidence,
            Column::CreatedAt,
            Column::InteractionTimestamp,
        ])
        .to_owned();
    sql::insert_rows(transaction, rows.collect(), Some(conflict)).await.map(|_| ())
}
