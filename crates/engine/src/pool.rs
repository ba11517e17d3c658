//! The resources that may be in an answer, and the factors of their scores, as sets of keys.

use docent_domain::{NOT_USEFUL_FACTOR, PREFERRED_SOURCE_FACTOR};
use docent_ranker::{Exclusion, Exclusions, Facts, Library};
use roaring::RoaringBitmap;

use crate::{RecommendRequest, catalogue::Catalogue, state::State, user_cache::UserView};

impl Library for Catalogue {
    fn key(&self, id: &str) -> Option<u32> {
        self.key(id)
    }

    fn facts(&self, key: u32) -> Option<Facts<'_>> {
        self.get(key).map(|entry| entry.facts(key))
    }
}

/// The resources that the rules of a request leave.
#[derive(Default)]
pub(crate) struct Pool {
    /// Keys of the resources that may be in the answer.
    pub allowed: RoaringBitmap,
    /// Keys of the others, by the first rule that excludes them.
    pub excluded: Vec<(Exclusion, RoaringBitmap)>,
}

impl Pool {
    pub(crate) fn of(state: &State, exclusions: &Exclusions<'_>) -> Self {
        let postings = state.catalogue.postings();
        let excluded = exclusions.sets(postings, &state.catalogue);
        let mut allowed = postings.all().clone();
        excluded.iter().for_each(|(_, keys)| allowed -= keys);
        Self { allowed, excluded }
    }
}

/// The factors of scores: boosts of the request, preferred sources, verdicts of not useful.
pub(crate) struct Factors<'a> {
    sets: Vec<(RoaringBitmap, f64)>,
    not_useful: &'a RoaringBitmap,
}

impl<'a> Factors<'a> {
    pub(crate) fn of(state: &State, user: &'a UserView, request: &RecommendRequest) -> Self {
        let postings = state.catalogue.postings();
        let boosts = request.boosts.iter();
        let mut sets: Vec<(RoaringBitmap, f64)> = boosts
            .map(|boost| (postings.matching(boost.filter(), &state.catalogue), boost.strength()))
            .collect();
        let preferred = &user.profile.preferred_sources;
        if !preferred.is_empty() {
            sets.push((postings.with_sources(preferred), PREFERRED_SOURCE_FACTOR));
        }
        Self { sets, not_useful: &user.not_useful }
    }

    /// Returns the factor of the score of a resource, all its factors multiplied.
    pub(crate) fn get(&self, key: u32) -> f64 {
        let boosts = self.sets.iter().filter(|(keys, _)| keys.contains(key)).map(|(_, factor)| factor);
        let of_verdict = if self.not_useful.contains(key) { NOT_USEFUL_FACTOR } else { 1.0 };
        boosts.product::<f64>() * of_verdict
    }

    /// Returns true if no factor is greater than 1.
    pub(crate) fn raise_nothing(&self) -> bool {
        self.sets.is_empty()
    }

    /// Returns the resources of a pool whose factor is greater than 1.
    pub(crate) fn raised(&self, pool: &RoaringBitmap) -> RoaringBitmap {
        let mut raised = RoaringBitmap::new();
        self.sets.iter().filter(|(_, factor)| *factor > 1.0).for_each(|(keys, _)| raised |= keys);
        raised &= pool;
        raised.iter().filter(|key| self.get(*key) > 1.0).collect()
    }
}
