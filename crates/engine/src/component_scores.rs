//! What is known of one user at one moment, and the component scores of candidates that follow from it.

use chrono::{DateTime, Utc};
use docent_domain::{COLD_START_BELOW, ComponentScores, Profile, UNKNOWN_QUALITY, recency};
use docent_embeddings::{ContentSignal, Document, content_profile};
use docent_graph::Graph;
use docent_linalg::dot;
use rustc_hash::FxHashMap;

use docent_models::CollaborativeModel;

use crate::{Degradation, Error, state::State, user_cache::UserView};

/// How many of the newest positives are walked from in the graph.
const GRAPH_SEEDS: usize = 50;

/// What was published this many days ago is still new.
const NEW_DAYS: i64 = 365;

/// The vectors and weights that stand for a user in each component.
pub(crate) struct UserContext<'a> {
    state: &'a State,
    /// What the model knows of what the user likes, as `(item row, confidence)`.
    pub history: Vec<(u32, f32)>,
    /// Unit vector of what the user is interested in.
    pub content: Option<Vec<f32>>,
    /// Whether `content` is that of the user's domains, for want of positives.
    pub content_from_domains: bool,
    /// Where the walk in the graph starts, newest first, with weights.
    pub graph_seeds: Vec<(u32, f32)>,
    /// Nearness in the graph by key, best first; `None` where nothing the user liked has links.
    pub graph: Option<Vec<(u32, f32)>>,
    pub now: DateTime<Utc>,
}

impl<'a> UserContext<'a> {
    pub(crate) fn of(state: &'a State, user: &UserView, now: DateTime<Utc>) -> Result<Self, Error> {
        let from_positives = content_without(state, user, now, None);
        let content_from_domains = from_positives.is_none();
        let content = match from_positives {
            Some(profile) => Some(profile),
            None => content_from_text(state, user)?,
        };
        let (history, graph_seeds) = (known_history(state, user), graph_seeds(state, user));
        let graph = walk(state, &graph_seeds)?;
        Ok(Self { state, history, content, content_from_domains, graph_seeds, graph, now })
    }

    /// How many positives the model knows.
    pub(crate) fn known(&self) -> usize {
        self.history.len()
    }

    /// Whether nothing at all is known of the user's taste.
    fn is_blank(&self) -> bool {
        self.history.is_empty() && self.content.is_none() && self.graph.is_none()
    }

    /// What cannot be had for this user, for the answer to say.
    pub(crate) fn degraded(&self) -> Vec<Degradation> {
        let mut degraded = Vec::new();
        if self.state.live.is_none() {
            degraded.push(Degradation::NoModel);
        }
        if self.popularity_stands_in() {
            degraded.push(Degradation::PopularityForCollaborative);
        }
        if self.content.is_none() {
            degraded.push(Degradation::NoContentProfile);
        }
        if self.graph.is_none() {
            degraded.push(Degradation::NoGraphSeeds);
        }
        degraded
    }

    fn popularity_stands_in(&self) -> bool {
        self.history.is_empty() && (self.state.live.is_some() || self.is_blank())
    }

    /// Whether a collaborative score says more of people alike than of popularity.
    pub(crate) fn is_liked_by_similar_users(&self, key: u32, score: Option<f64>) -> bool {
        let popularity = (1.0 - trust(self.known())) * self.state.popularity(key);
        let is_chosen = self.state.catalogue.get(key).is_some_and(|entry| entry.views() > 0);
        is_chosen && !self.history.is_empty() && score.is_some_and(|score| score > 2.0 * popularity)
    }

    /// Whether a resource was published within a year or, where that is not known, came after the model was made.
    pub(crate) fn is_new(&self, key: u32) -> bool {
        let published = self.state.catalogue.get(key).and_then(|entry| entry.published_at);
        let came_after_model = self.state.live.is_some() && self.state.row(key).is_none();
        published.map_or(came_after_model, |at| (self.now - at).num_days() <= NEW_DAYS)
    }

    /// The component scores of candidates, in their order.
    pub(crate) fn scores(&self, candidates: &[u32]) -> Result<Vec<ComponentScores>, Error> {
        let collaborative = self.collaborative(candidates)?;
        let content = self.content_scores(candidates);
        let graph = self.graph_scores(candidates);
        let entry = |key: &u32| self.state.catalogue.get(*key);
        Ok(candidates
            .iter()
            .zip(collaborative)
            .zip(content)
            .zip(graph)
            .map(|(((key, collaborative), content), graph)| ComponentScores {
                collaborative,
                content,
                graph,
                quality: Some(entry(key).and_then(|e| e.quality).unwrap_or(UNKNOWN_QUALITY)),
                recency: Some(recency(entry(key).and_then(|e| e.published_at), self.now)),
            })
            .collect())
    }

