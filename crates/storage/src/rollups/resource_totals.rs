//! Sums over the interactions with each resource: popularity and view counts of a start, which
//! would otherwise read every interaction.

use std::collections::BTreeMap;

use docent_changes::Changed;
pub use docent_changes::ResourceTotal;
use docent_domain::UserId;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};

use super::slots;
use crate::{Store, users::find_users};
use docent_database::{error::Result, sql};

/// Resource whose stored sums differ from its interactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongTotal {
    /// External id of the resource; its row id if there is no such resource.
    pub resource: String,
    /// Sums as they are stored.
    pub stored: ResourceTotal,
    /// Sums over the stored interactions.
    pub counted: ResourceTotal,
}

/// Comparison of the stored sums with the interactions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TotalsReport {
    /// Number of resources with interactions.
    pub resources: u64,
    /// Resources whose sums are wrong, in the order of row ids.
    pub wrong: Vec<WrongTotal>,
}

/// Changes of sums that one transaction makes. They are written at its end and in one order, so
/// that two transactions cannot deadlock.
#[derive(Debug)]
pub(crate) struct TotalChanges {
    slots: i64,
    changes: BTreeMap<(i64, i64), ResourceTotal>,
}

impl TotalChanges {
    pub(crate) fn new(backend: DbBackend) -> Self {
        Self { slots: slots(backend), changes: BTreeMap::new() }
    }

    /// Adds to the sums of a resource what the interaction of a user, whose row is locked, changes.
    pub(crate) fn add(&mut self, user: i64, resource: i64, change: ResourceTotal) {
        *self.changes.entry((resource, user.rem_euclid(self.slots))).or_default() += change;
    }

    /// Returns the changes by resource.
    pub(crate) fn by_resource(&self) -> impl Iterator<Item = (i64, ResourceTotal)> {
        self.changes.iter().map(|((resource, _), change)| (*resource, *change))
    }

    pub(crate) async fn write(self, transaction: &impl ConnectionTrait) -> Result<()> {
        if self.changes.is_empty() {
            return Ok(());
        }
        let rows = self.changes.into_iter();
        let rows: Vec<[i64; 6]> = rows
            .map(|((resource, slot), sums)| {
                let ResourceTotal { interactions, events, positive_users, accepting_users } = sums;
                [resource, slot, interactions, events, positive_users, accepting_users]
            })
            .collect();
        let columns = (0..6).map(|place| format!("CAST(k.value ->> {place} AS bigint)"));
        let adding = SUMS.map(|sum| format!("{sum} = resource_totals.{sum} + excluded.{sum}"));
        let add = format!(
            "INSERT INTO resource_totals (resource_id, slot, {}) SELECT {} FROM {} WHERE true \
             ON CONFLICT (resource_id, slot) DO UPDATE SET {}",
            SUMS.join(", "),
            columns.collect::<Vec<_>>().join(", "),
            sql::json_rows(transaction.get_database_backend()),
            adding.join(", "),
        );
        sql::execute(transaction, add, [sql::json(&rows)?.into()]).await.map(|_| ())
    }
}

/// Columns of the sums.
const SUMS: [&str; 4] = ["interactions", "events", "positive_users", "accepting_users"];

#[derive(FromQueryResult)]
struct OfUser {
    resource_id: i64,
    interactions: i64,
    events: i64,
    positive_users: i64,
    accepting_users: i64,
}

/// Returns a query for the sums of each user and resource, which `Standing::newest` of the domain
/// decides in memory as the query does here; `condition` is the `WHERE` clause.
fn of_pairs(condition: &str) -> String {
    format!(
        "SELECT user_id, resource_id, interactions, events, \
         CASE WHEN liked_at IS NOT NULL AND (rejected_at IS NULL OR liked_at > rejected_at) THEN 1 ELSE 0 END \
         AS positive_users, \
         CASE WHEN rejected_at IS NULL OR liked_at > rejected_at THEN 1 ELSE 0 END AS accepting_users \
         FROM (SELECT user_id, resource_id, COUNT(*) AS interactions, SUM(1 + return_visits) AS events, \
         MAX(CASE WHEN is_positive THEN COALESCE(positive_at, {UNKNOWN_TIME}) END) AS liked_at, \
         MAX(CASE WHEN is_negative THEN COALESCE(interaction_timestamp, {UNKNOWN_TIME}) END) AS rejected_at \
         FROM user_interactions {condition} GROUP BY user_id, resource_id) pairs"
    )
}

/// Time that is before every known one.
const UNKNOWN_TIME: &str = "-9223372036854775807";

/// Returns the sums over a query's rows, as columns of their names.
pub(crate) fn summed() -> String {
    SUMS.map(|sum| format!("CAST(SUM({sum}) AS bigint) AS {sum}")).join(", ")
}

