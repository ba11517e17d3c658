use docent_domain::{Interaction, NewInteraction, ResourceId};
use docent_storage::{IdempotencyKey, RecordOutcome, StorageError};
use rustc_hash::FxHashSet;

use super::{Engine, now};
use crate::Error;

impl Engine {
    /// Records interactions as [`Engine::record`] does, and before that creates the resources that
    /// are unknown, with their ids as titles: for a catalogue whose content comes later. A deleted
    /// resource stays deleted, and is reported as unknown. With a key, as [`Engine::record_once`].
    ///
    /// # Errors
    /// As [`Engine::record_once`]; nothing is created then unless the database failed.
    pub async fn record_creating(
        &self,
        interactions: &[NewInteraction],
        key: Option<&IdempotencyKey>,
    ) -> Result<RecordOutcome, Error> {
        let rules = &self.inner.config.interactions;
        for (index, interaction) in interactions.iter().enumerate() {
            Interaction::first(interaction, rules)
                .map_err(|source| StorageError::Invalid { index, source })?;
        }
        let missing = self.missing(interactions);
        if !missing.is_empty() {
            let locked = self.before_write().await;
            self.inner.store.create_missing_resources(&missing, now()).await?;
            let mut changes = self.after_write(locked).await;
            self.catch_up(&mut changes, &missing.iter().map(ResourceId::as_str).collect()).await?;
        }
        match key {
            Some(key) => self.record_once(key, interactions).await,
            None => self.record(interactions).await,
        }
    }

    /// Returns the ids of resources that the catalogue in memory lacks, each once.
    fn missing(&self, interactions: &[NewInteraction]) -> Vec<ResourceId> {
        let state = self.inner.state.read();
        let mut known = FxHashSet::default();
        let ids = interactions.iter().map(|interaction| &interaction.resource_id);
        ids.filter(|id| state.catalogue.key(id.as_str()).is_none() && known.insert(id.as_str()))
            .cloned()
            .collect()
    }
}
