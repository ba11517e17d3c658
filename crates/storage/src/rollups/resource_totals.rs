//! Sums over the interactions with each resource: popularity and view counts of a start, which
//! would otherwise read every interaction.

use std::collections::BTreeMap;

use docent_domain::UserId;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};

use super::slots;
use crate::{Store, users::find_users};
use docent_database::{error::Result, sql};

/// Sums over the interactions with one resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResourceTotal {
    /// Number of interactions, each counted once however often it was repeated.
    pub interactions: i64,
    /// Number of events, repeats included.
    pub events: i64,
}

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
        let sums = self.changes.entry((resource, user.rem_euclid(self.slots))).or_default();
        sums.interactions += change.interactions;
        sums.events += change.events;
    }

    pub(crate) async fn write(self, transaction: &impl ConnectionTrait) -> Result<()> {
        if self.changes.is_empty() {
            return Ok(());
        }
        let rows = self.changes.into_iter();
        let rows: Vec<[i64; 4]> =
            rows.map(|((resource, slot), sums)| [resource, slot, sums.interactions, sums.events]).collect();
        let of = |place: usize| format!("CAST(k.value ->> {place} AS bigint)");
        let add = format!(
            "INSERT INTO resource_totals (resource_id, slot, interactions, events) \
             SELECT {}, {}, {}, {} FROM {rows} WHERE true ON CONFLICT (resource_id, slot) DO UPDATE SET \
             interactions = resource_totals.interactions + excluded.interactions, \
             events = resource_totals.events + excluded.events",
            of(0),
            of(1),
            of(2),
            of(3),
            rows = sql::json_rows(transaction.get_database_backend()),
        );
        sql::execute(transaction, add, [sql::json(&rows)?.into()]).await.map(|_| ())
    }
}

#[derive(FromQueryResult)]
struct OfUser {
    resource_id: i64,
    interactions: i64,
    events: i64,
}

/// Subtracts the interactions of a user, who is about to be erased, and returns the user's row;
/// `None` if there is no such user. Locks the row, so that nothing is added between the count and
/// the deletion. A user of this name who is created meanwhile has another row.
pub(crate) async fn remove(transaction: &impl ConnectionTrait, user: &UserId) -> Result<Option<i64>> {
    let backend = transaction.get_database_backend();
    let locked = find_users(transaction, &[user.as_str()], sql::for_update(backend)).await?;
    let Some(&user_id) = locked.get(user.as_str()) else { return Ok(None) };
    let query = "SELECT resource_id, COUNT(*) AS interactions, CAST(SUM(1 + return_visits) AS bigint) AS events \
                 FROM user_interactions WHERE user_id = $1 GROUP BY resource_id";
    let rows: Vec<OfUser> = sql::select(transaction, query, [user_id.into()]).await?;
    let mut changes = TotalChanges::new(backend);
    for row in rows {
        let change = ResourceTotal { interactions: -row.interactions, events: -row.events };
        changes.add(user_id, row.resource_id, change);
    }
    let resources: Vec<i64> = changes.changes.keys().map(|(resource, _)| *resource).collect();
    changes.write(transaction).await?;
    // Nothing is left that tells of an interaction.
    let (rows, id) = (sql::json_rows(backend), "CAST(CAST(k.value AS text) AS bigint)");
    let empty = format!(
        "DELETE FROM resource_totals WHERE interactions = 0 AND resource_id IN (SELECT {id} FROM {rows})"
    );
    sql::execute(transaction, empty, [sql::json(&resources)?.into()]).await?;
    Ok(Some(user_id))
}

const STORED: &str = "(SELECT resource_id, CAST(SUM(interactions) AS bigint) AS interactions, \
                      CAST(SUM(events) AS bigint) AS events FROM resource_totals GROUP BY resource_id)";
const COUNTED: &str = "(SELECT resource_id, COUNT(*) AS interactions, \
                       CAST(SUM(1 + return_visits) AS bigint) AS events FROM user_interactions GROUP BY resource_id)";

#[derive(FromQueryResult)]
struct Compared {
    resource: String,
    stored_interactions: i64,
    stored_events: i64,
    interactions: i64,
    events: i64,
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
        let wrong = format!(
            "SELECT COALESCE(r.external_id, CAST(compared.resource_id AS text)) AS resource, \
             stored_interactions, stored_events, interactions, events FROM \
             (SELECT COALESCE(s.resource_id, c.resource_id) AS resource_id, \
             COALESCE(s.interactions, 0) AS stored_interactions, COALESCE(s.events, 0) AS stored_events, \
             COALESCE(c.interactions, 0) AS interactions, COALESCE(c.events, 0) AS events \
             FROM {STORED} s FULL JOIN {COUNTED} c ON c.resource_id = s.resource_id) compared \
             LEFT JOIN resources r ON r.id = compared.resource_id \
             WHERE stored_interactions <> interactions OR stored_events <> events ORDER BY compared.resource_id"
        );
        let wrong: Vec<Compared> = sql::select(self.reader(), wrong, []).await?;
        let resources =
            "SELECT COUNT(DISTINCT resource_id) AS resources FROM resource_totals WHERE interactions > 0";
        let resources: Option<Resources> = sql::select_one(self.reader(), resources, []).await?;
        let wrong = wrong.into_iter().map(|row| WrongTotal {
            resource: row.resource,
            stored: ResourceTotal { interactions: row.stored_interactions, events: row.stored_events },
            counted: ResourceTotal { interactions: row.interactions, events: row.events },
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
            "INSERT INTO resource_totals (resource_id, slot, interactions, events) \
             SELECT resource_id, {slot}, COUNT(*), SUM(1 + return_visits) FROM user_interactions GROUP BY 1, 2"
        );
        sql::execute(&transaction, count, []).await?;
        transaction.commit().await
    }
}
