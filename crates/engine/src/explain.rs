//! Reasons for recommendations, derived from the components that contributed to the score.

use std::cell::RefCell;

use docent_domain::{Component, ComponentScores, ResourceId, has_phrase};
use docent_embeddings::{CONTENT_HALF_LIFE_DAYS, CONTENT_HISTORY_LEN};
use docent_graph::{Direction, PprConfig};
use docent_models::CO_INTERACTION_KIND;
use docent_ranker::{AVERAGE_SCORE, HybridScore, Ranked, Reason, cosine};
use rustc_hash::FxHashMap;

use crate::{
    catalogue::Entry,
    component_scores::ContentScores,
    prepared::Question,
    state::State,
    user_cache::UserView,
    user_context::{UserContext, content_without},
};

/// Minimum share of a score from which its component is a reason.
const MIN_SHARE: f64 = 0.15;
/// Minimum fall of a score without a positive from which the positive is a reason. The other
/// components change a little, too, so a smaller fall proves nothing.
const MIN_FALL: f64 = 0.005;
/// Minimum share of a walk's arrivals at a resource from which the seed that it started at is a
/// reason. Graph scores are relative to the nearest candidate, which may lose as much without the
/// seed.
const MIN_SHARE_OF_WALK: f64 = 0.9;
/// Maximum number of edges on the walk back from a resource to the seeds.
const MAX_EDGES_BACK: usize = 2_000;

/// Returns the components with a notable share of the score, the strongest first. Quality is the
/// same for all users and often for all resources, so it is neither a reason nor part of the sum.
pub(crate) fn carrying(hybrid: &HybridScore, scores: &ComponentScores) -> Vec<Component> {
    let mut shares: Vec<(f64, Component)> = hybrid.contributions.into_iter().zip(Component::ALL).collect();
    shares.retain(|(_, component)| *component != Component::Quality && scores.get(*component).is_some());
    let sum: f64 = shares.iter().map(|(contribution, _)| contribution).sum();
    shares.retain(|(contribution, _)| *contribution > MIN_SHARE * sum);
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    shares.into_iter().map(|(_, component)| component).collect()
}

/// Finds the reasons for the recommendations of one answer.
pub(crate) struct Explainer<'a, 's> {
    state: &'s State,
    context: &'a UserContext<'s>,
    user: &'a UserView,
    /// Content scores without one positive, by the key of the positive; computed on first use.
    without: RefCell<FxHashMap<u32, Option<ContentScores<'s>>>>,
}

impl<'a, 's> Explainer<'a, 's> {
    pub(crate) fn new(state: &'s State, context: &'a UserContext<'s>, user: &'a UserView) -> Self {
        Self { state, context, user, without: RefCell::default() }
    }

    /// Returns the reasons for one recommendation, those of the strongest component first; empty if
    /// no reason is true.
    pub(crate) fn reasons(&self, ranked: &Ranked, scores: &ComponentScores) -> Vec<Reason<ResourceId>> {
        let Self { state, context, .. } = *self;
        let key = ranked.key;
        let popular = state.is_popular(key).then_some(Reason::Popular);
        let new = context.is_new(key).then_some(Reason::New);
        let mut reasons: Vec<Reason<u32>> =
            ranked.explored.then_some(Reason::Exploration).into_iter().collect();
        for component in carrying(&ranked.hybrid, scores) {
            let reason = match component {
                Component::Content | Component::Graph => self.found(Some(component), ranked, scores),
                Component::Collaborative if context.is_liked_by_similar_users(key, scores.collaborative) => {
                    let next = self.found(Some(component), ranked, scores);
                    Some(next.unwrap_or(Reason::LikedBySimilarUsers))
                }
                Component::Collaborative => popular.clone(),
                Component::Recency => new.clone(),
                Component::Quality => None,
            };
            reasons.extend(reason.filter(|reason| !reasons.contains(reason)));
        }
        reasons.extend(self.found(None, ranked, scores));
        let named = with_ids(state, reasons);
        if named.is_empty() { with_ids(state, new.or(popular).into_iter().collect()) } else { named }
    }

    /// Returns the reason that a component gives, the authors for `None`, as an earlier answer to
    /// the user found it if one looked.
    fn found(
        &self,
        component: Option<Component>,
        ranked: &Ranked,
        scores: &ComponentScores,
    ) -> Option<Reason<u32>> {
        let Some(prepared) = &self.context.prepared else { return self.sought(component, ranked, scores) };
        let [_, content, graph, ..] = ranked.hybrid.contributions;
        let contributions = [content as f32, graph as f32];
        let question = Question { key: ranked.key, component, contributions };
        prepared.reason(question, || self.sought(component, ranked, scores))
    }

