//! Merges reported events with the stored interactions, in a transaction that holds the locks of
//! the users.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use chrono::{DateTime, Utc};
use docent_changes::{Changed, hash_of_user};
use docent_domain::{Interaction, InteractionRules, InteractionType, NewInteraction, Signals, Strength};
use sea_orm::{ConnectionTrait, FromQueryResult, Set, sea_query::OnConflict};

use super::{
    authors::relearn_authors,
    profile_totals::{Gain, add_to_profiles},
};
use crate::{
    entity::interaction::{ActiveModel, Column, Entity, Model},
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
    writer::WriteTransaction,
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
    /// The event was merged; holds the interaction as it stood afterwards, and what it changed in
    /// the sums of its resource.
    New { key: Key, interaction: Box<Interaction>, change: ResourceTotal },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) user: i64,
    pub(crate) resource: i64,
    pub(crate) kind: InteractionType,
}

impl Key {
    fn pair(&self) -> Pair {
        (self.user, self.resource)
    }
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

/// Checks events, which must be done with all of them before anything is locked.
pub(crate) fn check<'a>(
    events: impl IntoIterator<Item = &'a NewInteraction>,
    rules: &InteractionRules,
) -> impl Iterator<Item = Result<Checked<'a>>> {
    events.into_iter().enumerate().map(move |(index, event)| {
        let first =
            Interaction::first(event, rules).map_err(|source| StorageError::Invalid { index, source })?;
        // Cut to the precision of the store; otherwise an event would be newer than itself once
        // stored.
        let at = event.at.map(stored);
        let positive_at = at.filter(|_| first.is_positive());
        let first = Interaction { first_at: at, last_at: at, positive_at, ..first };
        Ok(Checked { event: Cow::Borrowed(event), first })
    })
}

/// Merges events in the order given. Returns the outcome of each, in that order.
pub(crate) async fn merge(
    transaction: &WriteTransaction,
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

    let mut state = find(transaction, &distinct(keys.iter().flatten().map(Key::pair))).await?;
    let mut changed: HashSet<Key> = HashSet::new();
    let mut gains: HashMap<i64, Gain> = HashMap::new();
    let mut activity = Activity::new(transaction.get_database_backend(), now);
    let mut totals = TotalChanges::new(transaction.get_database_backend());
    let mut logged = Changed::default();
    let mut outcomes = Vec::with_capacity(events.len());
    for (key, Checked { first, event }) in keys.into_iter().zip(events) {
        let Some(key) = key else {
            outcomes.push(Merged::UnknownResource);
            continue;
        };
        let (at, is_positive) = (first.last_at, first.is_positive());
        let of_pair = state.entry(key.pair()).or_default();
        let before = ResourceTotal::of(of_pair);
        let place = of_pair.iter().position(|interaction| interaction.interaction_type == key.kind);
        let merged = match place.and_then(|place| of_pair.get(place)) {
            // An event without a time is not newer than any.
            Some(known) if repeats == Repeats::OnlyNewer && at <= known.last_at => {
                outcomes.push(Merged::Known);
                continue;
            }
            Some(known) => known.clone().repeated(&first),
            None => first,
        };
        match place.and_then(|place| of_pair.get_mut(place)) {
            Some(known) => *known = merged.clone(),
            None => of_pair.push(merged.clone()),
        }
        gains.entry(key.user).or_default().add(at);
        activity.event(key.user, key.kind.as_str(), is_positive, at);
        let change = ResourceTotal::of(of_pair) - before;
        totals.add(key.user, key.resource, change);
        logged.users.insert(hash_of_user(event.user_id.as_str()));
        if !changed.contains(&key) {
            changed.insert(key.clone());
        }
        outcomes.push(Merged::New { key, interaction: Box::new(merged), change });
    }

    write(transaction, changed, &state).await?;
    let to_relearn = add_to_profiles(transaction, &gains, now).await?;
    relearn_authors(transaction, &to_relearn).await?;
    activity.write(transaction).await?;
    logged.add_totals(totals.by_resource());
    docent_changes::write(transaction, &logged).await?;
    totals.write(transaction).await?;
    Ok(outcomes)
}

