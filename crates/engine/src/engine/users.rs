use docent_domain::{DomainError, Feedback, InteractionType, NewInteraction, Profile, ResourceId, UserId};
use docent_storage::{
    IdempotencyKey, ProfileChange, RecordOutcome, Recorded, ResourceTotal, StorageError, StoredProfile,
    UserExport,
};

use super::{Engine, metrics, now};
use crate::{Error, state::State};

impl Engine {
    /// Records interactions. They are stored when this returns, and count in the users' next
    /// answers.
    ///
    /// An interaction with an unknown resource is reported in the outcome; the others are recorded.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] with the first rule that is broken; nothing is recorded then.
    /// [`Error::Unavailable`] if the database is.
    pub async fn record(&self, interactions: &[NewInteraction]) -> Result<RecordOutcome, Error> {
        self.record_with(interactions, None).await
    }

    /// Records interactions as [`Engine::record`] does, once for each key: a repeated call with the
    /// same key and the same digest of the request returns the first outcome and records nothing.
    ///
    /// # Errors
    /// As [`Engine::record`]; [`Error::InvalidInput`] if the key was used before with another
    /// digest.
    pub async fn record_once(
        &self,
        key: &IdempotencyKey,
        interactions: &[NewInteraction],
    ) -> Result<RecordOutcome, Error> {
        self.record_with(interactions, Some(key)).await
    }

    async fn record_with(
        &self,
        interactions: &[NewInteraction],
        idempotency: Option<&IdempotencyKey>,
    ) -> Result<RecordOutcome, Error> {
        let rules = &self.inner.config.interactions;
        let outcome = self.inner.store.record(interactions, rules, now(), idempotency).await?;
        metrics::recorded(&outcome);
        for (interaction, recorded) in interactions.iter().zip(&outcome.items) {
            if matches!(recorded, Recorded::Merged { .. }) {
                self.inner.users.changed(&interaction.user_id);
            }
        }
        for (interaction, change) in interactions.iter().zip(&outcome.changes) {
            self.count(&interaction.resource_id, *change);
        }
        Ok(outcome)
    }

    /// Takes interactions of a user with a resource back: those of one type, or of all. They no
    /// longer count in the user's next answer, and a dismissal is lifted. Returns the number of
    /// interactions, each counted once however often it was repeated.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is.
    pub async fn delete_interactions(
        &self,
        user: &UserId,
        resource: &ResourceId,
        interaction_type: Option<&InteractionType>,
    ) -> Result<u64, Error> {
        let deleted = self.inner.store.delete_interactions(user, resource, interaction_type, now()).await?;
        self.inner.users.changed(user);
        self.count(resource, deleted.change);
        Ok(deleted.interactions)
    }

    /// Makes the data of the user `from` those of `into`, who is created if absent, and deletes
    /// `from`: a visitor who signs in. Returns the number of interactions that `from` had. A repeat
    /// changes nothing.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if both are the same user, [`Error::NotFound`] if both are unknown,
    /// [`Error::Unavailable`] if the database is.
    pub async fn merge_users(&self, from: &UserId, into: &UserId) -> Result<u64, Error> {
        if from == into {
            let (expected, got) = ("another user than from_user_id", into.to_string());
            return Err(DomainError::OutOfRange { field: "into_user_id".into(), expected, got }.into());
        }
        // Queued impressions of the first user would otherwise be written after the merge.
        self.inner.impressions.flushed().await;
        let merged = self.inner.store.merge_users(from, into, now()).await?;
        self.inner.users.changed(from);
        self.inner.users.changed(into);
        let state = self.inner.state.read();
        for (row_id, change) in &merged.changes {
            self.count_key(&state, state.catalogue.key_of_row_id(*row_id), *change);
        }
        Ok(merged.interactions)
    }

    /// Adds to the sums of a resource in memory.
    fn count(&self, resource: &ResourceId, change: ResourceTotal) {
        let state = self.inner.state.read();
        self.count_key(&state, state.catalogue.key(resource.as_str()), change);
    }

    fn count_key(&self, state: &State, key: Option<u32>, change: ResourceTotal) {
        if self.inner.replicas.is_following() {
            // It comes from the log.
            return;
        }
        if let Some(entry) = key.and_then(|key| state.catalogue.get(key)) {
            entry.add(change);
            self.summary_is_due();
        }
    }

    /// Returns the profile of a user; the defaults for an unknown user. Writes nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is.
    pub async fn profile(&self, user: &UserId) -> Result<Profile, Error> {
        Ok(self.inner.store.get_profile(user).await?.map(|stored| stored.profile).unwrap_or_default())
    }

    /// Replaces the preferences of a user, who is created on first use.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a list that is too long; [`Error::Unavailable`] if the database
    /// is.
    pub async fn put_profile(&self, user: &UserId, profile: &Profile) -> Result<StoredProfile, Error> {
        self.update_profile(user, &ProfileChange::all_of(profile)).await
    }

    /// Changes some preferences of a user, who is created on first use. Fields that are `None` keep
    /// their value, even if another request changes it at the same time.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a list that is too long; [`Error::Unavailable`] if the database
    /// is.
    pub async fn update_profile(
        &self,
        user: &UserId,
        change: &ProfileChange,
    ) -> Result<StoredProfile, Error> {
        let stored = self.inner.store.update_profile(user, change, now()).await?;
        self.inner.users.changed(user);
        Ok(stored)
    }

    /// Erases a user and all their data. Returns `false` for an unknown user.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is.
    pub async fn erase_user(&self, user: &UserId) -> Result<bool, Error> {
        // Queued impressions would otherwise be written after the erasure.
        self.inner.impressions.flushed().await;
        let erased = self.inner.store.delete_user(user, now()).await?;
        self.inner.users.changed(user);
        let state = self.inner.state.read();
        for (row_id, change) in erased.iter().flatten() {
            self.count_key(&state, state.catalogue.key_of_row_id(*row_id), *change);
        }
        Ok(erased.is_some())
    }

    /// Deletes impressions past their retention, at most `limit` in one short transaction, and
    /// returns their number; fewer than `limit` if none is left.
    ///
    /// The server calls this regularly; an application that embeds the engine should, too.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is.
    pub async fn forget_impressions(&self, limit: u64) -> Result<u64, Error> {
        let Some(begins) = self.config().impression_retention_days.begins(now()) else { return Ok(0) };
        Ok(self.store().forget_impressions(begins, limit).await?)
    }

    /// Returns all data about a user: profile, interactions, impressions, feedback, sessions and
    /// experiments.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is.
    pub async fn export_user(&self, user: &UserId) -> Result<UserExport, Error> {
        // Queued impressions are part of the data.
        self.inner.impressions.flushed().await;
        Ok(self.inner.store.export_user(user).await?)
    }

    /// Records feedback on a recommendation. It counts in the next answer of the user who gives it.
    ///
    /// Feedback without a user belongs to the user of the answer. Feedback of another user is kept,
    /// but not as an outcome of the impression.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown resource; [`Error::Unavailable`] if the database is.
    pub async fn feedback(&self, feedback: &Feedback) -> Result<(), Error> {
        let user_id =
            feedback.user_id.clone().or_else(|| self.inner.impressions.shown_to(&feedback.recommendation_id));
        let feedback = Feedback { user_id, ..feedback.clone() };
        let owner = self.inner.store.put_feedback(&feedback).await.map_err(|error| match error {
            StorageError::NotFound { .. } => Error::unknown_resource(&feedback.resource_id),
            other => other.into(),
        })?;
        if let Some(user) = owner {
            self.inner.users.changed(&user);
        }
        Ok(())
    }
}
