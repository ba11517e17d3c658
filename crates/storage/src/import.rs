//! Imports: large, repeatable, and on request all or nothing.

use chrono::{DateTime, Utc};
use docent_domain::{InteractionRules, NewInteraction, Resource};
use sea_orm::DatabaseTransaction;

use crate::{
    Store, UpsertOutcome,
    error::Result,
    interactions::merge::{self, Checked, Merged, Repeats},
    resources,
};

/// Events merged at a time: enough that the round trips do not count, few enough that other writers get their turn.
const EVENTS_AT_A_TIME: usize = 20_000;

/// What became of imported interactions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// First of their user, resource and type.
    pub new: u64,
    /// Repeats, newer than what was stored.
    pub repeated: u64,
    /// Not newer than what was stored: taken for what was imported before, and left out.
    pub already_known: u64,
    /// Places, in what was handed in, of those whose resource is unknown or deleted; left out.
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

/// An import of which all is kept or nothing: until [`ImportSession::commit`] no one else sees any of it, and a session
/// that is dropped leaves the store as it was. On SQLite other writers wait as long as it is open.
#[derive(Debug)]
pub struct ImportSession {
    transaction: DatabaseTransaction,
}

impl Store {
    /// Imports interactions, committing every few thousand. An event that is not newer than what is stored of its user,
    /// resource and type counts as known, so that a second run of the same import changes nothing; therefore events of
    /// one file are to be handed in oldest first (within one call they are put in order).
    ///
    /// # Errors
    /// [`StorageError::Invalid`](crate::StorageError::Invalid) for the first that breaks a rule; nothing of this call is imported then.
    pub async fn import_interactions(
        &self,
        events: &[NewInteraction],
        rules: &InteractionRules,
        now: DateTime<Utc>,
    ) -> Result<ImportReport> {
        let mut oldest_first = oldest_first(events, rules)?;
        let mut report = ImportReport::default();
        while oldest_first.len() > 0 {
            let transaction = self.begin().await?;
            let part = oldest_first.by_ref().take(EVENTS_AT_A_TIME).collect();
            import(&transaction, part, &mut report, now).await?;
            transaction.commit().await?;
        }
        report.unknown_resource.sort_unstable();
        Ok(report)
    }

    /// Begins an import that is kept as a whole or not at all.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`](crate::StorageError::Unavailable) if other writers do not make way in time.
    pub async fn begin_import(&self) -> Result<ImportSession> {
        Ok(ImportSession { transaction: self.begin().await? })
    }
}

impl ImportSession {
    /// As [`Store::upsert_resources`].
    ///
    /// # Errors
    /// As there. The session is then of no more use, and what it wrote is lost with it.
    pub async fn write_resources(
        &self,
        resources: &[Resource],
        now: DateTime<Utc>,
    ) -> Result<Vec<UpsertOutcome>> {
        resources::check(resources)?;
        resources::write(&self.transaction, resources, now).await
    }

    /// As [`Store::import_interactions`].
    ///
    /// # Errors
    /// As there. The session is then of no more use, and what it wrote is lost with it.
    pub async fn write_interactions(
        &self,
        events: &[NewInteraction],
        rules: &InteractionRules,
        now: DateTime<Utc>,
    ) -> Result<ImportReport> {
        let mut oldest_first = oldest_first(events, rules)?;
        let mut report = ImportReport::default();
        while oldest_first.len() > 0 {
            let part = oldest_first.by_ref().take(EVENTS_AT_A_TIME).collect();
            import(&self.transaction, part, &mut report, now).await?;
        }
        report.unknown_resource.sort_unstable();
        Ok(report)
    }

    /// Keeps everything.
    ///
    /// # Errors
    /// Any failure of the database; nothing is kept then.
    pub async fn commit(self) -> Result<()> {
        Ok(self.transaction.commit().await?)
    }

    /// Keeps nothing.
    ///
    /// # Errors
    /// Any failure of the database; nothing is kept then either.
    pub async fn rollback(self) -> Result<()> {
        Ok(self.transaction.rollback().await?)
    }
}

/// The events that break no rule, each with its place in what was handed in.
fn oldest_first<'a>(
    events: &'a [NewInteraction],
    rules: &InteractionRules,
) -> Result<std::vec::IntoIter<(usize, Checked<'a>)>> {
    let mut checked: Vec<_> = merge::check(events, rules)?.into_iter().enumerate().collect();
    checked.sort_by_key(|(_, event)| event.at());
    Ok(checked.into_iter())
}

async fn import<'a>(
    transaction: &DatabaseTransaction,
    events: Vec<(usize, Checked<'a>)>,
    report: &mut ImportReport,
    now: DateTime<Utc>,
) -> Result<()> {
    let (places, events): (Vec<usize>, Vec<Checked<'_>>) = events.into_iter().unzip();
    let outcomes = merge::merge(transaction, events, Repeats::OnlyNewer, now).await?;
    for (place, outcome) in places.into_iter().zip(&outcomes) {
        report.add(place, outcome);
    }
    Ok(())
}
