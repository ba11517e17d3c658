use std::sync::Arc;

use docent_als::{AlsConfig, AlsModel};
use docent_domain::{Histories, InteractionMatrix, Micros};
use docent_models::{CollaborativeModel, ModelError, ModelKind};

use crate::external::ScopedMembers;

/// Share of the times that the latest ones may lie behind: a few clocks are always ahead.
const AHEAD: f64 = 0.001;

/// Data that collaborative models learn from.
#[derive(Debug, Clone)]
pub struct FitData {
    histories: Histories,
    likes: InteractionMatrix,
    attributes: Option<Arc<InteractionMatrix>>,
    allows_repeats: bool,
    /// Models that were fitted to these data elsewhere.
    members: Option<ScopedMembers>,
}

impl FitData {
    /// Takes the histories of users.
    #[must_use]
    pub fn new(histories: Histories) -> Self {
        let likes = histories.matrix();
        Self { histories, likes, attributes: None, allows_repeats: false, members: None }
    }

    /// Adds attributes of items, `[n_attributes, n_items]`.
    #[must_use]
    pub fn with_attributes(mut self, attributes: InteractionMatrix) -> Self {
        self.attributes = Some(Arc::new(attributes));
        self
    }

    /// Says that items of a history may be asked for again, as in sessions of a shop. Validation
    /// then ranks them, too.
    #[must_use]
    pub fn with_repeats(mut self) -> Self {
        self.allows_repeats = true;
        self
    }

    /// Adds the models that were fitted to these data elsewhere.
    pub(crate) fn with_members(self, members: Option<ScopedMembers>) -> Self {
        Self { members, ..self }
    }

    /// Returns false for a kind that is not fitted to these data, because others were fitted
    /// elsewhere.
    pub(super) fn allows(&self, kind: ModelKind) -> bool {
        self.members.as_ref().is_none_or(|members| members.allows(kind))
    }

    /// Returns the item-by-item model of a kind that was fitted to these data elsewhere; `None` if
    /// there is none.
    ///
    /// # Errors
    /// As [`ScopedMembers::model`].
    pub(super) fn given(&self, kind: ModelKind) -> Result<Option<Box<dyn CollaborativeModel>>, ModelError> {
        self.members.as_ref().map_or(Ok(None), |members| members.model(kind))
    }

    /// Returns the factorisation of a kind that was fitted to these data elsewhere; `None` if there
    /// is none.
    ///
    /// # Errors
    /// As [`ScopedMembers::factorisation`].
    pub(super) fn given_factors(
        &self,
        kind: ModelKind,
        config: &AlsConfig,
    ) -> Result<Option<AlsModel>, ModelError> {
        let members = self.members.as_ref();
        members.map_or(Ok(None), |members| members.factorisation(kind, config, &self.likes))
    }

    /// Returns the same data with other histories. No model was fitted to those elsewhere.
    pub(super) fn with_histories(&self, histories: Histories) -> Self {
        Self {
            attributes: self.attributes.clone(),
            allows_repeats: self.allows_repeats,
            ..Self::new(histories)
        }
    }

    /// Returns the histories, each oldest first.
    #[must_use]
    pub fn histories(&self) -> &Histories {
        &self.histories
    }

    /// Returns the matrix of users by items.
    #[must_use]
    pub fn likes(&self) -> &InteractionMatrix {
        &self.likes
    }

    /// Returns the attributes of items, `[n_attributes, n_items]`.
    #[must_use]
    pub fn attributes(&self) -> Option<&InteractionMatrix> {
        self.attributes.as_deref()
    }

    /// Returns true if items of a history may be asked for again.
    #[must_use]
    pub fn allows_repeats(&self) -> bool {
        self.allows_repeats
    }

    /// Returns the time that all but a thousandth of the events precede; `None` without times.
    #[must_use]
    pub fn latest(&self) -> Option<Micros> {
        let mut times: Vec<Micros> = self.histories.events().filter_map(|(_, event)| event.time).collect();
        let last = times.len().checked_sub(1)?;
        let at = last - (AHEAD * last as f64) as usize;
        Some(*times.select_nth_unstable(at).1)
    }
}
