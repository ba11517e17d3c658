use serde::{Deserialize, Serialize};

use crate::DomainError;

/// An interaction is positive if its strength is strictly greater than this.
pub const POSITIVE_THRESHOLD: f64 = 0.4;
/// Strength of an interaction of the type that stands in for missing positives.
pub const SIGNAL_STRENGTH: f64 = 1.0;

/// The strength of an interaction: the degree to which it speaks for a resource, in `[0, 1]`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
#[schemars(extend("minimum" = 0, "maximum" = 1))]
pub struct Strength(f64);

impl Strength {
    /// The strength of an interaction that says nothing for the resource.
    pub const ZERO: Self = Self(0.0);
    pub(crate) const HALF: Self = Self(0.5);
    pub(crate) const THREE_QUARTERS: Self = Self(0.75);

    /// Checks the range and rounds to nine decimals, so that sums such as 0.1 + 0.2 + 0.1 compare
    /// equal to the threshold.
    ///
    /// # Errors
    /// Returns [`DomainError::OutOfRange`] if `value` is not a number in `[0, 1]`.
    pub fn new(value: f64) -> Result<Self, DomainError> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self((value * 1e9).round() / 1e9))
        } else {
            Err(DomainError::out_of_range("strength", "a number from 0 to 1", value))
        }
    }

    /// Returns the strength as a number in `[0, 1]`.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }

    /// Returns true if the strength is strictly greater than [`POSITIVE_THRESHOLD`].
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.0 > POSITIVE_THRESHOLD
    }

    pub(crate) fn max(self, other: Self) -> Self {
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

/// Returns the confidence in an interaction: `min(1, 0.2 * return_visits + 0.5 * strength)`.
#[must_use]
pub fn confidence(return_visits: u32, strength: Strength) -> f64 {
    (0.2 * f64::from(return_visits) + 0.5 * strength.value()).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_grows_with_visits_and_stops_at_one() {
        for (visits, strength, expected) in [(0, 0.1, 0.05), (1, 0.6, 0.5), (3, 1.0, 1.0), (90, 0.0, 1.0)] {
            assert!((confidence(visits, Strength::new(strength).unwrap()) - expected).abs() < 1e-12);
        }
    }
}
