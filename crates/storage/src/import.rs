//! Imports: large, repeatable, and atomic on request.

use chrono::{DateTime, Utc};
use docent_domain::{InteractionRules, NewInteraction, Resource, ResourceId};

use crate::{
    Store, UpsertOutcome,
    interactions::merge::{self, Merged, Repeats},
    resources,
};
use docent_database::{error::Result, writer::WriteTransaction};

/// Events of one transaction: enough that a page of an index is written once for many of them, few
/// enough that other writers get their turn within seconds.
const EVENTS_OF_TRANSACTION: usize = 100_000;

/// Outcome of an import of interactions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Number of first events of their user, resource and type.
    pub new: u64,
    /// Number of repeats that are newer than the stored event.
    pub repeated: u64,
    /// Number of events that are not newer than the stored event: they count as imported before and
    /// are skipped.
    pub already_known: u64,
    /// Indexes in the request of events whose resource is unknown or deleted; they are skipped.
    pub unknown_resource: Vec<usize>,
}

impl ImportReport {
    fn add(&mut self, index: usize, outcome: &Merged) {
        match outcome {
            Merged::UnknownResource => self.unknown_resource.push(index),
            Merged::Known => self.already_known += 1,
            Merged::New { interaction, .. } if interaction.return_visits == 0 => self.new += 1,
            Merged::New { .. } => self.repeated += 1,
        }
    }
}

/// Atomic import. Until [`ImportSession::commit`] no other connection sees any of it, and a session
/// that is dropped leaves the store as it was. On SQLite other writers wait as long as it is open.
#[derive(Debug)]
pub struct ImportSession {
    transaction: WriteTransaction,
}

impl Store {
    /// Imports interactions, in transactions of up to 100,000. An event that is not newer than the
    /// stored event of its user, resource and type counts as known, so that a second run of the
    /// same import changes nothing. An event without a time is never newer. Therefore pass the
    /// events of a file oldest first; within one call they are sorted. Many events in one call cost
    /// less than the same events in several.
    ///
    /// # Errors
    /// [`StorageError::Invalid`](crate::StorageError::Invalid) for the first event that breaks a
    /// rule; nothing of this call is imported then.
    pub async fn import_interactions(
        &self,
        events: &[NewInteraction],
        rules: &InteractionRules,
        now: DateTime<Utc>,
    ) -> Result<ImportReport> {
        let mut report = ImportReport::default();
        for part in by_user(events, rules)?.chunks(EVENTS_OF_TRANSACTION) {
            let transaction = self.begin().await?;
            import(&transaction, part, rules, &mut report, now).await?;
            transaction.commit().await?;
        }
        report.unknown_resource.sort_unstable();
        Ok(report)
    }

    /// Begins an atomic import.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`](crate::StorageError::Unavailable) if other writers do not
    /// finish in time.
    pub async fn begin_import(&self) -> Result<ImportSession> {
        Ok(ImportSession { transaction: self.begin().await? })
    }
}

impl ImportSession {
    /// Same as [`Store::upsert_resources`].
    ///
    /// # Errors
    /// Same as there. The session is then unusable, and everything it wrote is lost.
    pub async fn write_resources(
        &self,
        resources: &[Resource],
        now: DateTime<Utc>,
    ) -> Result<Vec<UpsertOutcome>> {
        resources::check(resources)?;
        resources::write(&self.transaction, resources, now).await
    }

    /// Same as [`Store::import_interactions`].
    ///
    /// # Errors
    /// Same as there. The session is then unusable, and everything it wrote is lost.
    pub async fn write_interactions(
        &self,
        events: &[NewInteraction],
        rules: &InteractionRules,
        now: DateTime<Utc>,
    ) -> Result<ImportReport> {
        let mut report = ImportReport::default();
        for part in by_user(events, rules)?.chunks(EVENTS_OF_TRANSACTION) {
            import(&self.transaction, part, rules, &mut report, now).await?;
        }
        report.unknown_resource.sort_unstable();
        Ok(report)
    }

    /// Records interactions in the order given. Each counts as in [`Store::record`].
    ///
    /// # Errors
    /// Same as there. The session is then unusable, and everything it wrote is lost.
    pub async fn record(
        &self,
        events: &[NewInteraction],
        rules: &InteractionRules,
        now: DateTime<Utc>,
    ) -> Result<ImportReport> {
        let checked = merge::check(events, rules).collect::<Result<_>>()?;
        let outcomes = merge::merge(&self.transaction, checked, Repeats::Count, now).await?;
        let mut report = ImportReport::default();
        outcomes.iter().enumerate().for_each(|(index, outcome)| report.add(index, outcome));
        Ok(report)
    }

    /// Same as [`Store::delete_resource`].
    ///
    /// # Errors
    /// Same as there. The session is then unusable, and everything it wrote is lost.
    pub async fn delete_resource(&self, id: &ResourceId, now: DateTime<Utc>) -> Result<bool> {
        resources::delete(&self.transaction, id, now).await
    }

    /// Returns the transaction, for what another crate stores with the import.
    pub fn transaction(&self) -> &WriteTransaction {
        &self.transaction
    }

    /// Commits everything.
    ///
    /// # Errors
    /// Any failure of the database; nothing is stored then.
    pub async fn commit(self) -> Result<()> {
        self.transaction.commit().await
    }

    /// Rolls everything back.
    ///
    /// # Errors
    /// Any failure of the database; nothing is stored then either.
    pub async fn rollback(self) -> Result<()> {
        self.transaction.rollback().await
    }
}

/// Returns the events, each with its index in the request: those of a user together, so that they
/// share the pages of the indexes, and of these those without a time first and then the oldest
/// first. Fails for the first that breaks a rule.
fn by_user<'a>(events: &'a [NewInteraction], rules: &InteractionRules) -> Result<Vec<Ordered<'a>>> {
    let checked = merge::check(events, rules).map(|checked| Ok(checked?.at()));
    let times = checked.collect::<Result<Vec<_>>>()?;
    let mut events: Vec<_> = events.iter().enumerate().collect();
    events.sort_by_key(|(index, event)| (&event.user_id, times.get(*index)));
    Ok(events)
}

async fn import(
    transaction: &WriteTransaction,
    events: &[Ordered<'_>],
    rules: &InteractionRules,
    report: &mut ImportReport,
    now: DateTime<Utc>,
) -> Result<()> {
    // Again, because the checked events of a whole call take as much memory as the call.
    let checked = merge::check(events.iter().map(|(_, event)| *event), rules).collect::<Result<_>>()?;
    let outcomes = merge::merge(transaction, checked, Repeats::OnlyNewer, now).await?;
    for ((index, _), outcome) in events.iter().zip(&outcomes) {
        report.add(*index, outcome);
    }
    Ok(())
}

/// Event with its index in the request.
type Ordered<'a> = (usize, &'a NewInteraction);
