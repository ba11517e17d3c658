//! Replays: serving offline, by the code that serves requests, to evaluate a model before it is
//! published.
//!
//! A replay has a catalogue, a model and users of its own. It reads no store and raises no metric.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use docent_domain::{ComponentScores, Profile, Resource, UserId, Weights};
use docent_graph::{Edge, PprConfig};
use docent_models::{Blend, LearnedWeights, PublishedModel};
use docent_ranker::{Candidate, RankOptions, Ranked};
use docent_storage::ResourceTotal;

use crate::{
    EngineConfig, Error, RecommendRequest,
    catalogue::Entry,
    choose::{Terms, choose, ranked},
    component_scores::Known,
    engine::add_links,
    state::{LiveModel, SnapshotOf, State},
    user_cache::{MAX_POSITIVES, Positive, UserView},
    user_context::{UserContext, graph_seeds},
};

/// A resource of a replay's catalogue. Its key is its place, from 0.
#[derive(Debug, Clone, Copy)]
pub struct ReplayResource<'a> {
    /// Row id in the store, or any number that is unique.
    pub row_id: i64,
    /// Resource with its text and links.
    pub resource: &'a Resource,
    /// Hash of its text, as in the model.
    pub text_hash: &'a str,
    /// Number of users who like it in the data that the replay may use.
    pub positives: u32,
}

/// A positive interaction of a replayed user.
#[derive(Debug, Clone, Copy)]
pub struct ReplayPositive {
    /// Key of the resource.
    pub key: u32,
    /// Strength, in `[0, 1]`.
    pub strength: f32,
    /// Time of the interaction; `None` if it is not known.
    pub at: Option<DateTime<Utc>>,
}

/// A user with default preferences.
#[derive(Debug, Clone)]
pub struct ReplayUser(UserView);

impl ReplayUser {
    /// Makes a user who likes `history`, newest first, and has seen `seen`.
    pub fn new(
        history: impl ExactSizeIterator<Item = ReplayPositive>,
        seen: impl IntoIterator<Item = u32>,
    ) -> Self {
        let profile = Profile { total_interactions: history.len() as u64, ..Profile::default() };
        let newest = history.take(MAX_POSITIVES);
        Self(UserView {
            profile,
            positives: newest
                .map(|ReplayPositive { key, strength, at }| Positive { key, strength, at })
                .collect(),
            seen: seen.into_iter().collect(),
            ..UserView::default()
        })
    }
}

/// Scored candidates of one replayed request, and its options for ranking.
pub struct ReplayCandidates<'a> {
    /// Candidates with their component scores.
    pub candidates: Vec<Candidate<'a>>,
    /// Options of the request: defaults of the user and of the configuration.
    pub options: RankOptions,
}

/// Component scores of resources for one replayed user.
pub struct ReplayScores {
    /// Scores in the order of the keys.
    pub scores: Vec<ComponentScores>,
    /// Components that are available for the user.
    pub available: [bool; 5],
    /// Number of the user's positives that the model knows.
    pub known_positives: usize,
}

/// A model that serves a catalogue of its own.
pub struct Replay {
    state: State,
    live: Arc<LiveModel>,
}

