//! Reasons that a list is shorter than requested.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use docent_ranker::Exclusion;
use roaring::RoaringBitmap;

use crate::{MAX_SHOWN, RecommendRequest, Shortfall, ShortfallReason, state::State};

/// Returns the reasons that a list of `returned` resources, after the pages with the row ids
/// `shown`, is shorter than requested, the most frequent first. `excluded` are the resources that
/// must not be in it, by rule.
pub(crate) fn shortfall(
    state: &State,
    request: &RecommendRequest,
    shown: &BTreeSet<i64>,
    excluded: &[(Exclusion, RoaringBitmap)],
    returned: usize,
) -> Vec<Shortfall> {
    if returned >= request.limit {
        return Vec::new();
    }
    if shown.len() + returned >= MAX_SHOWN {
        return vec![Shortfall { reason: ShortfallReason::ListLength, resources: MAX_SHOWN }];
    }
    let mut counts: BTreeMap<ShortfallReason, usize> = BTreeMap::new();
    for (rule, keys) in excluded {
        counts.insert(ShortfallReason::Excluded(*rule), keys.len() as usize);
        if *rule == Exclusion::Requested {
            let shown = shown.iter().filter_map(|row_id| state.catalogue.key_of_row_id(*row_id));
            let earlier = shown.filter(|key| keys.contains(*key)).count();
            counts.insert(ShortfallReason::EarlierPages, earlier);
            counts.insert(ShortfallReason::Excluded(*rule), keys.len() as usize - earlier);
        }
    }
    let postings = state.catalogue.postings();
    let resources = (postings.all().len() - postings.hidden().len()) as usize;
    if resources < request.limit {
        counts.insert(ShortfallReason::Catalogue, resources);
    }
    let mut reasons: Vec<Shortfall> =
        counts.into_iter().map(|(reason, resources)| Shortfall { reason, resources }).collect();
    // An empty catalogue is a reason, too.
    reasons.retain(|of| of.resources > 0 || of.reason == ShortfallReason::Catalogue);
    reasons.sort_by_key(|of| Reverse(of.resources));
    reasons
}
