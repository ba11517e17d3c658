use chrono::{DateTime, Utc};
use docent_domain::UNKNOWN_QUALITY;
use roaring::RoaringBitmap;

use crate::{Facts, Filter, Library, Postings, filter::condition::lower_case};

/// The rule that keeps a candidate out of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Exclusion {
    /// The resource is hidden or deleted.
    Hidden,
    /// It is published later.
    Unpublished,
    /// The user has seen it.
    Seen,
    /// The user dismissed it or gave it a low rating.
    Disliked,
    /// The user excludes its source.
    Source,
    /// The request excludes it.
    Requested,
    /// Its quality is lower than the minimum of the request.
    Quality,
    /// Its quality is an outlier, far below that of the catalogue.
    Outlier,
    /// It does not match the filter of the request.
    Filtered,
}

/// The rules that keep candidates out of one answer.
#[derive(Debug, Clone, Default)]
pub struct Exclusions<'a> {
    /// Time after which a publication date is still to come; `None` if the request includes such
    /// resources.
    pub published_by: Option<DateTime<Utc>>,
    /// Keys of the resources that the user has seen; `None` if the request includes them.
    pub seen: Option<&'a RoaringBitmap>,
    /// Keys of the resources that the user dismissed or gave a low rating.
    pub disliked: Option<&'a RoaringBitmap>,
    /// Sources that the user excludes, in any case.
    pub sources: Vec<String>,
    /// Keys of the resources that the request excludes.
    pub requested: RoaringBitmap,
    /// Minimum quality of the request; an unknown quality counts as 0.5.
    pub min_quality: Option<f64>,
    /// Lower bound of the known qualities that are not outliers; see [`quality_fence`].
    pub fence: Option<f64>,
    /// Filter of the request.
    pub filter: Option<&'a Filter>,
}

impl Exclusions<'_> {
    /// Returns the first rule that excludes the candidate, or `None` if it may be recommended.
    #[must_use]
    pub fn reason(&self, facts: &Facts<'_>) -> Option<Exclusion> {
        let quality = facts.quality.unwrap_or(UNKNOWN_QUALITY);
        if facts.hidden {
            Some(Exclusion::Hidden)
        } else if facts.published_at.is_some_and(|at| self.published_by.is_some_and(|now| at > now)) {
            Some(Exclusion::Unpublished)
        } else if self.seen.is_some_and(|keys| keys.contains(facts.key)) {
            Some(Exclusion::Seen)
        } else if self.disliked.is_some_and(|keys| keys.contains(facts.key)) {
            Some(Exclusion::Disliked)
        } else if facts.source.is_some_and(|source| is_among(source, &self.sources)) {
            Some(Exclusion::Source)
        } else if self.requested.contains(facts.key) {
            Some(Exclusion::Requested)
        } else if self.min_quality.is_some_and(|min| quality < min) {
            Some(Exclusion::Quality)
        } else if facts.quality.is_some_and(|quality| self.fence.is_some_and(|fence| quality < fence)) {
            Some(Exclusion::Outlier)
        } else if self.filter.is_some_and(|filter| !filter.accepts(facts)) {
            Some(Exclusion::Filtered)
        } else {
            None
        }
    }

    /// Returns the keys that each rule excludes: those for which [`Exclusions::reason`] returns it.
    #[must_use]
    pub fn sets(&self, postings: &Postings, library: &dyn Library) -> Vec<(Exclusion, RoaringBitmap)> {
        let unpublished =
            self.published_by.map(|now| postings.published_after(now, library)).unwrap_or_default();
        let low = self.min_quality.map(|min| {
            let low = postings.below_quality(min, library);
            if UNKNOWN_QUALITY < min { low | (postings.all() - postings.with_quality()) } else { low }
        });
        let outliers = self.fence.map(|fence| postings.below_quality(fence, library)).unwrap_or_default();
        let filtered = self.filter.map(|filter| postings.all() - postings.matching(filter, library));
        let mut sets: Vec<(Exclusion, RoaringBitmap)> = vec![
            (Exclusion::Hidden, postings.hidden().clone()),
            (Exclusion::Unpublished, unpublished),
            (Exclusion::Seen, self.seen.cloned().unwrap_or_default()),
            (Exclusion::Disliked, self.disliked.cloned().unwrap_or_default()),
            (Exclusion::Source, postings.with_sources(&self.sources)),
            (Exclusion::Requested, self.requested.clone()),
            (Exclusion::Quality, low.unwrap_or_default()),
            (Exclusion::Outlier, outliers),
            (Exclusion::Filtered, filtered.unwrap_or_default()),
        ];
        // The first rule that excludes a resource is the reason.
        let mut excluded = RoaringBitmap::new();
        for (_, keys) in &mut sets {
            *keys -= &excluded;
            excluded |= &*keys;
        }
        sets
    }
}

/// Returns true if a source is among others, in any case.
#[must_use]
pub fn is_among(source: &str, sources: &[String]) -> bool {
    sources.iter().any(|other| lower_case(other).eq(lower_case(source)))
}

/// Returns the lower outer fence (Tukey, 1977) of the known qualities of a catalogue: the first
/// quartile minus three times the interquartile range. Returns `None` for fewer than 20 values,
/// which are too few to call one an outlier.
#[must_use]
pub fn quality_fence(qualities: &[f64]) -> Option<f64> {
    const MIN_QUALITIES: usize = 20;
    if qualities.len() < MIN_QUALITIES {
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
        let published_at = DateTime::from_timestamp(1_000, 0);
        Facts { key, source: Some("journal"), quality: Some(0.6), published_at, ..Facts::default() }
    }

    #[test]
    fn each_rule_excludes_what_it_names_and_nothing_else() {
        let (one, two) = (RoaringBitmap::from_iter([1]), RoaringBitmap::from_iter([2]));
        let none = Exclusions::default;
        let sources = vec!["Journal".to_owned()];
        let (met, not_met): (Filter, Filter) =
            ("source = 'journal'".parse().unwrap(), "quality > 0.6".parse().unwrap());
        for (expected, exclusions) in [
            (None, none()),
            (None, Exclusions { seen: Some(&two), disliked: Some(&two), requested: two.clone(), ..none() }),
            (None, Exclusions { published_by: DateTime::from_timestamp(1_000, 0), ..none() }),
            (
                Some(Exclusion::Unpublished),
                Exclusions { published_by: DateTime::from_timestamp(999, 0), ..none() },
            ),
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
    fn unknown_quality_counts_as_a_half_for_the_minimum_and_is_never_an_outlier() {
        let unknown = Facts { quality: None, ..facts(1) };
        for (min, expected) in [(0.5, None), (0.51, Some(Exclusion::Quality))] {
            let asked = Exclusions { min_quality: Some(min), fence: Some(0.9), ..Exclusions::default() };
            assert_eq!(asked.reason(&unknown), expected);
        }
    }

    #[test]
    fn the_fence_is_far_below_the_quartiles() {
        let qualities: Vec<f64> = (0..40).map(|i| 0.6 + f64::from(i) / 100.0).collect();
        let fence = quality_fence(&qualities).unwrap();
        assert!((fence - (0.7 - 3.0 * 0.2)).abs() < 1e-9, "{fence}");
        assert_eq!(quality_fence(&[0.5; 19]), None);
    }
}
