use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{DomainError, ResourceId, UserId};

/// A strength strictly above this is positive.
pub const POSITIVE_THRESHOLD: f64 = 0.4;

/// How strongly an interaction speaks for a resource: a finite number in `[0, 1]`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Strength(f64);

impl Strength {
    /// Nothing said for the resource.
    pub const ZERO: Self = Self(0.0);

    /// Checks the range and rounds to nine decimals, so that sums such as 0.1 + 0.2 + 0.1 meet the threshold exactly.
    ///
    /// # Errors
    /// [`DomainError::OutOfRange`] outside `[0, 1]` or not finite.
    pub fn new(value: f64) -> Result<Self, DomainError> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self((value * 1e9).round() / 1e9))
        } else {
            Err(DomainError::out_of_range("strength", "a number from 0 to 1", value))
        }
    }

    /// The number, in `[0, 1]`.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }

    /// Whether the strength is strictly above [`POSITIVE_THRESHOLD`].
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.0 > POSITIVE_THRESHOLD
    }

    fn max(self, other: Self) -> Self {
        if other.0 > self.0 { other } else { self }
    }
}

impl TryFrom<f64> for Strength {
    type Error = DomainError;
    fn try_from(value: f64) -> Result<Self, DomainError> {
        Self::new(value)
    }
}

impl From<Strength> for f64 {
    fn from(strength: Strength) -> f64 {
        strength.0
    }
}

/// What a user did with a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum InteractionType {
    /// Looked at it; [`Signals::dwell_seconds`] and [`Signals::scroll_depth`] say how closely.
    View,
    /// Wrote a note on it.
    Annotation,
    /// Put it in a collection.
    CollectionAdd,
    /// Exported or downloaded it.
    Export,
    /// Gave it 0.5 to 5 stars, in [`Signals::rating`].
    Rating,
    /// Asked never to see it again.
    Dismiss,
    /// A type of the team's own, with the strength that [`InteractionRules`] gives it.
    Custom(String),
}

impl InteractionType {
    /// The name on the wire and in the database.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::View => "view",
            Self::Annotation => "annotation",
            Self::CollectionAdd => "collection_add",
            Self::Export => "export",
            Self::Rating => "rating",
            Self::Dismiss => "dismiss",
            Self::Custom(name) => name,
        }
    }
}

impl From<String> for InteractionType {
    fn from(name: String) -> Self {
        match name.as_str() {
            "view" => Self::View,
            "annotation" => Self::Annotation,
            "collection_add" => Self::CollectionAdd,
            "export" => Self::Export,
            "rating" => Self::Rating,
            "dismiss" => Self::Dismiss,
            _ => Self::Custom(name),
        }
    }
}

impl From<InteractionType> for String {
    fn from(kind: InteractionType) -> String {
        kind.as_str().to_owned()
    }
}

impl fmt::Display for InteractionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was measured about an interaction. An absent signal adds nothing and overwrites nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Signals {
    /// Time spent, in seconds, `>= 0`.
    pub dwell_seconds: Option<f64>,
    /// Share of the resource scrolled through, in `[0, 1]`.
    pub scroll_depth: Option<f64>,
    /// Stars, 0.5 to 5 in halves.
    pub rating: Option<f64>,
}

impl Signals {
    fn check(&self) -> Result<(), DomainError> {
        if let Some(dwell) = self.dwell_seconds
            && !(dwell.is_finite() && dwell >= 0.0)
        {
            return Err(DomainError::out_of_range("dwell_seconds", "a finite number of 0 or more", dwell));
        }
        if let Some(depth) = self.scroll_depth
            && !(0.0..=1.0).contains(&depth)
        {
            return Err(DomainError::out_of_range("scroll_depth", "a number from 0 to 1", depth));
        }
        if let Some(rating) = self.rating
            && !((0.5..=5.0).contains(&rating) && (rating * 2.0).fract() == 0.0)
        {
            return Err(DomainError::out_of_range("rating", "0.5 to 5 in steps of 0.5", rating));
        }
        Ok(())
    }

    fn overwritten_by(self, newer: Self) -> Self {
        Self {
            dwell_seconds: newer.dwell_seconds.or(self.dwell_seconds),
            scroll_depth: newer.scroll_depth.or(self.scroll_depth),
            rating: newer.rating.or(self.rating),
        }
    }
}

/// The strengths of interaction types, with those a team adds of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InteractionRules {
    /// Strength of each further type, by name.
    pub custom: BTreeMap<String, Strength>,
}

