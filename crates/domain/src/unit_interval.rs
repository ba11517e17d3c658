use serde::{Deserialize, Serialize};

use crate::DomainError;

/// A number in `[0, 1]`, such as a preference, a quality or a share.
///
/// The field that holds it says which. 0 is a value like any other and never means "not set".
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
#[schemars(extend("minimum" = 0, "maximum" = 1))]
pub struct UnitInterval(f64);

impl UnitInterval {
    /// Creates a constant of this crate, which must lie in `[0, 1]`.
    pub(crate) const fn constant(value: f64) -> Self {
        Self(value)
    }

    /// Checks the range. `field` names the value in the error.
    ///
    /// # Errors
    /// Returns [`DomainError::OutOfRange`] if `value` is not a number in `[0, 1]`.
    pub fn new(field: &str, value: f64) -> Result<Self, DomainError> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err(DomainError::out_of_range(field, "a number from 0 to 1", value))
        }
    }

    /// Returns the number.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for UnitInterval {
    type Error = DomainError;
    fn try_from(value: f64) -> Result<Self, DomainError> {
        Self::new("value", value)
    }
}

impl From<UnitInterval> for f64 {
    fn from(number: UnitInterval) -> f64 {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_a_value_like_any_other() {
        assert_eq!(UnitInterval::new("diversity", 0.0).map(UnitInterval::value), Ok(0.0));
        for bad in [-0.01, 1.01, f64::NAN, f64::INFINITY] {
            assert!(
                UnitInterval::new("diversity", bad).is_err_and(|e| e.to_string().starts_with("diversity"))
            );
        }
    }

    #[test]
    fn the_serialised_form_is_a_plain_number_and_reading_checks_the_range() {
        let half = UnitInterval::new("x", 0.5).unwrap();
        assert_eq!(serde_json::to_string(&half).unwrap(), "0.5");
        assert_eq!(serde_json::from_str::<UnitInterval>("0.5").unwrap(), half);
        assert!(serde_json::from_str::<UnitInterval>("1.5").is_err());
    }
}