fn distinct<T: std::hash::Hash + Eq>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<HashSet<_>>().into_iter().collect()
}

/// Row ids of a user and a resource.
pub(crate) type Pair = (i64, i64);

/// Returns the stored interactions of users with resources, of every type: the last word on a
/// resource depends on all of them.
pub(crate) async fn find(
    transaction: &impl ConnectionTrait,
    pairs: &[Pair],
) -> Result<HashMap<Pair, Vec<Interaction>>> {
    let (rows, join) = lookup(transaction);
    let query = format!("SELECT {} FROM {rows} {join}", sql::columns::<Entity>("i."));
    by_pair(sql::select(transaction, query, [sql::json(&pairs)?.into()]).await?)
}

/// Returns the stored interactions of a user.
pub(crate) async fn of_user(
    transaction: &impl ConnectionTrait,
    user: i64,
) -> Result<HashMap<Pair, Vec<Interaction>>> {
    let query = format!("SELECT {} FROM user_interactions WHERE user_id = $1", sql::columns::<Entity>(""));
    by_pair(sql::select(transaction, query, [user.into()]).await?)
}

fn by_pair(rows: Vec<Model>) -> Result<HashMap<Pair, Vec<Interaction>>> {
    let mut found: HashMap<Pair, Vec<Interaction>> = HashMap::with_capacity(rows.len());
    for row in rows {
        let pair = (row.user_id, row.resource_id);
        found.entry(pair).or_default().push(row.interaction()?);
    }
    Ok(found)
}

/// Returns the rows of `$1`, arrays that begin with a user and a resource, and the join with their
/// interactions.
fn lookup(transaction: &impl ConnectionTrait) -> (&'static str, String) {
    let backend = transaction.get_database_backend();
    let join = format!(
        "{} user_interactions i ON i.user_id = CAST(k.value ->> 0 AS bigint) \
         AND i.resource_id = CAST(k.value ->> 1 AS bigint)",
        sql::lookup_join(backend)
    );
    (sql::json_rows(backend), join)
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
    let named: Vec<(i64, i64, &str)> =
        keys.iter().map(|key| (key.user, key.resource, key.kind.as_str())).collect();
    let (rows, join) = lookup(transaction);
    let query = format!(
        "SELECT i.id, i.user_id, i.resource_id, i.interaction_type FROM {rows} {join} \
         AND i.interaction_type = k.value ->> 2"
    );
    let rows: Vec<RowId> = sql::select(transaction, query, [sql::json(&named)?.into()]).await?;
    let keyed = rows.into_iter().map(|row| {
        let kind = InteractionType::from(row.interaction_type);
        (Key { user: row.user_id, resource: row.resource_id, kind }, row.id)
    });
    Ok(keyed.collect())
}

impl Model {
    pub(crate) fn interaction(self) -> Result<Interaction> {
        Ok(Interaction {
            interaction_type: InteractionType::from(self.interaction_type),
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
            positive_at: from_micros_null(TABLE, self.id, self.positive_at)?,
        })
    }
}

/// Writes the interactions of the keys as they are in `state`.
pub(crate) async fn write(
    transaction: &impl ConnectionTrait,
    changed: HashSet<Key>,
    state: &HashMap<Pair, Vec<Interaction>>,
) -> Result<()> {
    let mut changed: Vec<Key> = changed.into_iter().collect();
    // In the order of the unique index, because neighbours share its pages.
    changed.sort_unstable();
    let rows = changed.into_iter().filter_map(|key| {
        let of_pair = state.get(&key.pair())?;
        let interaction = of_pair.iter().find(|interaction| interaction.interaction_type == key.kind)?;
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
            positive_at: Set(interaction.positive_at.map(to_micros)),
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
            Column::PositiveAt,
        ])
        .to_owned();
    sql::insert_rows(transaction, rows.collect(), Some(conflict)).await.map(|_| ())
}