    /// The scores of the model's blend, relative to the candidates. The fewer positives a user has, the more
    /// popularity is mixed in; a resource that the model does not know has no score.
    fn collaborative(&self, candidates: &[u32]) -> Result<Vec<Option<f64>>, Error> {
        let popularity = |key: &u32| self.state.popularity(*key);
        let Some(live) = self.state.live.as_deref().filter(|_| !self.history.is_empty()) else {
            let stands_in = self.popularity_stands_in();
            return Ok(candidates.iter().map(|key| stands_in.then(|| popularity(key))).collect());
        };
        let rows: Vec<Option<u32>> = candidates.iter().map(|key| self.state.row(*key)).collect();
        let modelled: Vec<u32> = rows.iter().copied().flatten().collect();
        let mut blended = Vec::new();
        let model = &live.model.collaborative;
        if modelled.len() * 2 < model.n_items() {
            model.score(&self.history, &modelled, &mut blended)?;
        } else {
            // Asked about most of the catalogue, as evaluations do.
            let mut all = Vec::new();
            model.score_all(&self.history, &mut all)?;
            blended.extend(modelled.iter().filter_map(|row| all.get(*row as usize)));
        }
        let mut scaled = relative(&blended).into_iter();
        let trust = trust(self.known());
        // What a model makes of a resource that nobody chose is chance: it lies last, as its popularity does.
        let is_chosen = |row: u32| live.model.popularity.get(row as usize).is_some_and(|&count| count > 0);
        let mixed = |key: &u32, row: u32, score: f64| {
            if is_chosen(row) { trust * score + (1.0 - trust) * popularity(key) } else { 0.0 }
        };
        Ok(candidates
            .iter()
            .zip(rows)
            .map(|(key, row)| row.and_then(|row| Some(mixed(key, row, scaled.next()?))))
            .collect())
    }

    /// How near the profile is to what a resource says, and to what those who like it are interested in: the mean of
    /// both, each relative to the candidates. What came after the model has no audience yet; audiences that do not tell
    /// candidates apart say nothing.
    fn content_scores(&self, candidates: &[u32]) -> Vec<Option<f64>> {
        let Some(profile) = &self.content else { return vec![None; candidates.len()] };
        self.content_scores_by(profile, candidates)
    }

    /// The content scores that a profile gives.
    pub(crate) fn content_scores_by(&self, profile: &[f32], candidates: &[u32]) -> Vec<Option<f64>> {
        let own = candidates.iter().map(|key| self.state.vectors.get(*key).map(|v| dot(v, profile)));
        let audience = self.state.live.as_deref().map(|live| &live.model.audience);
        let of_audience = |key: &u32| audience?.of_item(self.state.row(*key)?).map(|v| dot(v, profile));
        let mut of_audience = scaled(candidates.iter().map(of_audience));
        if of_audience.windows(2).all(|pair| pair[0] == pair[1]) {
            of_audience.fill(None);
        }
        let both = scaled(own).into_iter().zip(of_audience);
        both.map(|(own, audience)| match (own, audience) {
            (Some(own), Some(audience)) => Some((own + audience) / 2.0),
            (own, audience) => own.or(audience),
        })
        .collect()
    }

    /// Relative to the nearest candidate; a resource without links has no score.
    fn graph_scores(&self, candidates: &[u32]) -> Vec<Option<f64>> {
        let Some(near) = &self.graph else { return vec![None; candidates.len()] };
        let by_key: FxHashMap<u32, f32> = near.iter().copied().collect();
        let nearest = candidates.iter().filter_map(|key| by_key.get(key)).copied().fold(0.0, f32::max);
        let score = |key: &u32| nearness(&self.state.graph, *key, by_key.get(key).copied(), nearest);
        candidates.iter().map(score).collect()
    }
}

/// A graph score from the walk's share of a resource and of the nearest; `None` for one without links. The square root
/// spreads what PageRank crowds near zero.
pub(crate) fn nearness(graph: &Graph, key: u32, share: Option<f32>, nearest: f32) -> Option<f64> {
    let share = share.filter(|_| nearest > 0.0).map_or(0.0, |share| f64::from(share / nearest).sqrt());
    (graph.degree(key) > 0).then_some(share)
}

/// How far the model is believed for a user with this many positives; popularity makes up the rest.
fn trust(known: usize) -> f64 {
    (known as f64 / COLD_START_BELOW as f64).min(1.0)
}

