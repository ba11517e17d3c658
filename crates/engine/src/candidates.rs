//! Candidate sources: six lists, each of the best of its kind, merged without repeats.

use docent_domain::Strategy;
use docent_linalg::top_k_where;
use docent_ranker::{Exclusions, Facts};
use rustc_hash::FxHashSet;

use crate::{CandidateCounts, Error, state::State, user_context::UserContext};

/// Number of keys that each source contributed, by the name of the source.
pub(crate) type SourceCounts = [(&'static str, usize); 6];

/// Merged candidates and where they came from.
#[derive(Default)]
pub(crate) struct Gathered {
    pub keys: Vec<u32>,
    pub sources: SourceCounts,
}

/// Gathers keys that may be recommended, without repeats.
///
/// Popular and new resources are always among them, so the list is not empty unless the catalogue
/// is. Resources for which `is_raised` holds get a second pass of their own: a boost may make one
/// worth showing although no source ranks it among its best.
///
/// # Errors
/// The first error that the live model meets.
pub(crate) fn gather(
    state: &State,
    context: &UserContext<'_>,
    exclusions: &Exclusions<'_>,
    is_raised: Option<&(dyn Fn(&Facts<'_>) -> bool + Sync)>,
    counts: &CandidateCounts,
    limit: usize,
) -> Result<Gathered, Error> {
    let mut gathered =
        best_of_each(state, context, &|facts| exclusions.reason(facts).is_none(), counts, limit)?;
    if let Some(is_raised) = is_raised {
        let raised = best_of_each(
            state,
            context,
            &|facts| is_raised(facts) && exclusions.reason(facts).is_none(),
            counts,
            limit,
        )?;
        let known: FxHashSet<u32> = gathered.keys.iter().copied().collect();
        gathered.keys.extend(raised.keys.into_iter().filter(|key| !known.contains(key)));
        for ((_, count), (_, more)) in gathered.sources.iter_mut().zip(raised.sources) {
            *count += more;
        }
    }
    Ok(gathered)
}

fn best_of_each(
    state: &State,
    context: &UserContext<'_>,
    is_allowed: &(dyn Fn(&Facts<'_>) -> bool + Sync),
    counts: &CandidateCounts,
    limit: usize,
) -> Result<Gathered, Error> {
    let allowed = |key: u32| state.catalogue.get(key).is_some_and(|entry| is_allowed(&entry.facts(key)));
    let content = match &context.content {
        Some(profile) => state.vectors.nearest(profile, counts.content, allowed),
        None => Vec::new(),
    };
    let near = context.graph.iter().flat_map(|near| &near.shares).map(|&(key, _)| key);
    let lists: [(&'static str, Vec<u32>); 6] = [
        ("collaborative", collaborative(state, context, counts.collaborative, &allowed)?),
        ("content", content.into_iter().map(|(key, _)| key).collect()),
        ("graph", first(near, counts.graph, &allowed)),
        ("popular", first(state.popular().iter().copied(), counts.popular.max(limit), &allowed)),
        ("trending", first(state.trending().iter().copied(), counts.trending, &allowed)),
        ("new", first(state.catalogue.newest(), counts.new.max(limit), &allowed)),
    ];
    let mut gathered = Gathered::default();
    let mut taken = FxHashSet::default();
    for ((source, keys), count) in lists.into_iter().zip(&mut gathered.sources) {
        *count = (source, keys.len());
        gathered.keys.extend(keys.into_iter().filter(|key| taken.insert(*key)));
    }
    Ok(gathered)
}

fn first(keys: impl Iterator<Item = u32>, count: usize, allowed: &impl Fn(u32) -> bool) -> Vec<u32> {
    keys.filter(|&key| allowed(key)).take(count).collect()
}

fn collaborative(
    state: &State,
    context: &UserContext<'_>,
    count: usize,
    allowed: &impl Fn(u32) -> bool,
) -> Result<Vec<u32>, Error> {
    let Some(blend) = context.blend.as_ref().filter(|_| count > 0) else { return Ok(Vec::new()) };
    let of_text = |key: u32| Some(blend.of_text.as_ref()?.score(state.vectors.get(key)?));
    let mut shortlist = blend.scores.shortlist()?;
    shortlist.iter_mut().for_each(|score| *score = blend.scale.apply(*score));
    let scored = (0u32..).zip(shortlist).filter_map(|(row, score)| {
        let key = state.key_of_row(row)?;
        Some((key, if state.is_chosen_row(row) { score } else { of_text(key)? }))
    });
    Ok(top_k_where(scored, count, allowed).into_iter().map(|(key, _)| key).collect())
}

/// Returns true if the component that a strategy ranks by is available for the user.
pub(crate) fn is_available(strategy: Strategy, context: &UserContext<'_>) -> bool {
    match strategy {
        Strategy::Collaborative => !context.history.is_empty(),
        Strategy::Content => context.content.is_some(),
        Strategy::Graph => context.graph.is_some(),
        Strategy::Hybrid => true,
    }
}
