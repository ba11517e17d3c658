//! Why a resource is recommended: read off the components that carried its score.

use std::cell::RefCell;

use docent_domain::{Component, ComponentScores, ResourceId};
use docent_embeddings::{CONTENT_HALF_LIFE_DAYS, CONTENT_HISTORY_LEN};
use docent_graph::{Direction, PprConfig};
use docent_models::CO_INTERACTION_KIND;
use docent_ranker::{Candidate, HybridScore, Ranked, Reason, cosine};
use rustc_hash::FxHashMap;

use crate::{
    catalogue::Entry,
    component_scores::{UserContext, content_without},
    state::State,
    user_cache::{Positive, UserView},
};

/// A component that brings less than this share of a score is not a reason.
const MIN_SHARE: f64 = 0.15;
/// A score that falls by less than this without something does not rest on it: the other components change a little, too.
const MIN_FALL: f64 = 0.03;
/// What leads a walk to a resource must bring this share of all that comes there: graph scores are relative to the nearest
/// candidate, which may lose as much.
const MIN_SHARE_OF_WALK: f64 = 0.9;
/// How far the way back from a resource to what the user liked is followed.
const EDGES_WALKED_BACK: usize = 2_000;

/// The components that brought a share of a score worth telling, the strongest first. Quality is the same for everybody
/// and often the same for all, so it is neither told nor counted.
pub(crate) fn carrying(hybrid: &HybridScore) -> Vec<Component> {
    let mut shares: Vec<(f64, Component)> = hybrid.contributions.into_iter().zip(Component::ALL).collect();
    shares.retain(|(_, component)| *component != Component::Quality);
    let told: f64 = shares.iter().map(|(contribution, _)| contribution).sum();
    shares.retain(|(contribution, _)| *contribution > MIN_SHARE * told);
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    shares.into_iter().map(|(_, component)| component).collect()
}

/// Reads the reasons of one answer off its scores.
pub(crate) struct Explained<'a> {
    state: &'a State,
    context: &'a UserContext<'a>,
    user: &'a UserView,
    candidates: &'a [Candidate<'a>],
    /// The content scores that the candidates would have without one positive, by its key; made where they are asked for.
    without: RefCell<FxHashMap<u32, Option<Vec<Option<f64>>>>>,
}

