use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{DomainError, UnitInterval, resource::text_of};

/// A user with fewer interactions than this is a cold start.
pub const COLD_START_BELOW: u64 = 5;
/// Maximum number of research domains in a profile.
pub const MAX_RESEARCH_DOMAINS: usize = 10;
/// Maximum number of excluded sources, and of preferred sources, in a profile.
pub const MAX_EXCLUDED_SOURCES: usize = 50;
/// Maximum number of preferred authors in a profile.
pub const MAX_PREFERRED_AUTHORS: usize = 10;
/// Age in days of the oldest positive interactions that preferred authors are learned from.
pub const PREFERRED_AUTHORS_DAYS: i64 = 90;
/// Number of interactions of a user after which preferred authors are learned again.
pub const RELEARN_AUTHORS_EVERY: u64 = 10;
/// Default share of the places of an answer that are used for exploration: one in 20.
pub const DEFAULT_EXPLORATION: UnitInterval = UnitInterval::constant(0.05);
/// Factor by which the score of a resource from a preferred source is multiplied.
pub const PREFERRED_SOURCE_FACTOR: f64 = 1.2;
const MAX_NAME_BYTES: usize = 500;

/// Preferences of a user, set by the user or learned. A profile is created on first use.
///
/// The defaults are 0.25 for diversity, 0 for novelty and 0.5 for recency: more diversity and
/// novelty cost relevance, which is for users to ask.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Wish for recommendations that differ from each other; 0 ranks by score alone.
    pub diversity_preference: UnitInterval,
    /// Wish for little-known recommendations; 0 ignores how well known a resource is.
    pub novelty_preference: UnitInterval,
    /// Wish for recent publications; 0.5 is neutral and 0 ignores recency.
    pub recency_bias: UnitInterval,
    /// Fields of interest, at most [`MAX_RESEARCH_DOMAINS`].
    pub research_domains: Vec<String>,
    /// Field of interest at present.
    pub active_domain: Option<String>,
    /// Authors learned from positive interactions; see [`preferred_authors`].
    pub preferred_authors: Vec<String>,
    /// Sources whose resources are ranked higher by [`PREFERRED_SOURCE_FACTOR`], at most
    /// [`MAX_EXCLUDED_SOURCES`].
    pub preferred_sources: Vec<String>,
    /// Sources whose resources are never recommended, at most [`MAX_EXCLUDED_SOURCES`].
    pub excluded_sources: Vec<String>,
    /// Number of recorded interactions, repeats included.
    pub total_interactions: u64,
    /// Time of the newest interaction.
    pub last_active_at: Option<DateTime<Utc>>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            diversity_preference: UnitInterval::constant(0.25),
            novelty_preference: UnitInterval::constant(0.0),
            recency_bias: UnitInterval::constant(0.5),
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
    /// Checks lists and names.
    ///
    /// # Errors
    /// Returns [`DomainError::TooLong`] for the first list or name that is too long, and
    /// [`DomainError::OutOfRange`] for a name with the character U+0000.
    pub fn check(&self) -> Result<(), DomainError> {
        for (field, list, limit) in [
            ("research_domains", &self.research_domains, MAX_RESEARCH_DOMAINS),
            ("preferred_sources", &self.preferred_sources, MAX_EXCLUDED_SOURCES),
            ("excluded_sources", &self.excluded_sources, MAX_EXCLUDED_SOURCES),
            ("preferred_authors", &self.preferred_authors, MAX_PREFERRED_AUTHORS),
        ] {
            if list.len() > limit {
                return Err(DomainError::TooLong { field, limit, got: list.len() });
            }
            list.iter().try_for_each(|name| text_of(field, MAX_NAME_BYTES, name))?;
        }
        text_of("active_domain", MAX_NAME_BYTES, self.active_domain.as_deref().unwrap_or_default())
    }

    /// Returns true if the user has fewer than [`COLD_START_BELOW`] interactions.
    #[must_use]
    pub fn is_cold_start(&self) -> bool {
        self.total_interactions < COLD_START_BELOW
    }

    /// Returns the fields of interest as one text, the active one first, or `None` if there is
    /// none.
    #[must_use]
    pub fn domains_text(&self) -> Option<String> {
        let domains: Vec<&str> =
            self.active_domain.iter().chain(&self.research_domains).map(String::as_str).collect();
        if domains.is_empty() { None } else { Some(domains.join(" ")) }
    }
}

/// Returns the most frequent authors of a user's recent positive interactions, at most
/// [`MAX_PREFERRED_AUTHORS`]. Each element of `positives` is the author list of one resource; ties
/// are ordered by name.
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
    ranked.into_iter().take(MAX_PREFERRED_AUTHORS).map(|(author, _)| author.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_rules() {
        let profile = Profile::default();
        assert_eq!(profile.diversity_preference.value(), 0.25);
        assert_eq!(profile.novelty_preference.value(), 0.0);
        assert_eq!(profile.recency_bias.value(), 0.5);
    }

    #[test]
    fn the_fifth_interaction_ends_the_cold_start() {
        for (count, cold) in [(0, true), (4, true), (5, false)] {
            assert_eq!(Profile { total_interactions: count, ..Profile::default() }.is_cold_start(), cold);
        }
    }

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|i| i.to_string()).collect()
    }

    #[test]
    fn lists_have_limits() {
        let ok = Profile { research_domains: names(10), excluded_sources: names(50), ..Profile::default() };
        assert_eq!(ok.check(), Ok(()));
        assert!(Profile { research_domains: names(11), ..Profile::default() }.check().is_err());
        assert!(Profile { excluded_sources: names(51), ..Profile::default() }.check().is_err());
    }

    #[test]
    fn preferred_authors_are_the_ten_most_frequent() {
        let lists = ["ada,bob", "bob", "cy,ada,bob"]
            .map(|names| names.split(',').map(str::to_owned).collect::<Vec<String>>());
        assert_eq!(preferred_authors(lists.iter().map(Vec::as_slice)), ["bob", "ada", "cy"]);
        let many = (0..20).map(|i| format!("{i:02}")).collect::<Vec<_>>();
        assert_eq!(preferred_authors([many.as_slice()]).len(), MAX_PREFERRED_AUTHORS);
    }
}
