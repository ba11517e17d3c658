//! Reasons that a list is shorter than requested.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use docent_ranker::Exclusion;

use crate::{
    EngineConfig, MAX_SHOWN, RecommendRequest, Shortfall, ShortfallReason, choose::exclusions, state::State,
    user_cache::UserView,
};

/// Returns the reasons that a list of `returned` resources, after the pages with the row ids
/// `shown`, is shorter than requested, the most frequent first. Reads the whole catalogue, as the
/// sources of candidates already did in vain.
pub(crate) fn shortfall(
    state: &State,
    user: &UserView,
    request: &RecommendRequest,
    shown: &BTreeSet<i64>,
    config: &EngineConfig,
    now: DateTime<Utc>,
    returned: usize,
) -> Vec<Shortfall> {
    if returned >= request.limit {
        return Vec::new();
    }
    if shown.len() + returned >= MAX_SHOWN {
        return vec![Shortfall { reason: ShortfallReason::ListLength, resources: MAX_SHOWN }];
    }
    let exclusions = exclusions(state, user, request, shown, config, now);
    let mut counts: BTreeMap<ShortfallReason, usize> = BTreeMap::new();
    for (key, entry) in state.catalogue.iter() {
        let Some(rule) = exclusions.reason(&entry.facts(key)) else { continue };
        let is_shown = || state.catalogue.row_id(key).is_some_and(|row| shown.contains(&row));
        let reason = match rule {
            Exclusion::Requested if is_shown() => ShortfallReason::EarlierPages,
            rule => ShortfallReason::Excluded(rule),
        };
        *counts.entry(reason).or_default() += 1;
    }
    let resources = state.catalogue.visible().count();
    if resources < request.limit {
        counts.insert(ShortfallReason::Catalogue, resources);
    }
    let mut reasons: Vec<Shortfall> =
        counts.into_iter().map(|(reason, resources)| Shortfall { reason, resources }).collect();
    reasons.sort_by_key(|of| std::cmp::Reverse(of.resources));
    reasons
}
