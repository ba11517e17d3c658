use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{DomainError, InteractionType, Strength};

/// Measurements that came with an interaction. An absent signal adds nothing to the strength and
/// overwrites nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Signals {
    /// Time spent on the resource, in seconds, at least 0.
    pub dwell_seconds: Option<f64>,
    /// Share of the resource that was scrolled through, in `[0, 1]`.
    pub scroll_depth: Option<f64>,
    /// Rating in stars, 0.5 to 5 in steps of 0.5.
    pub rating: Option<f64>,
    /// Quantity of the interaction, more than 0: plays, hours, pieces. It gives the strength, and
    /// the store keeps the strength alone.
    pub count: Option<f64>,
}

impl Signals {
    pub(crate) fn check(&self) -> Result<(), DomainError> {
        if let Some(dwell) = self.dwell_seconds
            && !(dwell.is_finite() && dwell >= 0.0)
        {
            return Err(DomainError::out_of_range("dwell_seconds", "a finite number, at least 0", dwell));
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
        if let Some(count) = self.count
            && !(count.is_finite() && count > 0.0)
        {
            return Err(DomainError::out_of_range("count", "a finite number, more than 0", count));
        }
        Ok(())
    }

    /// Returns these signals with each one that `newer` has replaced by it.
    pub(crate) fn overwritten_by(self, newer: Self) -> Self {
        Self {
            dwell_seconds: newer.dwell_seconds.or(self.dwell_seconds),
            scroll_depth: newer.scroll_depth.or(self.scroll_depth),
            rating: newer.rating.or(self.rating),
            count: newer.count.or(self.count),
        }
    }
}

/// The strengths of interaction types: built-in rules, and strengths of your own for built-in and
/// further types.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct InteractionRules {
    /// Strength of each additional type, by name, and of those built-in types that have another
    /// strength than the built-in one: `view`, `annotation`, `collection_add`, `export`.
    pub custom: BTreeMap<String, Strength>,
    /// Strengths of counts: plays, hours, pieces.
    #[serde(default)]
    pub counts: CountRule,
}

/// The strengths of a count of 1 and of 10. Each further tenfold leaves the same share of the
/// distance to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CountRule {
    /// Strength of a count of 1, less than 1.
    pub one: Strength,
    /// Strength of a count of 10, more than that of 1 and less than 1.
    pub ten: Strength,
}

impl Default for CountRule {
    fn default() -> Self {
        Self { one: Strength::HALF, ten: Strength::THREE_QUARTERS }
    }
}

impl CountRule {
    /// Returns the strength of a count, in `[0, 1)`:
    /// `1 - (1 - one) * ((1 - ten) / (1 - one))^log10(count)`. By default one is 0.5, ten are 0.75,
    /// a hundred are 0.875, and at most 0.1 is 0.
    ///
    /// ```
    /// use docent_domain::CountRule;
    ///
    /// assert_eq!(CountRule::default().strength(100.0), 0.875);
    /// ```
    #[must_use]
    pub fn strength(&self, count: f64) -> f64 {
        let rest = 1.0 - self.one.value();
        let of_tenfold = (1.0 - self.ten.value()) / rest;
        (1.0 - rest * of_tenfold.powf(count.log10())).clamp(0.0, 1.0)
    }

    /// Returns a count of a strength, the inverse of [`CountRule::strength`]; infinite for 1.
    #[must_use]
    pub fn count(&self, strength: Strength) -> f64 {
        let rest = 1.0 - self.one.value();
        let of_tenfold = (1.0 - self.ten.value()) / rest;
        10_f64.powf(((1.0 - strength.value()) / rest).ln() / of_tenfold.ln())
    }
}

impl InteractionRules {
    /// Returns the strength of an interaction.
    ///
    /// | type | strength |
    /// |---|---|
    /// | view | `min(0.5, 0.1 + min(0.3, dwell_seconds / 1000) + 0.1 * scroll_depth)` |
    /// | annotation | 0.7 |
    /// | collection_add | 0.8 |
    /// | export | 0.9 |
    /// | rating | `0.2 * stars` |
    /// | dismiss | 0 |
    ///
    /// A strength of your own replaces the built-in one, and an interaction with a count has the
    /// strength of [`CountRule`] instead of either. Ratings and dismissals keep theirs.
    ///
    /// # Errors
    /// Returns [`DomainError::OutOfRange`] for a signal outside its range, [`DomainError::Missing`]
    /// for a rating without stars, and [`DomainError::UnknownName`] for a type that is neither
    /// built in nor configured.
    pub fn strength(&self, kind: &InteractionType, signals: &Signals) -> Result<Strength, DomainError> {
        signals.check()?;
        let is_fixed = Self::FIXED.contains(&kind.as_str());
        let strength = match self.custom.get(kind.as_str()).filter(|_| !is_fixed) {
            Some(own) => *own,
            None => self.built_in(kind, signals)?,
        };
        match signals.count.filter(|_| !is_fixed) {
            Some(count) => Strength::new(self.counts.strength(count)),
            None => Ok(strength),
        }
    }

    fn built_in(&self, kind: &InteractionType, signals: &Signals) -> Result<Strength, DomainError> {
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
            InteractionType::Custom(name) => return Err(self.unknown(name)),
        };
        Strength::new(value)
    }

    /// Types whose strength is not a setting: that of a rating follows its stars, and a dismissal
    /// is a rejection.
    const FIXED: [&str; 2] = ["rating", "dismiss"];

    /// Checks that no strength is set for a type whose strength is fixed, and that strengths rise
    /// with counts.
    ///
    /// # Errors
    /// [`DomainError::OutOfRange`] that names the type or the count.
    pub fn check(&self) -> Result<(), DomainError> {
        let CountRule { one, ten } = self.counts;
        if !(one < ten && ten.value() < 1.0) {
            let expected = "more than counts.one and less than 1";
            return Err(DomainError::out_of_range("counts.ten", expected, ten.value()));
        }
        match Self::FIXED.into_iter().find(|kind| self.custom.contains_key(*kind)) {
            Some(kind) => Err(DomainError::out_of_range(
                format!("custom.{kind}"),
                "no strength: that of a rating follows its stars, and a dismissal has none",
                self.custom.get(kind).map_or(0.0, |strength| strength.value()),
            )),
            None => Ok(()),
        }
    }

    fn unknown(&self, name: &str) -> DomainError {
        let own = self.custom.keys().map(String::as_str);
        let own = own.filter(|name| !InteractionType::BUILT_IN.contains(name));
        let known = InteractionType::BUILT_IN.into_iter().chain(own);
        DomainError::UnknownName {
            field: "interaction_type",
            expected: known.collect::<Vec<_>>().join(", "),
            got: name.chars().take(64).collect(),
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