    fn sought(
        &self,
        component: Option<Component>,
        ranked: &Ranked,
        scores: &ComponentScores,
    ) -> Option<Reason<u32>> {
        let Self { state, context, user, .. } = *self;
        match component {
            Some(Component::Content) if context.content_from_domains => domain(state, user, ranked.key),
            Some(Component::Content) => self.similar(ranked, scores),
            Some(Component::Collaborative) => {
                Some(Reason::OftenNextAfter { resource: context.often_next_after(ranked.key)? })
            }
            Some(Component::Graph) => self.linked(ranked, scores),
            Some(Component::Quality | Component::Recency) => None,
            None => same_author(state, user, ranked.key),
        }
    }

    /// Returns the positive that contributes most to the content score: the one with the largest
    /// product of its cosine and of its weight in the profile, `strength * 0.5^(age / half-life)`.
    /// Returns `None` if the score would not fall without it.
    fn similar(&self, ranked: &Ranked, scores: &ComponentScores) -> Option<Reason<u32>> {
        let key = ranked.key;
        let vector = self.state.vectors.get(key)?;
        let (newest, oldest) = (self.user.positives.first()?.at, self.user.oldest_time());
        let mut strongest: Option<(f64, u32)> = None;
        for positive in self.user.positives.iter().take(CONTENT_HISTORY_LEN) {
            let Some(other) = self.state.vectors.get(positive.key).filter(|_| positive.key != key) else {
                continue;
            };
            let age_days = newest.map_or(0.0, |newest| positive.age_days(newest, oldest));
            let half_lives = age_days.max(0.0) / f64::from(CONTENT_HALF_LIFE_DAYS);
            let contribution = f64::from(positive.strength) * 0.5f64.powf(half_lives) * cosine(vector, other);
            if strongest.is_none_or(|(most, _)| contribution > most) {
                strongest = Some((contribution, positive.key));
            }
        }
        let (_, resource) = strongest?;
        let weight = cosine(vector, self.state.vectors.get(resource)?);
        let falls = self.falls_without(resource, ranked, scores, graph_left(self.context, resource, 0.0));
        (weight > 0.0 && falls).then_some(Reason::SimilarTo { resource, weight })
    }

    /// Returns true if the score falls by more than [`MIN_FALL`] without one positive. Counts the
    /// content and the graph component together, since one may gain what the other loses.
    /// `graph_left` is the remaining share of the proximity in the graph.
    fn falls_without(
        &self,
        positive: u32,
        ranked: &Ranked,
        scores: &ComponentScores,
        graph_left: f64,
    ) -> bool {
        let [_, content, graph, ..] = ranked.hybrid.contributions;
        let graph_fall = graph * self.lost_of_graph(ranked.key, graph_left);
        let Some(before) =
            scores.content.filter(|before| *before > 0.0 && !self.context.content_from_domains)
        else {
            return graph_fall > MIN_FALL;
        };
        let mut without = self.without.borrow_mut();
        let rest = without.entry(positive).or_insert_with(|| {
            let rest = content_without(self.state, self.user, self.context.now, Some(positive))?;
            Some(self.context.content.as_ref()?.for_profile(rest))
        });
        // Without a content profile, the resource would be an average one in content.
        let Some(rest) = rest else { return before > AVERAGE_SCORE };
        let after = rest.score(ranked.key).unwrap_or_default();
        content * (1.0 - after / before) + graph_fall > MIN_FALL
    }

    /// Returns the share of the graph score that is lost with all but `left` of the proximity.
    fn lost_of_graph(&self, key: u32, left: f64) -> f64 {
        let Some(near) = &self.context.graph else { return 0.0 };
        let proximity = self.context.proximity(key);
        let before = near.map.apply(proximity);
        if before > 0.0 { 1.0 - near.map.apply(proximity * left as f32) / before } else { 0.0 }
    }

    /// Returns how the walk from the user's positives reached a resource: by a direct link, by
    /// choices of the same users, or through other resources.
    fn linked(&self, ranked: &Ranked, scores: &ComponentScores) -> Option<Reason<u32>> {
        let Self { state, context, .. } = *self;
        let key = ranked.key;
        for (seed, _) in &context.graph_seeds {
            if let Some(direct) = link_reasons(state, key, *seed).next() {
                return Some(direct);
            }
        }
        let only_chosen = state.graph.links(key).all(|(_, link)| link.kind == CO_INTERACTION_KIND);
        if only_chosen || context.graph_seeds.iter().any(|(seed, _)| are_chosen_together(state, key, *seed)) {
            return Some(Reason::LikedBySimilarUsers);
        }
        let (resource, share) = nearest_seed(state, context, key)?;
        let falls = share > MIN_SHARE_OF_WALK
            && self.falls_without(resource, ranked, scores, graph_left(context, resource, share));
        falls.then_some(Reason::SimilarTo { resource, weight: scores.graph? })
    }
}