impl Replay {
    /// Builds the state that an engine would have with `model` live over `resources`.
    ///
    /// # Errors
    /// [`Error::Model`] if the model does not fit the catalogue.
    pub fn new<'a>(
        resources: impl IntoIterator<Item = ReplayResource<'a>>,
        model: PublishedModel,
    ) -> Result<Self, Error> {
        let mut state = State::new()?;
        for ReplayResource { row_id, resource, text_hash, positives } in resources {
            let entry = Entry::new(resource, text_hash.to_owned(), resource.hidden);
            let users = i64::from(positives);
            entry.add(ResourceTotal {
                interactions: users,
                events: users,
                positive_users: users,
                accepting_users: users,
            });
            let key = state.catalogue.put(row_id, entry);
            add_links(&mut state, key, resource);
        }
        let snapshot =
            SnapshotOf { version: "candidate".into(), created_at: DateTime::UNIX_EPOCH, size_bytes: 0 };
        let (live, edges) = state.adopt(model, snapshot)?;
        state.rebuild_graph(&edges)?;
        state.apply_summary(state.summary());
        Ok(Self { state, live })
    }

    /// Returns the learned weights of the hybrid score: those of the model, or those set last.
    #[must_use]
    pub fn weights(&self) -> &LearnedWeights {
        &self.state.weights
    }

    /// Sets the learned weights of the hybrid score, from the next request on.
    pub fn set_weights(&mut self, weights: LearnedWeights) {
        self.state.weights = weights;
    }

    /// Returns the learned weights of unchosen resources: those of the model, or those set last.
    #[must_use]
    pub fn unchosen_weights(&self) -> Option<Weights> {
        self.state.unchosen_weights
    }

    /// Sets the learned weights of unchosen resources, from the next request on.
    pub fn set_unchosen_weights(&mut self, weights: Option<Weights>) {
        self.state.unchosen_weights = weights;
    }

    /// Returns the learned weights of edge kinds, by kind: those of the model, or those set last.
    #[must_use]
    pub fn edge_kind_weights(&self) -> &BTreeMap<String, f32> {
        &self.state.edge_kind_weights
    }

    /// Sets the learned weights of edge kinds, by kind, from the next request on.
    pub fn set_edge_kind_weights(&mut self, weights: BTreeMap<String, f32>) {
        self.state.edge_kind_weights = weights;
    }

    /// Returns the blend of collaborative models.
    #[must_use]
    pub fn blend(&self) -> &Blend {
        &self.live.collaborative
    }

    /// Returns the number of users who like each item, `[items]`.
    #[must_use]
    pub fn popularity(&self) -> &[u32] {
        &self.live.popularity
    }

    /// Returns the number of resources.
    #[must_use]
    pub fn n_resources(&self) -> usize {
        self.state.catalogue.len()
    }

    /// Returns true if a resource exists and is not hidden.
    #[must_use]
    pub fn is_visible(&self, key: u32) -> bool {
        self.state.catalogue.is_visible(key)
    }

    /// Returns the subjects of a resource.
    #[must_use]
    pub fn subjects(&self, key: u32) -> &[Arc<str>] {
        self.state.catalogue.get(key).map_or(&[], |entry| &entry.subjects)
    }

    /// Returns the unit vector of a resource's text, `[dim]`.
    #[must_use]
    pub fn vector(&self, key: u32) -> Option<&[f32]> {
        self.state.vectors.get(key)
    }

    /// Returns the names of the edge kinds, by their numbers.
    #[must_use]
    pub fn edge_kinds(&self) -> &[String] {
        self.state.graph.kinds()
    }

    /// Returns the edges of the graph.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        self.state.graph.edges()
    }

    /// Returns the number of edges of the graph.
    #[must_use]
    pub fn n_edges(&self) -> usize {
        self.state.graph.n_edges()
    }

    /// Returns the keys that a walk over the graph from the user's newest positives reaches, the
    /// nearest first; empty if no positive has links.
    ///
    /// # Errors
    /// [`Error::Model`] for a configuration out of range.
    pub fn walk(&self, user: &ReplayUser, config: &PprConfig) -> Result<Vec<u32>, Error> {
        let seeds = graph_seeds(&self.state, &user.0);
        if seeds.is_empty() {
            return Ok(Vec::new());
        }
        let near = self.state.graph.personalised_pagerank(&seeds, config)?;
        Ok(near.into_iter().map(|(key, _)| key).collect())
    }

    /// Returns the candidates of a request without options at the time `at`: those that an engine
    /// gathers, or `among`.
    ///
    /// # Errors
    /// [`Error::Model`] if a member of the model fails.
    pub fn candidates(
        &self,
        user_id: &UserId,
        user: &ReplayUser,
        limit: usize,
        config: &EngineConfig,
        at: DateTime<Utc>,
        among: Option<&[u32]>,
    ) -> Result<ReplayCandidates<'_>, Error> {
        // Dates of publication are not those of the arrival in the catalogue: a resource that users
        // chose was there.
        let request = RecommendRequest::new(user_id.clone()).limit(limit).include_unpublished(true);
        let terms = Terms { config, now: at, among, place: None, slot: None };
        let chosen = choose(&self.state, &user.0, &request, &BTreeSet::new(), &terms)?;
        Ok(ReplayCandidates { candidates: chosen.candidates, options: chosen.options })
    }

    /// Ranks candidates, ties by resource id.
    #[must_use]
    pub fn rank(&self, candidates: &[Candidate<'_>], options: &RankOptions) -> Vec<Ranked> {
        ranked(&self.state, candidates, options)
    }

    /// Returns the component scores of `keys` for a user at the time `at`.
    ///
    /// # Errors
    /// [`Error::Model`] if a member of the model fails.
    pub fn component_scores(
        &self,
        user: &ReplayUser,
        keys: &[u32],
        at: DateTime<Utc>,
    ) -> Result<ReplayScores, Error> {
        let context = UserContext::of(&self.state, &user.0, at)?;
        let known: Vec<Known<'_>> = keys.iter().map(|key| Known::of(&self.state, *key)).collect();
        Ok(ReplayScores {
            scores: context.scores(&known)?,
            available: context.available(),
            known_positives: context.known_positives(),
        })
    }
}