impl InteractionRules {
    const BUILT_IN: [&'static str; 6] =
        ["view", "annotation", "collection_add", "export", "rating", "dismiss"];

    /// The strength of an interaction.
    ///
    /// A view is `min(0.5, 0.1 + min(0.3, dwell_seconds / 1000) + 0.1 * scroll_depth)`; an annotation 0.7; a
    /// collection add 0.8; an export 0.9; a rating `0.2 * stars`; a dismissal 0.
    ///
    /// # Errors
    /// [`DomainError::OutOfRange`] for a signal outside its range, [`DomainError::Missing`] for a rating without
    /// stars, [`DomainError::UnknownName`] for a type that is neither built in nor configured.
    pub fn strength(&self, kind: &InteractionType, signals: &Signals) -> Result<Strength, DomainError> {
        signals.check()?;
        let value = match kind {
            InteractionType::View => {
                let dwell = (signals.dwell_seconds.unwrap_or(0.0) / 1000.0).min(0.3);
                let scroll = 0.1 * signals.scroll_depth.unwrap_or(0.0);
                (0.1 + dwell + scroll).min(0.5)
            }
            InteractionType::Annotation => 0.7,
            InteractionType::CollectionAdd => 0.8,
            InteractionType::Export => 0.9,
            InteractionType::Rating => {
                let missing =
                    DomainError::Missing { field: "rating", why: "for an interaction of type rating" };
                0.2 * signals.rating.ok_or(missing)?
            }
            InteractionType::Dismiss => 0.0,
            InteractionType::Custom(name) => {
                return self.custom.get(name).copied().ok_or_else(|| self.unknown(name));
            }
        };
        Strength::new(value)
    }

    fn unknown(&self, name: &str) -> DomainError {
        let known = Self::BUILT_IN.into_iter().chain(self.custom.keys().map(String::as_str));
        DomainError::UnknownName {
            field: "interaction_type",
            expected: known.collect::<Vec<_>>().join(", "),
            got: name.chars().take(64).collect(),
        }
    }
}

/// An interaction as it is reported: not yet merged with what is known.
#[derive(Debug, Clone, PartialEq)]
pub struct NewInteraction {
    /// Who.
    pub user_id: UserId,
    /// With what.
    pub resource_id: ResourceId,
    /// Did what.
    pub interaction_type: InteractionType,
    /// Measured how.
    pub signals: Signals,
    /// When.
    pub at: DateTime<Utc>,
}

/// Everything known of one user, one resource and one type: a repeat is merged into it.
#[derive(Debug, Clone, PartialEq)]
pub struct Interaction {
    /// What was done.
    pub interaction_type: InteractionType,
    /// The largest strength seen.
    pub strength: Strength,
    /// The newest value of each signal.
    pub signals: Signals,
    /// How often it was repeated; 0 the first time.
    pub return_visits: u32,
    /// The time of the first.
    pub first_at: DateTime<Utc>,
    /// The time of the newest.
    pub last_at: DateTime<Utc>,
}

impl Interaction {
    /// The first interaction of its kind.
    ///
    /// # Errors
    /// As [`InteractionRules::strength`].
    pub fn first(new: &NewInteraction, rules: &InteractionRules) -> Result<Self, DomainError> {
        Ok(Self {
            interaction_type: new.interaction_type.clone(),
            strength: rules.strength(&new.interaction_type, &new.signals)?,
            signals: new.signals,
            return_visits: 0,
            first_at: new.at,
            last_at: new.at,
        })
    }

    /// This interaction after a repeat: one more return visit, the larger strength, the newer time, and the newer of
    /// the signals that were given. Counts, strength and times come out the same in whatever order repeats arrive.
    #[must_use]
    pub fn repeated(self, repeat: &Self) -> Self {
        let signals = if repeat.last_at >= self.last_at {
            self.signals.overwritten_by(repeat.signals)
        } else {
            repeat.signals.overwritten_by(self.signals)
        };
        Self {
            strength: self.strength.max(repeat.strength),
            signals,
            return_visits: self.return_visits.saturating_add(repeat.return_visits).saturating_add(1),
            first_at: self.first_at.min(repeat.first_at),
            last_at: self.last_at.max(repeat.last_at),
            interaction_type: self.interaction_type,
        }
    }

    /// A dismissal, or a rating that now stands at 2 stars or less: the resource is not recommended to this user.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        match self.interaction_type {
            InteractionType::Dismiss => true,
            InteractionType::Rating => self.signals.rating.is_some_and(|stars| stars <= 2.0),
            _ => false,
        }
    }

    /// Strength over the threshold. A rating lowered to 2 stars or less is no longer positive, whatever it was before.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.strength.is_positive() && !self.is_negative()
    }

    /// See [`confidence`].
    #[must_use]
    pub fn confidence(&self) -> f64 {
        confidence(self.return_visits, self.strength)
    }
}

/// How sure an interaction is: `min(1, 0.2 * return_visits + 0.5 * strength)`.
#[must_use]
pub fn confidence(return_visits: u32, strength: Strength) -> f64 {
    (0.2 * f64::from(return_visits) + 0.5 * strength.value()).min(1.0)
}

#[cfg(test)]
#[path = "interaction_tests.rs"]
mod tests;