/// Returns the remaining share of a proximity if the walk starts from the other seeds only, where
/// `brought` is the share of the arrivals that started at `seed`.
///
/// The other seeds then start all of the walk in place of their share of it, which raises their
/// arrivals by `1 / others`; proximities are square roots of arrivals.
fn graph_left(context: &UserContext<'_>, seed: u32, brought: f64) -> f64 {
    let others = 1.0 - seed_share(context, seed);
    if others > 0.0 { ((1.0 - brought) / others).max(0.0).sqrt() } else { 0.0 }
}

/// Replaces keys by ids, and leaves out reasons with a resource that is hidden or deleted.
pub(crate) fn with_ids(state: &State, reasons: Vec<Reason<u32>>) -> Vec<Reason<ResourceId>> {
    reasons
        .into_iter()
        .filter_map(|reason| {
            reason.try_map(|key| {
                state.catalogue.get(key).filter(|entry| !entry.hidden).map(|entry| entry.id.clone())
            })
        })
        .collect()
}

/// Returns the share of the walk that starts at a resource.
fn seed_share(context: &UserContext<'_>, key: u32) -> f64 {
    let (mut own, mut all) = (0.0, 0.0);
    for &(seed, weight) in &context.graph_seeds {
        all += f64::from(weight);
        if seed == key {
            own += f64::from(weight);
        }
    }
    if all > 0.0 { own / all } else { 0.0 }
}

/// Returns the first domain of the user that a subject or the title names.
fn domain(state: &State, user: &UserView, key: u32) -> Option<Reason<u32>> {
    let entry = state.catalogue.get(key)?;
    for domain in user.profile.active_domain.iter().chain(&user.profile.research_domains) {
        if has_phrase(&entry.title, domain)
            || entry.subjects.iter().any(|subject| has_phrase(subject, domain))
        {
            return Some(Reason::MatchesDomain { domain: domain.clone() });
        }
    }
    None
}

/// Returns true if the same users choose both resources.
pub(crate) fn are_chosen_together(state: &State, a: u32, b: u32) -> bool {
    state.graph.links_between(a, b).any(|link| link.kind == CO_INTERACTION_KIND)
}

/// Returns a reason for each link between a resource and one that the user likes, except edges of
/// common choices.
pub(crate) fn link_reasons(state: &State, key: u32, liked: u32) -> impl Iterator<Item = Reason<u32>> {
    let resource = liked;
    state.graph.links_between(key, liked).filter_map(move |link| match (link.kind, link.direction) {
        (CO_INTERACTION_KIND, _) => None,
        ("citation", Direction::Outgoing) => Some(Reason::Cites { resource }),
        ("citation", Direction::Incoming) => Some(Reason::CitedBy { resource }),
        (kind, _) => Some(Reason::LinkedTo { resource, kind: kind.to_owned() }),
    })
}

/// Returns the seed that contributes most to the arrivals of the walk at a resource, and its share
/// of them.
///
/// Links are walked in both directions, so one walk back from the resource approximates the walks
/// from all seeds at the cost of one.
fn nearest_seed(state: &State, context: &UserContext<'_>, key: u32) -> Option<(u32, f64)> {
    let config = PprConfig { max_edges_walked: MAX_EDGES_BACK, ..state.walk_config() };
    let reached = state.graph.personalised_pagerank(&[(key, 1.0)], &config).ok()?;
    let mut all = 0.0;
    let mut nearest: Option<(f64, u32)> = None;
    for (node, share) in reached {
        let Some((_, weight)) = context.graph_seeds.iter().find(|(seed, _)| *seed == node) else { continue };
        let mass = f64::from(share * weight);
        all += mass;
        if nearest.is_none_or(|(most, _)| mass > most) {
            nearest = Some((mass, node));
        }
    }
    nearest.map(|(mass, seed)| (seed, mass / all))
}

/// Returns the newest positive that shares an author with a resource.
fn same_author(state: &State, user: &UserView, key: u32) -> Option<Reason<u32>> {
    let entry = state.catalogue.get(key)?;
    user.positives
        .iter()
        .map(|positive| positive.key)
        .filter(|&liked| liked != key)
        .find(|&liked| state.catalogue.get(liked).is_some_and(|other| shares_author(entry, other)))
        .map(|resource| Reason::SameAuthor { resource })
}

/// Returns true if two resources have an author in common.
pub(crate) fn shares_author(a: &Entry, b: &Entry) -> bool {
    a.authors.iter().any(|author| b.authors.contains(author))
}
