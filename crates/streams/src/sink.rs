use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use docent_domain::{InteractionRules, Resource, ResourceId};
use docent_positions::{Partition, advance};
use docent_storage::{ImportSession, StorageError, Store};

use crate::{Batch, DeadLetters, StreamError};

/// Outcome of a try to store a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Events and positions are on disk.
    Stored,
    /// Another reader has moved one of the partitions, or a former try of this batch was stored
    /// after all: nothing was stored. [`Sink::begin`] returns where to go on.
    Moved,
}

/// Outcome of one transaction.
enum Tried {
    Stored,
    Moved,
    /// A resource was deleted since it was checked.
    Deleted,
}

/// Way into the store for the events of one group of readers.
#[derive(Debug, Clone)]
pub struct Sink {
    store: Store,
    group: String,
    rules: InteractionRules,
    creates_missing: bool,
}

impl Sink {
    /// Creates the sink of a group of readers. With `creates_missing`, interactions create unknown
    /// resources, with their ids as titles; without it they become dead letters. A deleted resource
    /// stays deleted either way.
    #[must_use]
    pub fn new(store: Store, group: &str, rules: InteractionRules, creates_missing: bool) -> Self {
        Self { store, group: group.to_owned(), rules, creates_missing }
    }

    /// Returns the strengths of interaction types, by which [`Batch::read`] checks.
    #[must_use]
    pub fn rules(&self) -> &InteractionRules {
        &self.rules
    }

    /// Returns the offset of the next event of a partition to read: after the last one that the
    /// group has stored, `first` if it has never read the partition.
    ///
    /// # Errors
    /// Any failure of the store.
    pub async fn begin(
        &self,
        partition: &Partition,
        first: i64,
        now: DateTime<Utc>,
    ) -> Result<i64, StorageError> {
        docent_positions::begin(&self.store, &self.group, partition, first, now).await
    }

    /// Delivers the dead letters of a batch, then stores its events and moves its partitions, all
    /// in one transaction. A batch that was not stored can be given again; letters that were
    /// delivered are not delivered again then.
    ///
    /// # Errors
    /// Any failure of the store or of `dead_letters`.
    pub async fn store(
        &self,
        batch: &mut Batch,
        dead_letters: &impl DeadLetters,
        now: DateTime<Utc>,
    ) -> Result<Outcome, StreamError> {
        loop {
            let unknown = self.unknown(batch, now).await?;
            batch.refuse_unknown(|id| unknown.contains(id));
            // Before the transaction, which would otherwise hold its locks as long as this takes.
            if !batch.letters.is_empty() {
                dead_letters.deliver(&batch.letters).await.map_err(StreamError::DeadLetters)?;
                batch.letters.clear();
            }
            match self.try_to_store(batch, now).await? {
                Tried::Stored => {
                    batch.count();
                    return Ok(Outcome::Stored);
                }
                Tried::Moved => return Ok(Outcome::Moved),
                Tried::Deleted => {}
            }
        }
    }

    /// Returns the resources of the interactions that the store does not have, after it created
    /// those that it may.
    async fn unknown(&self, batch: &Batch, now: DateTime<Utc>) -> Result<HashSet<ResourceId>, StorageError> {
        let written = batch.resources();
        let ids: BTreeSet<&ResourceId> = batch.interactions().map(|event| &event.resource_id).collect();
        let ids: Vec<ResourceId> = ids.into_iter().filter(|id| !is_added(&written, id)).cloned().collect();
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        let unknown = self.store.unknown_resources(&ids).await?;
        if !self.creates_missing || unknown.is_empty() {
            return Ok(unknown);
        }
        let mut missing: Vec<ResourceId> = unknown.into_iter().collect();
        missing.sort_unstable();
        // Some ids, such as one of spaces, cannot be a title.
        let can_be_title = |id: &&ResourceId| Resource::new((*id).clone(), id.as_str()).check().is_ok();
        let named: Vec<ResourceId> = missing.iter().filter(can_be_title).cloned().collect();
        self.store.create_missing_resources(&named, now).await?;
        self.store.unknown_resources(&missing).await
    }

    async fn try_to_store(&self, batch: &Batch, now: DateTime<Utc>) -> Result<Tried, StorageError> {
        let session = self.store.begin_import().await?;
        let tried = self.write(&session, batch, now).await?;
        match tried {
            Tried::Stored => session.commit().await?,
            Tried::Moved | Tried::Deleted => session.rollback().await?,
        }
        Ok(tried)
    }

    async fn write(
        &self,
        session: &ImportSession,
        batch: &Batch,
        now: DateTime<Utc>,
    ) -> Result<Tried, StorageError> {
        // First, so that of two readers one waits before it does anything.
        if !advance(session.transaction(), &self.group, &batch.moves, now).await? {
            return Ok(Tried::Moved);
        }
        let resources = batch.resources();
        let added: Vec<Resource> = resources.values().filter_map(|last| last.cloned()).collect();
        if !added.is_empty() {
            session.write_resources(&added, now).await?;
        }
        for (id, _) in resources.iter().filter(|(_, last)| last.is_none()) {
            session.delete_resource(id, now).await?;
        }
        let interactions: Vec<_> = batch.interactions().cloned().collect();
        if interactions.is_empty() {
            return Ok(Tried::Stored);
        }
        let report = session.record(&interactions, &self.rules, now).await?;
        Ok(if report.unknown_resource.is_empty() { Tried::Stored } else { Tried::Deleted })
    }
}

/// Returns true if the last word on the resource is its content.
fn is_added(written: &std::collections::BTreeMap<&ResourceId, Option<&Resource>>, id: &ResourceId) -> bool {
    written.get(id).is_some_and(Option::is_some)
}
