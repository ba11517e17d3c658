//! User context: the vectors of one user at one moment, from which all component scores follow.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use docent_domain::{Event, Micros, Profile, as_set};
use docent_embeddings::{ContentSignal, Document, content_profile};
use docent_linalg::dot;
use docent_models::{BlendScores, Scale, UserScores};
use docent_ranker::UnitMap;
use rustc_hash::FxHashMap;

use crate::{
    Degradation, Error,
    component_scores::{ContentScores, proximity_map},
    prepared::Prepared,
    state::{LiveModel, State},
    user_cache::{Positive, UserView},
};

/// Maximum number of positives, the newest, that a walk over the graph starts from.
const MAX_GRAPH_SEEDS: usize = 50;

/// A resource that was published at most this many days ago is new.
const NEW_DAYS: i64 = 365;

/// Vectors and seeds that represent a user in each component.
pub(crate) struct UserContext<'a> {
    pub(crate) state: &'a State,
    /// Positives that the model knows, oldest first, under its item rows.
    pub history: Vec<Event>,
    /// Scores of the model, computed on first use.
    blend: OnceLock<Blended<'a>>,
    /// Scores for the content profile: the unit vector of the user's interests.
    pub content: Option<ContentScores<'a>>,
    /// True if `content` is of the user's domains, for lack of positives.
    pub content_from_domains: bool,
    /// Start of the walk over the graph as `(key, weight)`, the newest first.
    pub graph_seeds: Vec<(u32, f32)>,
    /// Walk over the graph; `None` without seeds.
    pub graph: Option<Near>,
    /// The part that this answer, or an earlier one, left for the next.
    pub prepared: Option<Arc<Prepared>>,
    pub now: DateTime<Utc>,
}

/// A user folded into the live model.
pub(crate) struct Blended<'a> {
    pub scores: BlendScores<'a>,
    pub scale: Scale,
    /// Scores of texts, for resources that no user chose.
    pub of_text: Option<OfText>,
}

impl<'a> Blended<'a> {
    fn of(live: &'a LiveModel, history: &[Event]) -> Result<Self, Error> {
        let scores = live.collaborative.user(history)?;
        let seen: Vec<u32> = as_set(history).into_iter().map(|(row, _)| row).collect();
        let scale = scores.scale(&seen)?;
        let of_text = live.content_map.as_ref().zip(scores.factors()).map(|(map, (factors, scale))| {
            let (vector, origin) = map.of_user(factors);
            OfText { vector, origin, scale }
        });
        Ok(Self { scores, scale, of_text })
    }
}

/// A user in the space of texts, by the [`ContentMap`](docent_models::ContentMap).
pub(crate) struct OfText {
    /// `[dim]`
    vector: Vec<f32>,
    origin: f32,
    scale: Scale,
}

impl OfText {
    /// Returns the user in the space of texts, `[dim]`: the greater the dot product of a text with
    /// it, the greater the score.
    pub(crate) fn vector(&self) -> &[f32] {
        &self.vector
    }

    /// Returns the scaled score of a resource with this vector, `[dim]`, as the model would score
    /// it if users had chosen it.
    pub(crate) fn score(&self, vector: &[f32]) -> f32 {
        self.scale.apply(dot(vector, &self.vector) + self.origin)
    }
}

/// Resources near the seeds of a walk over the graph.
pub(crate) struct Near {
    /// Personalised PageRank as `(key, share)`, the nearest first.
    pub shares: Vec<(u32, f32)>,
    /// Square roots of the shares: PageRank falls off steeply with distance.
    proximities: FxHashMap<u32, f32>,
    pub map: UnitMap,
}

impl Near {
    /// `shares` are those of [`Graph::personalised_pagerank`](docent_graph::Graph), without seeds.
    fn of(shares: Vec<(u32, f32)>, n_linked: usize) -> Self {
        let proximities: FxHashMap<u32, f32> =
            shares.iter().map(|&(key, share)| (key, share.sqrt())).collect();
        let sum = shares.iter().map(|(_, share)| share.sqrt()).sum();
        let map = proximity_map(shares.iter().map(|(_, share)| share.sqrt()), sum, n_linked);
        Self { proximities, map, shares }
    }

    /// Returns the scale alone, for candidates whose proximities are prepared.
    fn prepared(map: UnitMap) -> Self {
        Self { shares: Vec::new(), proximities: FxHashMap::default(), map }
    }

    /// Returns the proximity of a resource; 0 for one that the walk does not reach.
    pub(crate) fn proximity(&self, key: u32) -> f32 {
        self.proximities.get(&key).copied().unwrap_or_default()
    }
}

impl<'a> UserContext<'a> {
    pub(crate) fn of(state: &'a State, user: &UserView, now: DateTime<Utc>) -> Result<Self, Error> {
        let from_positives = content_without(state, user, now, None);
        let content_from_domains = from_positives.is_none();
        let content = match from_positives {
            Some(profile) => Some(profile),
            None => content_from_domains_of(state, user)?,
        };
        let (history, graph_seeds) = (known_history(state, user), graph_seeds(state, user));
        let graph = walk(state, &graph_seeds)?;
        let content = content.map(|profile| ContentScores::of(state, profile));
        let (blend, prepared) = (OnceLock::new(), None);
        let context =
            Self { state, history, blend, content, content_from_domains, graph_seeds, graph, prepared, now };
        context.blend()?;
        Ok(context)
    }