/// [`relative`] of the scores that are there.
fn scaled(scores: impl Iterator<Item = Option<f32>>) -> Vec<Option<f64>> {
    let scores: Vec<Option<f32>> = scores.collect();
    let mut scaled = relative(&scores.iter().copied().flatten().collect::<Vec<_>>()).into_iter();
    scores.iter().map(|score| score.and_then(|_| scaled.next())).collect()
}

/// Scores moved to `[0, 1]`: the least becomes 0, the largest 1; all the same become 0.5.
fn relative(scores: &[f32]) -> Vec<f64> {
    let low = scores.iter().copied().fold(f32::INFINITY, f32::min);
    let high = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let span = f64::from(high) - f64::from(low);
    scores.iter().map(|&s| if span > 0.0 { (f64::from(s) - f64::from(low)) / span } else { 0.5 }).collect()
}

/// What the model knows of what a user likes, as it takes it; empty without a model.
fn known_history(state: &State, user: &UserView) -> Vec<(u32, f32)> {
    let Some(live) = state.live.as_deref() else { return Vec::new() };
    user.positives
        .iter()
        .filter_map(|positive| Some((state.row(positive.key)?, positive.strength)))
        .filter(|(row, _)| live.model.popularity.get(*row as usize).is_some_and(|&count| count > 0))
        .collect()
}

/// The content profile from the positives, without the one that is named.
pub(crate) fn content_without(
    state: &State,
    user: &UserView,
    now: DateTime<Utc>,
    left_out: Option<u32>,
) -> Option<Vec<f32>> {
    let signals: Vec<ContentSignal<'_>> = user
        .positives
        .iter()
        .filter(|positive| Some(positive.key) != left_out)
        .filter_map(|positive| {
            let age_days = (now - positive.at).as_seconds_f64() / 86_400.0;
            let vector = state.vectors.get(positive.key)?;
            Some(ContentSignal { vector, strength: positive.strength, age_days: age_days as f32 })
        })
        .collect();
    content_profile(&signals)
}

fn content_from_text(state: &State, user: &UserView) -> Result<Option<Vec<f32>>, Error> {
    let Some(domains) = Domains::of(&user.profile) else { return Ok(None) };
    state.text_vector(&domains.document())
}

/// What a user works on and whom they read, as they or their history say.
pub(crate) struct Domains {
    subjects: Vec<String>,
    authors: Vec<String>,
    text: String,
}

impl Domains {
    pub(crate) fn of(profile: &Profile) -> Option<Self> {
        let subjects: Vec<String> =
            profile.active_domain.iter().chain(&profile.research_domains).cloned().collect();
        let authors = profile.preferred_authors.clone();
        let text = profile.domains_text().unwrap_or_default();
        (!subjects.is_empty() || !authors.is_empty()).then_some(Self { subjects, authors, text })
    }

    pub(crate) fn document(&self) -> Document<'_> {
        Document { title: "", text: &self.text, subjects: &self.subjects, authors: &self.authors }
    }
}

/// The newest positives that have links, with their strength.
pub(crate) fn graph_seeds(state: &State, user: &UserView) -> Vec<(u32, f32)> {
    let linked = user.positives.iter().filter(|positive| state.graph.degree(positive.key) > 0);
    linked.take(GRAPH_SEEDS).map(|p| (p.key, p.strength)).collect()
}

fn walk(state: &State, seeds: &[(u32, f32)]) -> Result<Option<Vec<(u32, f32)>>, Error> {
    if seeds.is_empty() {
        return Ok(None);
    }
    Ok(Some(state.graph.personalised_pagerank(seeds, &state.walk())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_links_has_no_graph_score_and_what_is_far_has_zero() {
        let edges = [docent_graph::Edge { from: 0, to: 1, kind: 0, weight: 1.0 }];
        let graph = Graph::from_edges(3, vec!["citation".into()], edges).unwrap();
        assert_eq!(nearness(&graph, 0, Some(0.25), 1.0), Some(0.5));
        assert_eq!(nearness(&graph, 1, None, 1.0), Some(0.0));
        assert_eq!(nearness(&graph, 2, None, 1.0), None);
    }

    #[test]
    fn relative_scores_run_from_0_to_1() {
        assert_eq!(relative(&[2.0, 4.0, 3.0]), [0.0, 1.0, 0.5]);
        assert_eq!(relative(&[2.0, 2.0]), [0.5, 0.5]);
        assert!(relative(&[]).is_empty());
    }
}
