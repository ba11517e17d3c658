use std::sync::Arc;

use docent_domain::{Histories, InteractionMatrix, Micros};

/// Share of the times that the latest ones may lie behind: a few clocks are always ahead.
const AHEAD: f64 = 0.001;

/// Data that collaborative models learn from.
#[derive(Debug, Clone)]
pub struct FitData {
    histories: Histories,
    likes: InteractionMatrix,
    attributes: Option<Arc<InteractionMatrix>>,
    allows_repeats: bool,
}

impl FitData {
    /// Takes the histories of users.
    #[must_use]
    pub fn new(histories: Histories) -> Self {
        let likes = histories.matrix();
        Self { histories, likes, attributes: None, allows_repeats: false }
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

    /// Returns the same data with other histories.
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