    /// Returns the context of a user that an earlier answer prepared, without a walk and without
    /// the scores of the model.
    pub(crate) fn again(
        state: &'a State,
        user: &UserView,
        prepared: &Arc<Prepared>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            state,
            history: known_history(state, user),
            blend: OnceLock::new(),
            content: prepared.content(state),
            content_from_domains: prepared.content_from_domains,
            graph_seeds: graph_seeds(state, user),
            graph: prepared.near.map(Near::prepared),
            prepared: Some(Arc::clone(prepared)),
            now,
        }
    }

    /// Returns the scores of the model; `None` without a model, and for a user that it knows
    /// nothing of.
    pub(crate) fn blend(&self) -> Result<Option<&Blended<'a>>, Error> {
        let Some(live) = self.state.live.as_deref().filter(|_| self.has_blend()) else { return Ok(None) };
        if let Some(blend) = self.blend.get() {
            return Ok(Some(blend));
        }
        let blend = Blended::of(live, &self.history)?;
        Ok(Some(self.blend.get_or_init(|| blend)))
    }

    /// Returns true if the model scores resources for the user.
    pub(crate) fn has_blend(&self) -> bool {
        !self.history.is_empty()
    }

    /// Returns true if the scores of the user stay as they are until the user or the state changes,
    /// and are dear. A slow embedder may yet bring the vector of the domains, and positives of the
    /// future begin to age one after another.
    pub(crate) fn is_settled(&self, user: &UserView) -> bool {
        let newest = user.positives.first().and_then(|positive| positive.at);
        let is_past = newest.is_none_or(|at| at <= self.now);
        self.has_blend() && is_past && (self.content.is_some() || Domains::of(&user.profile).is_none())
    }

    /// Returns the resource of the history after which users often choose this one, if that carries
    /// the collaborative score.
    pub(crate) fn often_next_after(&self, key: u32) -> Option<u32> {
        let row = self.blend().ok()??.scores.often_next_after(self.state.row(key)?)?;
        self.state.key_of_row(row)
    }

    /// Returns the proximity of a candidate in the graph; 0 for one that the walk does not reach.
    pub(crate) fn proximity(&self, key: u32) -> f32 {
        let prepared = self.prepared.as_ref().and_then(|prepared| prepared.proximity(key));
        prepared.or_else(|| Some(self.graph.as_ref()?.proximity(key))).unwrap_or_default()
    }

    /// Returns the number of positives that the model knows.
    pub(crate) fn known_positives(&self) -> usize {
        self.history.len()
    }

    /// Returns true if no component knows the user's taste.
    fn is_blank(&self) -> bool {
        self.history.is_empty() && self.content.is_none() && self.graph.is_none()
    }

    /// Returns the components that are unavailable for this user, for the answer to report.
    pub(crate) fn degraded(&self) -> Vec<Degradation> {
        let mut degraded = Vec::new();
        if self.state.live.is_none() {
            degraded.push(Degradation::NoModel);
        }
        if self.popularity_replaces_collaborative() {
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

    pub(crate) fn popularity_replaces_collaborative(&self) -> bool {
        self.history.is_empty()
            && (self.state.live.is_some() || self.state.has_titles_alone() || self.is_blank())
    }

    /// Returns true if a resource was published within a year or, where the date is unknown,
    /// arrived after the model was trained.
    pub(crate) fn is_new(&self, key: u32) -> bool {
        let published = self.state.catalogue.get(key).and_then(|entry| entry.published_at);
        let arrived_after_model = self.state.live.is_some() && self.state.row(key).is_none();
        published.map_or(arrived_after_model, |at| (self.now - at).num_days() <= NEW_DAYS)
    }
}

/// Returns the positives as the model takes them, oldest first. An item that no user chose at
/// training tells nothing and is left out. Empty without a model.
fn known_history(state: &State, user: &UserView) -> Vec<Event> {
    let event = |positive: &Positive| {
        let item = state.chosen_row(positive.key)?;
        Some(Event {
            item,
            confidence: positive.strength,
            time: positive.at.map(|at| Micros::new(at.timestamp_micros())),
        })
    };
    user.positives.iter().rev().filter_map(event).collect()
}

/// Returns the content profile of the positives without the one of `left_out`, `[dim]`.
pub(crate) fn content_without(
    state: &State,
    user: &UserView,
    now: DateTime<Utc>,
    left_out: Option<u32>,
) -> Option<Vec<f32>> {
    let oldest = user.oldest_time();
    let signals: Vec<ContentSignal<'_>> = user
        .positives
        .iter()
        .filter(|positive| Some(positive.key) != left_out)
        .filter_map(|positive| {
            let age_days = positive.age_days(now, oldest) as f32;
            let vector = state.vectors.get(positive.key)?;
            Some(ContentSignal { vector, strength: positive.strength, age_days })
        })
        .collect();
    content_profile(&signals)
}

fn content_from_domains_of(state: &State, user: &UserView) -> Result<Option<Vec<f32>>, Error> {
    let Some(domains) = Domains::of(&user.profile) else { return Ok(None) };
    state.text_vector(&domains.document())
}

/// Domains and preferred authors of a profile, which stand in for positives.
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

/// Returns the newest positives that have links, with their strength as weight: a stronger positive
/// starts more of the walk.
pub(crate) fn graph_seeds(state: &State, user: &UserView) -> Vec<(u32, f32)> {
    user.positives
        .iter()
        .filter(|positive| state.graph.degree(positive.key) > 0)
        .take(MAX_GRAPH_SEEDS)
        .map(|positive| (positive.key, positive.strength))
        .collect()
}

fn walk(state: &State, seeds: &[(u32, f32)]) -> Result<Option<Near>, Error> {
    if seeds.is_empty() {
        return Ok(None);
    }
    let shares = state.graph.personalised_pagerank(seeds, &state.walk_config())?;
    Ok(Some(Near::of(shares, state.sample().n_linked)))
}
