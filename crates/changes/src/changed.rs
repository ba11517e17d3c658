use std::collections::{BTreeMap, BTreeSet};

use docent_database::{error::Result, sql, writer::WriteTransaction};
use sea_orm::{ConnectionTrait, DbBackend};
use serde::{Deserialize, Serialize};

use crate::ResourceTotal;

/// Number of users, or of resources, above which a change counts as one of everything: an import
/// has millions, and reading all sums again is cheaper then.
const MAX_NAMED: usize = 1_000;

/// Changes that transactions made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changed {
    /// Hashes of users whose profile, interactions or verdicts changed, or who were erased.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub users: BTreeSet<i64>,
    /// Additions to the sums of resources, by their row ids.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub totals: BTreeMap<i64, ResourceTotal>,
    /// True if resources were written or deleted.
    #[serde(skip_serializing_if = "is_false")]
    pub catalogue: bool,
    /// True if all users and all sums may have changed; `users` and `totals` are empty then.
    #[serde(skip_serializing_if = "is_false")]
    pub everything: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Changed {
    /// Returns the change of one user, and of sums.
    pub fn user(hash: i64, totals: impl IntoIterator<Item = (i64, ResourceTotal)>) -> Self {
        let mut changed = Self { users: BTreeSet::from([hash]), ..Self::default() };
        changed.add_totals(totals);
        changed
    }

    /// Returns the change of resources.
    #[must_use]
    pub fn catalogue() -> Self {
        Self { catalogue: true, ..Self::default() }
    }

    /// Returns the change of all users and sums.
    #[must_use]
    pub fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// Adds to the sums.
    pub fn add_totals(&mut self, totals: impl IntoIterator<Item = (i64, ResourceTotal)>) {
        for (resource, change) in totals {
            *self.totals.entry(resource).or_default() += change;
        }
        self.totals.retain(|_, change| *change != ResourceTotal::default());
    }

    /// Adds another change.
    pub fn add(&mut self, other: Self) {
        self.users.extend(other.users);
        self.add_totals(other.totals);
        self.catalogue |= other.catalogue;
        self.everything |= other.everything;
    }

    /// Returns true if nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the change without lists that are too long.
    fn bounded(&self) -> Self {
        let is_large = self.everything || self.users.len() > MAX_NAMED || self.totals.len() > MAX_NAMED;
        if is_large { Self { catalogue: self.catalogue, ..Self::everything() } } else { self.clone() }
    }
}

/// Adds a change to the log, in the transaction that makes it. Other processes apply it soon after
/// the commit. Does nothing on SQLite, and for a change of nothing.
///
/// # Errors
/// Any failure of the database.
pub async fn write(transaction: &WriteTransaction, changed: &Changed) -> Result<()> {
    if changed.is_empty() || transaction.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let insert =
        "INSERT INTO changes (xid, what) VALUES (CAST(CAST(pg_current_xact_id() AS text) AS bigint), $1)";
    sql::execute(transaction, insert, [sql::json(&changed.bounded())?.into()]).await?;
    transaction.announce();
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn total(events: i64) -> ResourceTotal {
        ResourceTotal { interactions: 1, events, positive_users: 0, accepting_users: 1 }
    }

    #[test]
    fn changes_add_up() {
        let mut sum = Changed::user(7, [(1, total(2)), (2, total(1))]);
        sum.add(Changed::user(8, [(1, total(3)), (2, -total(1))]));
        sum.add(Changed::catalogue());
        assert_eq!((sum.users.len(), sum.catalogue, sum.everything), (2, true, false));
        let both = ResourceTotal { interactions: 2, events: 5, positive_users: 0, accepting_users: 2 };
        assert_eq!(sum.totals, BTreeMap::from([(1, both)]), "what adds up to nothing is left out");
    }

    #[test]
    fn a_change_is_read_as_it_was_written() {
        let everything = Changed { catalogue: true, ..Changed::everything() };
        for (changed, json) in [
            (Changed::user(-7, [(1, total(2))]), r#"{"users":[-7],"totals":{"1":[1,2,0,1]}}"#),
            (everything, r#"{"catalogue":true,"everything":true}"#),
        ] {
            assert_eq!(serde_json::to_string(&changed).unwrap(), json);
            assert_eq!(serde_json::from_str::<Changed>(json).unwrap(), changed);
        }
    }

    #[test]
    fn a_change_of_many_users_or_resources_is_one_of_everything() {
        let many = |count: i64| Changed { users: (0..count).collect(), ..Changed::catalogue() };
        assert_eq!(many(1_000).bounded(), many(1_000));
        let everything = Changed { catalogue: true, ..Changed::everything() };
        assert_eq!(many(1_001).bounded(), everything);
        let sums = Changed::user(1, (0..1_001).map(|row| (row, total(1))));
        assert_eq!(sums.bounded(), Changed::everything());
    }
}