impl<'a> Explained<'a> {
    pub(crate) fn new(
        state: &'a State,
        context: &'a UserContext<'a>,
        user: &'a UserView,
        candidates: &'a [Candidate<'a>],
    ) -> Self {
        Self { state, context, user, candidates, without: RefCell::default() }
    }

    /// The reasons of one recommendation, strongest component first; none where nothing true can be said.
    pub(crate) fn reasons(&self, ranked: &Ranked, scores: &ComponentScores) -> Vec<Reason<ResourceId>> {
        let Self { state, context, user, .. } = *self;
        let key = ranked.key;
        let popular = || state.is_popular(key).then_some(Reason::Popular);
        let new = || context.is_new(key).then_some(Reason::New);
        let mut reasons: Vec<Reason<u32>> =
            ranked.explored.then_some(Reason::Exploration).into_iter().collect();
        for component in carrying(&ranked.hybrid) {
            let reason = match component {
                Component::Content if context.content_from_domains => domain(state, user, key),
                Component::Content => self.similar(ranked, scores),
                Component::Collaborative if context.is_liked_by_similar_users(key, scores.collaborative) => {
                    Some(Reason::LikedBySimilarUsers)
                }
                Component::Collaborative => popular(),
                Component::Graph => self.linked(ranked, scores),
                Component::Recency => new(),
                Component::Quality => None,
            };
            reasons.extend(reason.filter(|reason| !reasons.contains(reason)));
        }
        reasons.extend(same_author(state, user, key));
        if reasons.is_empty() {
            reasons.extend(new().or_else(popular));
        }
        named(state, reasons)
    }

    /// The positive that brings most to the content score: the product of its cosine and of its weight in the profile is
    /// largest. None where the score would not fall without it.
    fn similar(&self, ranked: &Ranked, scores: &ComponentScores) -> Option<Reason<u32>> {
        let key = ranked.key;
        let vector = self.state.vectors.get(key)?;
        let newest = self.user.positives.first()?.at;
        let brought = |positive: &Positive| {
            let age_days = (newest - positive.at).as_seconds_f64() / 86_400.0;
            let weight = f64::from(positive.strength)
                * 0.5f64.powf(age_days.max(0.0) / f64::from(CONTENT_HALF_LIFE_DAYS));
            Some((weight * cosine(vector, self.state.vectors.get(positive.key)?), positive.key))
        };
        let recent = self.user.positives.iter().take(CONTENT_HISTORY_LEN);
        let others = recent.filter(|positive| positive.key != key).filter_map(brought);
        let (_, resource) = others.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
        let weight = cosine(vector, self.state.vectors.get(resource)?);
        let falls = self.falls_without(resource, ranked, scores, graph_left(self.context, resource, 0.0));
        (weight > 0.0 && falls).then_some(Reason::SimilarTo { resource, weight })
    }

    /// Whether a score falls clearly without one positive: by its content and its graph component together, of which one
    /// may gain what the other loses. `graph_left` is the share of the graph score that is left.
    fn falls_without(
        &self,
        positive: u32,
        ranked: &Ranked,
        scores: &ComponentScores,
        graph_left: f64,
    ) -> bool {
        let [_, content, graph, ..] = ranked.hybrid.contributions;
        let graph_fall = graph * (1.0 - graph_left);
        let Some(before) =
            scores.content.filter(|before| *before > 0.0 && !self.context.content_from_domains)
        else {
            return graph_fall > MIN_FALL;
        };
        let mut without = self.without.borrow_mut();
        let rest = without.entry(positive).or_insert_with(|| {
            let rest = content_without(self.state, self.user, self.context.now, Some(positive))?;
            // What is taken out of a history becomes a candidate.
            let keys: Vec<u32> = self.candidates.iter().map(|c| c.key).chain([positive]).collect();
            Some(self.context.content_scores_by(&rest, &keys))
        });
        // Without any content the others carry the score.
        let Some(rest) = rest else { return before > ranked.hybrid.score };
        let after = rest.get(ranked.position).copied().flatten().unwrap_or(0.0);
        content * (1.0 - after / before) + graph_fall > MIN_FALL
    }

    /// How the walk from what the user liked came here: by a direct link, by what people choose together, or by a way
    /// through other resources.
    fn linked(&self, ranked: &Ranked, scores: &ComponentScores) -> Option<Reason<u32>> {
        let Self { state, context, .. } = *self;
        let key = ranked.key;
        let seeds = || context.graph_seeds.iter().map(|&(seed, _)| seed);
        if let Some(direct) = seeds().find_map(|seed| link_reasons(state, key, seed).next()) {
            return Some(direct);
        }
        let only_chosen = state.graph.links(key).all(|(_, link)| link.kind == CO_INTERACTION_KIND);
        if only_chosen || seeds().any(|seed| are_chosen_together(state, key, seed)) {
            return Some(Reason::LikedBySimilarUsers);
        }
        let (resource, share) = nearest_seed(state, context, key)?;
        let falls = share > MIN_SHARE_OF_WALK
            && self.falls_without(resource, ranked, scores, graph_left(context, resource, share));
        falls.then_some(Reason::SimilarTo { resource, weight: scores.graph? })
    }
}

/// What is left of a graph score where the walk starts from the other seeds only, and this one brought a share of it.
fn graph_left(context: &UserContext<'_>, seed: u32, brought: f64) -> f64 {
    let others = 1.0 - seed_share(context, seed);
    if others > 0.0 { ((1.0 - brought) / others).max(0.0).sqrt() } else { 0.0 }
}

/// Reasons as the caller names resources.
pub(crate) fn named(state: &State, reasons: Vec<Reason<u32>>) -> Vec<Reason<ResourceId>> {
    let name = |key: u32| state.catalogue.get(key).map(|entry| entry.id.clone());
    reasons.into_iter().filter_map(|reason| reason.try_map(name)).collect()
}

