//! Candidate sources: six lists, each of the best of its kind, merged without repeats.

use docent_domain::Strategy;
use docent_linalg::{dot, top_k, top_k_where};
use roaring::RoaringBitmap;
use rustc_hash::FxHashSet;

use crate::{
    CandidateCounts, Error,
    pool::Factors,
    state::State,
    user_context::{OfText, UserContext},
};

/// Number of resources up to which one after another is scored, which is quicker than a search.
const SCANNED: usize = 1_000;

/// A pool is a small part of the catalogue if it is at most one in this many: looking at each of
/// its resources is then quicker than a search that passes over the others.
const PART: u64 = 16;

/// Number of keys that each source contributed, by the name of the source.
pub(crate) type SourceCounts = [(&'static str, usize); 6];

/// Merged candidates and where they came from.
#[derive(Default)]
pub(crate) struct Gathered {
    pub keys: Vec<u32>,
    pub sources: SourceCounts,
}

/// Gathers keys of a pool, without repeats.
///
/// Popular and new resources are always among them, so the list is not empty unless the pool is.
/// Resources whose scores are raised get a second pass of their own: a boost may make one worth
/// showing although no source ranks it among its best. Of a small part of the catalogue, as a
/// filter leaves it, all are candidates.
///
/// # Errors
/// The first error that the live model meets.
pub(crate) fn gather(
    state: &State,
    context: &UserContext<'_>,
    pool: &RoaringBitmap,
    factors: &Factors<'_>,
    counts: &CandidateCounts,
    limit: usize,
) -> Result<Gathered, Error> {
    let mut gathered = best_of_each(state, context, pool, counts, limit)?;
    let raised = factors.raised(pool);
    if !raised.is_empty() {
        let raised = best_of_each(state, context, &raised, counts, limit)?;
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
    pool: &RoaringBitmap,
    counts: &CandidateCounts,
    limit: usize,
) -> Result<Gathered, Error> {
    let is_part = pool.len() * PART <= state.catalogue.len() as u64;
    if is_part && pool.len() <= counts.total() as u64 {
        return Ok(Gathered { keys: pool.iter().collect(), ..Gathered::default() });
    }
    let allowed = |key: u32| pool.contains(key);
    let content = match &context.content {
        Some(content) => nearest(state, &content.profile, counts.content, pool),
        None => Vec::new(),
    };
    let near = context.graph.iter().flat_map(|near| &near.shares).map(|&(key, _)| key);
    let lists: [(&'static str, Vec<u32>); 6] = [
        ("collaborative", collaborative(state, context, counts.collaborative, &allowed)?),
        ("content", content),
        ("graph", first(near, counts.graph, &allowed)),
        ("popular", popular(state, counts, limit, &allowed)),
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

/// Returns the most popular resources that are allowed.
pub(crate) fn popular(
    state: &State,
    counts: &CandidateCounts,
    limit: usize,
    allowed: &impl Fn(u32) -> bool,
) -> Vec<u32> {
    first(state.popular().iter().copied(), counts.popular.max(limit), allowed)
}

fn first(keys: impl Iterator<Item = u32>, count: usize, allowed: &impl Fn(u32) -> bool) -> Vec<u32> {
    keys.filter(|&key| allowed(key)).take(count).collect()
}

/// Returns the resources of a pool whose vectors have the largest products with one, `[dim]`, best
/// first. Looks at each of a pool that is a small part of the catalogue.
pub(crate) fn nearest(state: &State, vector: &[f32], count: usize, pool: &RoaringBitmap) -> Vec<u32> {
    let near = if pool.len() * PART <= state.catalogue.len() as u64 {
        let vectors = pool.iter().filter_map(|key| Some((key, state.vectors.get(key)?)));
        top_k(vectors.map(|(key, other)| (key, dot(other, vector))), count)
    } else {
        state.vectors.nearest(vector, count, |key| pool.contains(key))
    };
    near.into_iter().map(|(key, _)| key).collect()
}

fn collaborative(
    state: &State,
    context: &UserContext<'_>,
    count: usize,
    allowed: &(impl Fn(u32) -> bool + Sync),
) -> Result<Vec<u32>, Error> {
    let Some(blend) = context.blend()?.filter(|_| count > 0) else { return Ok(Vec::new()) };
    let is_candidate = |row: u32| state.is_chosen_row(row) && state.key_of_row(row).is_some_and(&allowed);
    let chosen = blend.scores.candidates(count, &is_candidate)?.into_iter();
    let mut found: Vec<(u32, f32)> =
        chosen.filter_map(|(row, score)| Some((state.key_of_row(row)?, blend.scale.apply(score)))).collect();
    found.extend(blend.of_text.iter().flat_map(|of_text| unchosen(state, of_text, count, allowed)));
    Ok(top_k(found, count).into_iter().map(|(key, _)| key).collect())
}

/// Returns the `count` best resources that the model knows and no user has chosen, by their texts.
fn unchosen(
    state: &State,
    of_text: &OfText,
    count: usize,
    allowed: &(impl Fn(u32) -> bool + Sync),
) -> Vec<(u32, f32)> {
    let score = |key: u32| Some((key, of_text.score(state.vectors.get(key)?)));
    if state.unchosen().len() <= SCANNED {
        return top_k_where(state.unchosen().iter().filter_map(|key| score(*key)), count, allowed);
    }
    let is_candidate = |key: u32| state.chosen_row(key).is_none() && state.row(key).is_some() && allowed(key);
    let near = state.vectors.nearest(of_text.vector(), count, is_candidate).into_iter();
    near.filter_map(|(key, _)| score(key)).collect()
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
