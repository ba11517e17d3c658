use std::collections::HashSet;

use rustc_hash::FxHashSet;

use crate::{Facts, Filter};

/// Why a candidate is not recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exclusion {
    /// Hidden or deleted.
    Hidden,
    /// The user has positively interacted with it.
    Seen,
    /// The user dismissed it or rated it low.
    Disliked,
    /// The user excludes its source.
    Source,
    /// The request excludes it.
    Requested,
    /// Its quality is under what the request asks for.
    Quality,
    /// Its quality is far under that of the catalogue.
    Outlier,
    /// It does not meet the filter of the request.
    Filtered,
}

/// What is never recommended in one answer.
#[derive(Debug, Clone, Default)]
pub struct Exclusions<'a> {
    /// Keys the user has positively interacted with; `None` where seen ones are asked for.
    pub seen: Option<&'a FxHashSet<u32>>,
    /// Keys the user dismissed or rated low.
    pub disliked: Option<&'a FxHashSet<u32>>,
    /// Sources that the user excludes.
    pub sources: HashSet<String>,
    /// Keys that the request excludes.
    pub requested: FxHashSet<u32>,
    /// Least quality asked for; an unknown quality counts as 0.5.
    pub min_quality: Option<f64>,
    /// Known quality under this is an outlier; see [`quality_fence`].
    pub fence: Option<f64>,
    /// What the request wants.
    pub filter: Option<&'a Filter>,
}

impl Exclusions<'_> {
    /// The first reason not to recommend a candidate, if there is one.
    #[must_use]
    pub fn reason(&self, facts: &Facts<'_>) -> Option<Exclusion> {
        let quality = facts.quality.unwrap_or(docent_domain::UNKNOWN_QUALITY);
        let among = |keys: Option<&FxHashSet<u32>>| keys.is_some_and(|keys| keys.contains(&facts.key));
        if facts.hidden {
            Some(Exclusion::Hidden)
        } else if among(self.seen) {
            Some(Exclusion::Seen)
        } else if among(self.disliked) {
            Some(Exclusion::Disliked)
        } else if facts.source.is_some_and(|source| self.sources.contains(source)) {
            Some(Exclusion::Source)
        } else if self.requested.contains(&facts.key) {
            Some(Exclusion::Requested)
        } else if self.min_quality.is_some_and(|least| quality < least) {
            Some(Exclusion::Quality)
        } else if facts.quality.is_some_and(|quality| self.fence.is_some_and(|fence| quality < fence)) {
            Some(Exclusion::Outlier)
        } else if self.filter.is_some_and(|filter| !filter.accepts(facts)) {
            Some(Exclusion::Filtered)
        } else {
            None
        }
    }
}

/// The outer fence of Tukey (1977) under the known qualities of a catalogue: first quartile minus three times the
/// interquartile range. `None` for fewer than 20 values, of which none can be called an outlier.
#[must_use]
pub fn quality_fence(qualities: &[f64]) -> Option<f64> {
    const FEWEST: usize = 20;
    if qualities.len() < FEWEST {
        return None;
    }
    let mut ascending = qualities.to_vec();
    ascending.sort_by(f64::total_cmp);
    let first = *ascending.get(ascending.len() / 4)?;
    let third = *ascending.get(ascending.len() * 3 / 4)?;
    Some(first - 3.0 * (third - first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(key: u32) -> Facts<'static> {
        Facts { key, source: Some("journal"), quality: Some(0.6), ..Facts::default() }
    }

    #[test]
    fn each_rule_excludes_what_it_names_and_nothing_else() {
        let (one, two) = (FxHashSet::from_iter([1]), FxHashSet::from_iter([2]));
        let none = Exclusions::default;
        let sources = HashSet::from(["journal".to_owned()]);
        let (met, not_met): (Filter, Filter) =
            ("source = 'journal'".parse().unwrap(), "quality > 0.6".parse().unwrap());
        for (expected, exclusions) in [
            (None, none()),
            (None, Exclusions { seen: Some(&two), disliked: Some(&two), requested: two.clone(), ..none() }),
            (Some(Exclusion::Seen), Exclusions { seen: Some(&one), ..none() }),
            (Some(Exclusion::Disliked), Exclusions { disliked: Some(&one), ..none() }),
            (Some(Exclusion::Requested), Exclusions { requested: one.clone(), ..none() }),
            (Some(Exclusion::Source), Exclusions { sources, ..none() }),
            (Some(Exclusion::Quality), Exclusions { min_quality: Some(0.61), ..none() }),
            (Some(Exclusion::Outlier), Exclusions { fence: Some(0.61), ..none() }),
            (None, Exclusions { filter: Some(&met), ..none() }),
            (Some(Exclusion::Filtered), Exclusions { filter: Some(&not_met), ..none() }),
        ] {
            assert_eq!(exclusions.reason(&facts(1)), expected);
        }
        let hidden = Facts { hidden: true, ..facts(1) };
        assert_eq!(Exclusions::default().reason(&hidden), Some(Exclusion::Hidden));
    }

    #[test]
    fn unknown_quality_counts_as_a_half_for_the_least_asked_for_and_is_never_an_outlier() {
        let unknown = Facts { quality: None, ..facts(1) };
        let asks = |least| Exclusions { min_quality: Some(least), fence: Some(0.9), ..Exclusions::default() };
        assert_eq!(asks(0.5).reason(&unknown), None);
        assert_eq!(asks(0.51).reason(&unknown), Some(Exclusion::Quality));
    }

    #[test]
    fn the_fence_is_far_under_the_quartiles() {
        let qualities: Vec<f64> = (0..40).map(|i| 0.6 + f64::from(i) / 100.0).collect();
        let fence = quality_fence(&qualities).unwrap();
        assert!((fence - (0.7 - 3.0 * 0.2)).abs() < 1e-9, "{fence}");
        assert_eq!(quality_fence(&[0.5; 19]), None);
    }
}