/// The share of the walk in the graph that starts at a resource.
fn seed_share(context: &UserContext<'_>, key: u32) -> f64 {
    let weight = |of: Option<u32>| -> f64 {
        let seeds = context.graph_seeds.iter().filter(|(seed, _)| of.is_none_or(|of| of == *seed));
        seeds.map(|(_, weight)| f64::from(*weight)).sum()
    };
    let all = weight(None);
    if all > 0.0 { weight(Some(key)) / all } else { 0.0 }
}

/// The first of the user's domains that the subjects or the title name.
fn domain(state: &State, user: &UserView, key: u32) -> Option<Reason<u32>> {
    let entry = state.catalogue.get(key)?;
    let texts = || entry.subjects.iter().map(|subject| &**subject).chain([entry.title.as_str()]);
    let named_in = |domain: &&String| texts().any(|text| names(text, domain));
    let domain = user.profile.active_domain.iter().chain(&user.profile.research_domains).find(named_in)?;
    Some(Reason::MatchesDomain { domain: domain.clone() })
}

/// Whether a text holds a phrase, word for word.
fn names(text: &str, phrase: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let (text, phrase) = (words(text), words(phrase));
    !phrase.is_empty() && text.windows(phrase.len()).any(|window| window == phrase)
}

/// Whether the same people choose two resources.
pub(crate) fn are_chosen_together(state: &State, a: u32, b: u32) -> bool {
    state.graph.links_between(a, b).any(|link| link.kind == CO_INTERACTION_KIND)
}

/// The links from one resource to another that the user knows, without what people choose together.
pub(crate) fn link_reasons(state: &State, key: u32, liked: u32) -> impl Iterator<Item = Reason<u32>> {
    let resource = liked;
    state.graph.links_between(key, liked).filter_map(move |link| match (link.kind, link.direction) {
        (CO_INTERACTION_KIND, _) => None,
        ("citation", Direction::Outgoing) => Some(Reason::Cites { resource }),
        ("citation", Direction::Incoming) => Some(Reason::CitedBy { resource }),
        (kind, _) => Some(Reason::LinkedTo { resource, kind: kind.to_owned() }),
    })
}

/// The seed that a walk back from a resource reaches most, and its share of all that the walk brings to seeds.
fn nearest_seed(state: &State, context: &UserContext<'_>, key: u32) -> Option<(u32, f64)> {
    let config = PprConfig { max_edges_walked: EDGES_WALKED_BACK, ..state.walk() };
    let reached = state.graph.personalised_pagerank(&[(key, 1.0)], &config).ok()?;
    let mass = |(node, share): (u32, f32)| {
        let (_, weight) = context.graph_seeds.iter().find(|(seed, _)| *seed == node)?;
        Some((f64::from(share * weight), node))
    };
    let seeds: Vec<(f64, u32)> = reached.into_iter().filter_map(mass).collect();
    let all: f64 = seeds.iter().map(|(mass, _)| mass).sum();
    let (mass, seed) = seeds.into_iter().reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    Some((seed, mass / all))
}

/// The newest positive that shares an author.
fn same_author(state: &State, user: &UserView, key: u32) -> Option<Reason<u32>> {
    let entry = state.catalogue.get(key)?;
    let liked = user.positives.iter().map(|positive| positive.key).filter(|&liked| liked != key);
    let mut by_author =
        liked.filter(|&liked| state.catalogue.get(liked).is_some_and(|e| shares_author(entry, e)));
    by_author.next().map(|resource| Reason::SameAuthor { resource })
}

/// Whether two resources have an author in common.
pub(crate) fn shares_author(a: &Entry, b: &Entry) -> bool {
    a.authors.iter().any(|author| b.authors.contains(author))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_domain_is_named_word_for_word() {
        assert!(names("Deep Machine-Learning, for all", "machine learning"));
        assert!(names("Art", "art"));
        for (text, phrase) in [("Starting out", "art"), ("Machine", "machine learning"), ("Art", "-")] {
            assert!(!names(text, phrase), "{text} {phrase}");
        }
    }
}