/// Subtracts the interactions of a user, who is about to be erased, and returns the user's row and
/// what was subtracted, as changes by resource; `None` if there is no such user. Locks the row, so
/// that nothing is added between the count and the deletion. A user of this name who is created
/// meanwhile has another row.
pub(crate) async fn remove(
    transaction: &impl ConnectionTrait,
    user: &UserId,
) -> Result<Option<(i64, Changes)>> {
    let backend = transaction.get_database_backend();
    let locked = find_users(transaction, &[user.as_str()], sql::for_update(backend)).await?;
    let Some(&user_id) = locked.get(user.as_str()) else { return Ok(None) };
    let query = format!(
        "SELECT resource_id, {} FROM ({}) of_user GROUP BY resource_id",
        summed(),
        of_pairs("WHERE user_id = $1")
    );
    let rows: Vec<OfUser> = sql::select(transaction, query, [user_id.into()]).await?;
    let (mut changes, mut by_resource) = (TotalChanges::new(backend), Vec::new());
    for row in rows {
        let OfUser { resource_id, interactions, events, positive_users, accepting_users } = row;
        let of_user = ResourceTotal { interactions, events, positive_users, accepting_users };
        changes.add(user_id, resource_id, -of_user);
        by_resource.push((resource_id, -of_user));
    }
    let resources: Vec<i64> = by_resource.iter().map(|(resource, _)| *resource).collect();
    changes.write(transaction).await?;
    forget_empty(transaction, &resources).await?;
    Ok(Some((user_id, by_resource)))
}

/// Changes of the sums of resources, by their row ids.
pub(crate) type Changes = Vec<(i64, ResourceTotal)>;

/// Deletes the sums of those of the resources that have no interactions: nothing is left that tells
/// of one.
pub(crate) async fn forget_empty(transaction: &impl ConnectionTrait, resources: &[i64]) -> Result<()> {
    let rows = sql::json_rows(transaction.get_database_backend());
    let empty = format!(
        "DELETE FROM resource_totals WHERE interactions = 0 \
         AND resource_id IN (SELECT CAST(CAST(k.value AS text) AS bigint) FROM {rows})"
    );
    sql::execute(transaction, empty, [sql::json(&resources)?.into()]).await.map(|_| ())
}

#[derive(FromQueryResult)]
struct Compared {
    resource: String,
    stored_interactions: i64,
    stored_events: i64,
    stored_positive_users: i64,
    stored_accepting_users: i64,
    interactions: i64,
    events: i64,
    positive_users: i64,
    accepting_users: i64,
}

#[derive(FromQueryResult)]
struct Resources {
    resources: i64,
}

impl Store {
    /// Compares the stored sums of each resource with its interactions, all of which it reads.
    /// Changes nothing.
    ///
    /// # Errors
    /// Any failure of the database.
    pub async fn verify_totals(&self) -> Result<TotalsReport> {
        // One statement, because both sides must be of one moment.
        let both = SUMS
            .map(|sum| format!("COALESCE(s.{sum}, 0) AS stored_{sum}, COALESCE(c.{sum}, 0) AS {sum}"))
            .join(", ");
        let wrong = format!(
            "SELECT COALESCE(r.external_id, CAST(compared.resource_id AS text)) AS resource, compared.* FROM \
             (SELECT COALESCE(s.resource_id, c.resource_id) AS resource_id, {both} \
             FROM (SELECT resource_id, {sums} FROM resource_totals GROUP BY resource_id) s FULL JOIN \
             (SELECT resource_id, {sums} FROM ({pairs}) counted GROUP BY resource_id) c \
             ON c.resource_id = s.resource_id) compared LEFT JOIN resources r ON r.id = compared.resource_id \
             WHERE {differ} ORDER BY compared.resource_id",
            sums = summed(),
            pairs = of_pairs(""),
            differ = SUMS.map(|sum| format!("stored_{sum} <> {sum}")).join(" OR "),
        );
        let wrong: Vec<Compared> = sql::select(self.reader(), wrong, []).await?;
        let resources =
            "SELECT COUNT(DISTINCT resource_id) AS resources FROM resource_totals WHERE interactions > 0";
        let resources: Option<Resources> = sql::select_one(self.reader(), resources, []).await?;
        let wrong = wrong.into_iter().map(|row| WrongTotal {
            resource: row.resource,
            stored: ResourceTotal {
                interactions: row.stored_interactions,
                events: row.stored_events,
                positive_users: row.stored_positive_users,
                accepting_users: row.stored_accepting_users,
            },
            counted: ResourceTotal {
                interactions: row.interactions,
                events: row.events,
                positive_users: row.positive_users,
                accepting_users: row.accepting_users,
            },
        });
        let resources = resources.map_or(0, |row| u64::try_from(row.resources).unwrap_or(0));
        Ok(TotalsReport { resources, wrong: wrong.collect() })
    }

    /// Replaces the stored sums by sums over all interactions, in one transaction that keeps other
    /// writers waiting.
    ///
    /// # Errors
    /// Any failure of the database; the sums are unchanged then.
    pub async fn recount_totals(&self) -> Result<()> {
        let transaction = self.begin().await?;
        let slot = match transaction.get_database_backend() {
            DbBackend::Postgres => {
                let lock = "LOCK TABLE user_interactions, resource_totals IN SHARE ROW EXCLUSIVE MODE";
                sql::execute(&transaction, lock, []).await?;
                format!("user_id % {}", slots(DbBackend::Postgres))
            }
            _ => "0".to_owned(),
        };
        sql::execute(&transaction, "DELETE FROM resource_totals", []).await?;
        let count = format!(
            "INSERT INTO resource_totals (resource_id, slot, {}) SELECT resource_id, {slot}, {} \
             FROM ({}) counted GROUP BY 1, 2",
            SUMS.join(", "),
            summed(),
            of_pairs(""),
        );
        sql::execute(&transaction, count, []).await?;
        docent_changes::write(&transaction, &Changed::everything()).await?;
        transaction.commit().await
    }
}
