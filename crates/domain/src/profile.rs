use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{DomainError, resource::text_of};

/// Fewer interactions than this is a cold start.
pub const COLD_START_BELOW: u64 = 5;
/// Most research domains of a profile.
pub const MAX_RESEARCH_DOMAINS: usize = 10;
/// Most excluded (or preferred) sources of a profile.
pub const MAX_EXCLUDED_SOURCES: usize = 50;
/// How many preferred authors are learned.
pub const PREFERRED_AUTHORS: usize = 10;
/// From the positives of how many days preferred authors are learned.
pub const PREFERRED_AUTHORS_DAYS: i64 = 90;
/// Preferred authors are learned again at each interaction whose number is a multiple of this.
pub const RELEARN_AUTHORS_EVERY: u64 = 10;
/// The share of an answer that explores where nothing else is configured: one place in 20.
pub const DEFAULT_EXPLORATION: Preference = Preference(0.05);
/// The score of what comes from a source that somebody prefers is multiplied by this.
pub const PREFERRED_SOURCE_FACTOR: f64 = 1.2;
const MAX_NAME_BYTES: usize = 500;

/// A wish between not at all (0) and as much as possible (1). 0 is a value like any other, never "unset".
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Preference(f64);

impl Preference {
    /// Checks the range; `field` names the value in the error.
    ///
    /// # Errors
    /// [`DomainError::OutOfRange`] outside `[0, 1]` or not finite.
    pub fn new(field: &str, value: f64) -> Result<Self, DomainError> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err(DomainError::out_of_range(field, "a number from 0 to 1", value))
        }
    }

    /// The number, in `[0, 1]`.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Preference {
    type Error = DomainError;
    fn try_from(value: f64) -> Result<Self, DomainError> {
        Self::new("preference", value)
    }
}

impl From<Preference> for f64 {
    fn from(preference: Preference) -> f64 {
        preference.0
    }
}

/// What is known of a user's wishes. Made on first use with these defaults: diversity 0.5, novelty 0.3, recency 0.5.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// How different from each other recommendations shall be.
    pub diversity_preference: Preference,
    /// How little known recommendations shall be.
    pub novelty_preference: Preference,
    /// How much new publications are preferred; 0.5 is neutral.
    pub recency_bias: Preference,
    /// Fields of interest, at most [`MAX_RESEARCH_DOMAINS`].
    pub research_domains: Vec<String>,
    /// The field of interest at present.
    pub active_domain: Option<String>,
    /// Learned from positives; see [`preferred_authors`].
    pub preferred_authors: Vec<String>,
    /// Sources to prefer, at most [`MAX_EXCLUDED_SOURCES`]: see [`PREFERRED_SOURCE_FACTOR`].
    pub preferred_sources: Vec<String>,
    /// Sources never to recommend from, at most [`MAX_EXCLUDED_SOURCES`].
    pub excluded_sources: Vec<String>,
    /// How many interactions were recorded, repeats included.
    pub total_interactions: u64,
    /// When the newest was.
    pub last_active_at: Option<DateTime<Utc>>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            diversity_preference: Preference(0.5),
            novelty_preference: Preference(0.3),
            recency_bias: Preference(0.5),
            research_domains: Vec::new(),
            active_domain: None,
            preferred_authors: Vec::new(),
            preferred_sources: Vec::new(),
            excluded_sources: Vec::new(),
            total_interactions: 0,
            last_active_at: None,
        }
    }
}

impl Profile {
    /// Checks the lengths of lists and names.
    ///
    /// # Errors
    /// [`DomainError::TooLong`] for the first list or name that is too long.
    pub fn check(&self) -> Result<(), DomainError> {
        for (field, list, limit) in [
            ("research_domains", &self.research_domains, MAX_RESEARCH_DOMAINS),
            ("preferred_sources", &self.preferred_sources, MAX_EXCLUDED_SOURCES),
            ("excluded_sources", &self.excluded_sources, MAX_EXCLUDED_SOURCES),
            ("preferred_authors", &self.preferred_authors, PREFERRED_AUTHORS),
        ] {
            if list.len() > limit {
                return Err(DomainError::TooLong { field, limit, got: list.len() });
            }
            list.iter().try_for_each(|name| text_of(field, MAX_NAME_BYTES, name))?;
        }
        text_of("active_domain", MAX_NAME_BYTES, self.active_domain.as_deref().unwrap_or_default())
    }

    /// Fewer than [`COLD_START_BELOW`] interactions.
    #[must_use]
    pub fn is_cold_start(&self) -> bool {
        self.total_interactions < COLD_START_BELOW
    }

    /// The user's fields of interest as one text, the active one first; `None` where none is known.
    #[must_use]
    pub fn domains_text(&self) -> Option<String> {
        let domains: Vec<&str> =
            self.active_domain.iter().chain(&self.research_domains).map(String::as_str).collect();
        if domains.is_empty() { None } else { Some(domains.join(" ")) }
    }
}

/// The [`PREFERRED_AUTHORS`] most frequent authors over the author lists of a user's recent positives; ties by name.
#[must_use]
pub fn preferred_authors<'a>(positives: impl IntoIterator<Item = &'a [String]>) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for authors in positives {
        for author in authors {
            *counts.entry(author).or_default() += 1;
        }
    }
    let mut ranked: Vec<(&str, usize)> = counts.into_iter().collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    ranked.into_iter().take(PREFERRED_AUTHORS).map(|(author, _)| author.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_a_preference_like_any_other() {
        assert_eq!(Preference::new("diversity", 0.0).map(Preference::value), Ok(0.0));
        for bad in [-0.01, 1.01, f64::NAN, f64::INFINITY] {
            assert!(Preference::new("diversity", bad).is_err_and(|e| e.to_string().starts_with("diversity")));
        }
    }

    #[test]
    fn defaults_are_those_of_the_rules() {
        let profile = Profile::default();
        assert_eq!(profile.diversity_preference.value(), 0.5);
        assert_eq!(profile.novelty_preference.value(), 0.3);
        assert_eq!(profile.recency_bias.value(), 0.5);
    }

    #[test]
    fn the_fifth_interaction_ends_the_cold_start() {
        for (count, cold) in [(0, true), (4, true), (5, false)] {
            assert_eq!(Profile { total_interactions: count, ..Profile::default() }.is_cold_start(), cold);
        }
    }

    #[test]
    fn lists_have_limits() {
        let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        let ok = Profile { research_domains: names(10), excluded_sources: names(50), ..Profile::default() };
        assert_eq!(ok.check(), Ok(()));
        assert!(Profile { research_domains: names(11), ..Profile::default() }.check().is_err());
        assert!(Profile { excluded_sources: names(51), ..Profile::default() }.check().is_err());
    }

    #[test]
    fn preferred_authors_are_the_ten_most_frequent() {
        let authors = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let lists = [authors(&["ada", "bob"]), authors(&["bob"]), authors(&["cy", "ada", "bob"])];
        assert_eq!(preferred_authors(lists.iter().map(Vec::as_slice)), ["bob", "ada", "cy"]);
        let many = (0..20).map(|i| format!("{i:02}")).collect::<Vec<_>>();
        assert_eq!(preferred_authors([many.as_slice()]).len(), PREFERRED_AUTHORS);
    }
}
