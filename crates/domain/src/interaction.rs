use chrono::{DateTime, Utc};

use crate::{DomainError, InteractionRules, InteractionType, NewInteraction, Signals, Strength, confidence};

/// All interactions of one user with one resource of one type, merged.
#[derive(Debug, Clone, PartialEq)]
pub struct Interaction {
    /// Kind of action that the user took.
    pub interaction_type: InteractionType,
    /// Largest strength of any of them; of ratings, that of the newest.
    pub strength: Strength,
    /// Newest value of each signal.
    pub signals: Signals,
    /// Number of repeats; 0 after the first interaction.
    pub return_visits: u32,
    /// Time of the first interaction with a known time; `None` if there is none.
    pub first_at: Option<DateTime<Utc>>,
    /// Time of the newest interaction with a known time; `None` if there is none.
    pub last_at: Option<DateTime<Utc>>,
    /// Time of the newest positive interaction with a known time; `None` if there is none. A later
    /// one that is not positive leaves it: it says nothing about what the user rejected meanwhile.
    pub positive_at: Option<DateTime<Utc>>,
}

impl Interaction {
    /// Creates the interaction from its first report.
    ///
    /// # Errors
    /// Returns the errors of [`InteractionRules::strength`].
    pub fn first(new: &NewInteraction, rules: &InteractionRules) -> Result<Self, DomainError> {
        let first = Self {
            interaction_type: new.interaction_type.clone(),
            strength: rules.strength(&new.interaction_type, &new.signals)?,
            signals: new.signals,
            return_visits: 0,
            first_at: new.at,
            last_at: new.at,
            positive_at: None,
        };
        Ok(Self { positive_at: new.at.filter(|_| first.is_positive()), ..first })
    }

    /// Merges a repeat: adds a return visit, keeps the larger strength and the newer time, and
    /// overwrites only the signals that the newer one has. A rating is an opinion: the newest one
    /// stands, with its strength. An interaction without a time is older than any with one; of two
    /// with the same time or without one, the repeat is newer.
    ///
    /// The number of visits and the times do not depend on the order of the repeats; nor does the
    /// strength, except that of ratings at the same time.
    #[must_use]
    pub fn repeated(self, repeat: &Self) -> Self {
        // `None` is less than any time.
        let (older, newer) = if repeat.last_at >= self.last_at { (&self, repeat) } else { (repeat, &self) };
        let strength = match self.interaction_type {
            InteractionType::Rating => newer.strength,
            _ => older.strength.max(newer.strength),
        };
        let merged = Self {
            strength,
            signals: older.signals.overwritten_by(newer.signals),
            return_visits: self.return_visits.saturating_add(repeat.return_visits).saturating_add(1),
            first_at: [self.first_at, repeat.first_at].into_iter().flatten().min(),
            last_at: self.last_at.max(repeat.last_at),
            positive_at: self.positive_at.max(repeat.positive_at),
            interaction_type: self.interaction_type,
        };
        // The newest rating stands, so one that was lowered is positive at no time.
        Self { positive_at: merged.positive_at.filter(|_| merged.is_positive()), ..merged }
    }

    /// Returns true for a dismissal and for a newest rating of at most 2 stars. The resource is
    /// then not recommended to this user.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        match self.interaction_type {
            InteractionType::Dismiss => true,
            InteractionType::Rating => self.signals.rating.is_some_and(|stars| stars <= 2.0),
            _ => false,
        }
    }

    /// Returns true if the strength is over the threshold and the interaction is not negative. A
    /// rating lowered to at most 2 stars is therefore not positive, even if it was higher before.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.strength.is_positive() && !self.is_negative()
    }

    /// Returns the [`confidence`] in the interaction, in `[0, 1]`.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        confidence(self.return_visits, self.strength)
    }
}

#[cfg(test)]
#[path = "interaction_tests.rs"]
mod tests;
