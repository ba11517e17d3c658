use docent_domain::{ResourceChange, ResourceId};
use docent_storage::{StoredResource, UpsertOutcome};
use rustc_hash::FxHashSet;

use super::{Engine, now};
use crate::Error;

impl Engine {
    /// Changes some fields of a resource and returns it. Fields that the change does not name keep
    /// their value. The change applies to the next answer.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown resource, [`Error::InvalidInput`] if the changed resource
    /// breaks a rule, [`Error::Unavailable`] if the database is; nothing is changed then.
    pub async fn change_resource(
        &self,
        id: &ResourceId,
        change: &ResourceChange,
    ) -> Result<StoredResource, Error> {
        let outcomes = self.change_resources(std::slice::from_ref(id), change).await?;
        match outcomes.first() {
            Some(Some(_)) => self.resource(id).await,
            _ => Err(Error::unknown_resource(id)),
        }
    }

    /// Applies one change to several resources, all or none. Returns the outcome of each, in their
    /// order; `None` for an unknown one.
    ///
    /// # Errors
    /// As [`Engine::change_resource`], except that an unknown resource is no error.
    pub async fn change_resources(
        &self,
        ids: &[ResourceId],
        change: &ResourceChange,
    ) -> Result<Vec<Option<UpsertOutcome>>, Error> {
        let locked = self.before_write().await;
        let outcomes = self.inner.store.change_resources(ids, change, now()).await?;
        let mut changes = self.after_write(locked).await;
        self.catch_up(&mut changes, &FxHashSet::default()).await?;
        Ok(outcomes)
    }
}
