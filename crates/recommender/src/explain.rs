//! Why a resource is recommended: read off the components that carried its score.

use docent_domain::{Component, ResourceId};
use docent_graph::Direction;
use docent_ranker::{Ranked, Reason, cosine};

use crate::{
    catalogue::Entry, components::Personal, model::CO_INTERACTION_KIND, state::State, user::UserView,
};

/// A component that brings less than this share of a score is not a reason.
const LEAST_SHARE: f64 = 0.15;
/// A popularity at or over this is a reason where nothing personal is.
const POPULAR_FROM: f64 = 0.5;

/// The reasons of one recommendation, strongest component first; never empty.
pub(crate) fn reasons(
    state: &State,
    personal: &Personal<'_>,
    user: &UserView,
    ranked: &Ranked,
) -> Vec<Reason<ResourceId>> {
    let key = ranked.key;
    let total = ranked.hybrid.score;
    let mut shares: Vec<(f64, Component)> = ranked
        .hybrid
        .contributions
        .into_iter()
        .zip(Component::ALL)
        .filter(|(c, _)| *c > LEAST_SHARE * total)
        .collect();
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut reasons: Vec<Reason<u32>> = Vec::new();
    for (_, component) in shares {
        match component {
            Component::Content if personal.content_from_domains => reasons.extend(domain(state, user, key)),
            Component::Content => reasons.extend(similar(state, user, key)),
            Component::Collaborative if !personal.history.is_empty() => {
                reasons.push(Reason::LikedBySimilarUsers)
            }
            Component::Collaborative => reasons.push(Reason::Popular),
            Component::Graph => reasons.extend(linked(state, user, key)),
            Component::Quality | Component::Recency => {}
        }
    }
    reasons.extend(same_author(state, user, key));
    if reasons.is_empty() {
        let is_popular = state.popularity(key) >= POPULAR_FROM;
        reasons.push(if is_popular { Reason::Popular } else { Reason::New });
    }
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

/// The user's domain that is among the subjects, or else the one they are active in.
fn domain(state: &State, user: &UserView, key: u32) -> Option<Reason<u32>> {
    let entry = state.catalogue.get(key)?;
    let domains = || user.profile.active_domain.iter().chain(&user.profile.research_domains);
    let among_subjects = |domain: &&String| entry.subjects.iter().any(|s| s.eq_ignore_ascii_case(domain));
    let domain = domains().find(among_subjects).or_else(|| domains().next())?;
    Some(Reason::MatchesDomain { domain: domain.clone() })
}

/// A direct link to something the user liked, newest first.
fn linked(state: &State, user: &UserView, key: u32) -> Option<Reason<u32>> {
    user.positives.iter().find_map(|positive| {
        let resource = positive.key;
        state.graph.links_between(key, resource).find_map(|link| match (link.kind, link.direction) {
            (CO_INTERACTION_KIND, _) => None,
            ("citation", Direction::Outgoing) => Some(Reason::Cites { resource }),
            ("citation", Direction::Incoming) => Some(Reason::CitedBy { resource }),
            (kind, _) => Some(Reason::LinkedTo { resource, kind: kind.to_owned() }),
        })
    })
}

fn same_author(state: &State, user: &UserView, key: u32) -> Option<Reason<u32>> {
    let entry = state.catalogue.get(key)?;
    let shares = |other: &Entry| entry.authors.iter().any(|author| other.authors.contains(author));
    let liked = user.positives.iter().filter(|positive| positive.key != key);
    let author =
        liked.filter_map(|p| Some((p.key, state.catalogue.get(p.key)?))).find(|(_, other)| shares(other))?;
    Some(Reason::SameAuthor { resource: author.0 })
}
