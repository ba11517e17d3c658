use docent_domain::{Feedback, NewInteraction, Profile, UserId};
use docent_storage::{IdempotencyKey, RecordOutcome, Recorded, StorageError, StoredProfile};

use super::{Engine, count, now};
use crate::{Error, user::read};

impl Engine {
    /// Records what people did. What is acknowledged is stored, and counts in their very next answer.
    ///
    /// In a batch, interactions with unknown resources are reported one by one and the others recorded.
    ///
    /// # Errors
    /// [`Error::Storage`] with the first rule that is broken, or an idempotency key that was used for another request;
    /// nothing is recorded then.
    pub async fn record(
        &self,
        interactions: &[NewInteraction],
        idempotency: Option<&IdempotencyKey>,
    ) -> Result<RecordOutcome, Error> {
        let rules = &self.inner.config.interactions;
        let outcome = self.inner.store.record(interactions, rules, now(), idempotency).await?;
        count::recorded(&outcome);
        for (interaction, recorded) in interactions.iter().zip(&outcome.items) {
            if matches!(recorded, Recorded::Merged { .. }) {
                self.inner.users.changed(&interaction.user_id);
                if !outcome.replayed {
                    self.count_view(interaction);
                }
            }
        }
        Ok(outcome)
    }

    fn count_view(&self, interaction: &NewInteraction) {
        let state = read(&self.inner.state);
        let key = state.catalogue.key(interaction.resource_id.as_str());
        if let Some(entry) = key.and_then(|key| state.catalogue.get(key)) {
            entry.add_views(1);
        }
    }

    /// The profile of a user; the defaults for one who was never seen. Writes nothing.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn profile(&self, user: &UserId) -> Result<Profile, Error> {
        Ok(self.inner.store.get_profile(user).await?.map(|stored| stored.profile).unwrap_or_default())
    }

    /// Replaces what a user wishes; the user is made on first use.
    ///
    /// # Errors
    /// [`Error::Storage`] for a list that is too long.
    pub async fn put_profile(&self, user: &UserId, profile: &Profile) -> Result<StoredProfile, Error> {
        let stored = self.inner.store.put_profile(user, profile, now()).await?;
        self.inner.users.changed(user);
        Ok(stored)
    }

    /// Erases a user and all their data. `false` where there is none.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn erase_user(&self, user: &UserId) -> Result<bool, Error> {
        // What was shown to them a moment ago would otherwise be written after they are gone.
        self.inner.impressions.flushed().await;
        let erased = self.inner.store.delete_user(user).await?;
        self.inner.users.changed(user);
        Ok(erased)
    }

    /// Takes in what came of a recommendation; it counts in the very next answer of who says so, or, where they are not
    /// named, of the one it was shown to. What was shown to somebody else is theirs to judge: of who was not shown it, it
    /// is kept as feedback on something that was never shown.
    ///
    /// # Errors
    /// [`Error::UnknownResource`]; [`Error::Storage`].
    pub async fn feedback(&self, feedback: &Feedback) -> Result<(), Error> {
        let user_id =
            feedback.user_id.clone().or_else(|| self.inner.impressions.shown_to(&feedback.recommendation_id));
        let feedback = Feedback { user_id, ..feedback.clone() };
        let owner = self.inner.store.put_feedback(&feedback).await.map_err(|error| match error {
            StorageError::NotFound { .. } => Error::UnknownResource(feedback.resource_id.clone()),
            other => other.into(),
        })?;
        if let Some(user) = owner {
            self.inner.users.changed(&user);
        }
        Ok(())
    }
}
