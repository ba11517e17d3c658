//! Why a resource is recommended: read off the components that carried its score.

use docent_domain::{Component, ComponentScores, ResourceId};
use docent_graph::{Direction, PprConfig};
use docent_ranker::{HybridScore, Ranked, Reason, cosine};

use crate::{
    catalogue::Entry, components::Personal, model::CO_INTERACTION_KIND, state::State, user::UserView,
};

/// A component that brings less than this share of a score is not a reason.
const LEAST_SHARE: f64 = 0.15;
/// How far the way back from a resource to what the user liked is followed.
const EDGES_WALKED_BACK: usize = 2_000;

/// The components that brought a share of a score worth telling, the strongest first. Quality is the same for everybody
/// and often the same for all, so it is neither told nor counted.
pub(crate) fn carrying(hybrid: &HybridScore) -> Vec<Component> {
    let mut shares: Vec<(f64, Component)> = hybrid.contributions.into_iter().zip(Component::ALL).collect();
    shares.retain(|(_, component)| *component != Component::Quality);
    let told: f64 = shares.iter().map(|(contribution, _)| contribution).sum();
    shares.retain(|(contribution, _)| *contribution > LEAST_SHARE * told);
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    shares.into_iter().map(|(_, component)| component).collect()
}

/// The reasons of one recommendation, strongest component first; none where nothing true can be said.
pub(crate) fn reasons(
    state: &State,
    personal: &Personal<'_>,
    user: &UserView,
    ranked: &Ranked,
    scores: &ComponentScores,
) -> Vec<Reason<ResourceId>> {
    let key = ranked.key;
    let popular = || state.is_popular(key).then_some(Reason::Popular);
    let new = || personal.is_new(key).then_some(Reason::New);
    let mut reasons: Vec<Reason<u32>> = Vec::new();
    for component in carrying(&ranked.hybrid) {
        let reason = match component {
            Component::Content if personal.content_from_domains => domain(state, user, key),
            Component::Content => similar(state, user, key),
            Component::Collaborative if personal.is_liked_by_similar_users(key, scores.collaborative) => {
                Some(Reason::LikedBySimilarUsers)
            }
            Component::Collaborative => popular(),
            Component::Graph => linked(state, personal, key, scores.graph),
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

/// Reasons as the caller names resources.
pub(crate) fn named(state: &State, reasons: Vec<Reason<u32>>) -> Vec<Reason<ResourceId>> {
    let name = |key: u32| state.catalogue.get(key).map(|entry| entry.id.clone());
    reasons.into_iter().filter_map(|reason| reason.try_map(name)).collect()
}

/// The positive nearest in content.
fn similar(state: &State, user: &UserView, key: u32) -> Option<Reason<u32>> {
    let vector = state.vectors.get(key)?;
    let near = user
        .positives
        .iter()
        .filter(|positive| positive.key != key)
        .filter_map(|positive| Some((cosine(vector, state.vectors.get(positive.key)?), positive.key)));
    let (weight, resource) = near.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    (weight > 0.0).then_some(Reason::SimilarTo { resource, weight })
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

/// How the walk from what the user liked came here: by a direct link, by what people choose together, or by a way
/// through other resources.
fn linked(state: &State, personal: &Personal<'_>, key: u32, nearness: Option<f64>) -> Option<Reason<u32>> {
    let seeds = || personal.graph_seeds.iter().map(|&(seed, _)| seed);
    if let Some(direct) = seeds().find_map(|seed| link_reasons(state, key, seed).next()) {
        return Some(direct);
    }
    let only_chosen = state.graph.links(key).all(|(_, link)| link.kind == CO_INTERACTION_KIND);
    if only_chosen || seeds().any(|seed| are_chosen_together(state, key, seed)) {
        return Some(Reason::LikedBySimilarUsers);
    }
    let resource = nearest_seed(state, personal, key)?;
    Some(Reason::SimilarTo { resource, weight: nearness? })
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

/// The seed that a walk back from a resource reaches most.
fn nearest_seed(state: &State, personal: &Personal<'_>, key: u32) -> Option<u32> {
    let config = PprConfig { max_edges_walked: EDGES_WALKED_BACK, ..PprConfig::default() };
    let reached = state.graph.personalised_pagerank(&[(key, 1.0)], &config).ok()?;
    let mass = |(node, share): (u32, f32)| {
        let (_, weight) = personal.graph_seeds.iter().find(|(seed, _)| *seed == node)?;
        Some((share * weight, node))
    };
    let seeds = reached.into_iter().filter_map(mass);
    seeds.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, seed)| seed)
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
