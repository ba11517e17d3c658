//! A served model that was trained on data outside any store.

use chrono::{DateTime, Utc};
use docent_domain::{InteractionMatrix, Resource, Strategy, UserId, Weights};
use docent_engine::{Error, replay::Replay};
use docent_models::{Blend, CollaborativeModel, ModelError, ModelInfo, Popularity, weights_for};
use docent_ranker::{HybridWeights, hybrid_score};

use crate::{
    TrainConfig, TrainError, TrainObserver,
    blend::{fit_data, fit_settings, report},
    content,
    dataset::{Dataset, Item, Like, sort_by_time},
    fit::fit_hybrid,
    replay::{Learned, assemble, replay, replay_user},
    run::stage,
    weak::Weak,
};

/// Score of a resource that the requested component has no score for.
const NO_SCORE: f32 = -1.0;

/// The state that an engine would have after training on a catalogue and its likes, for evaluation.
///
/// Scores come from the code that serves requests. Resources are named by their position, and all
/// likes are without a time.
pub struct Offline {
    replay: Replay,
    resources: usize,
    vector_values: usize,
    now: DateTime<Utc>,
}

impl Offline {
    /// Trains on everything given.
    ///
    /// `likes`, `[n_users, n_resources]`, has a column for each resource; its confidences are taken
    /// as strengths. Without any likes, content and links remain.
    ///
    /// # Errors
    /// [`TrainError::Interrupted`] if the observer asks to stop, [`TrainError::Failed`] otherwise.
    pub fn train(
        resources: Vec<Resource>,
        likes: &InteractionMatrix,
        config: &TrainConfig,
        observer: &mut dyn TrainObserver,
    ) -> Result<Self, TrainError> {
        let now = DateTime::UNIX_EPOCH;
        let data = dataset(resources, likes)?;
        stage(observer, "embedding texts")?;
        let text = content::text(&data, None, &config.lsa, config.seed)?;
        let likes = fit_data(&data.likes, data.users.len(), data.items.len())?;
        let blend = if data.likes.is_empty() {
            Blend::of_one(Box::new(Popularity::of(likes.histories())))
        } else {
            fit_hybrid(&likes, &fit_settings(config), &mut |event| report(event, observer))?
        };
        drop(likes);
        stage(observer, "assembling")?;
        let vector_values = text.vectors.iter().flatten().map(Vec::len).sum();
        let learned = Learned { likes: &data.likes, events: &data.likes };
        let model = assemble(&data, learned, blend, text, None, ModelInfo::empty())?;
        let replay = replay(&data, model, &data.likes)?;
        Ok(Self { replay, resources: data.items.len(), vector_values, now })
    }

    /// Returns true if the model has data to rank by under this strategy.
    #[must_use]
    pub fn has(&self, strategy: Strategy) -> bool {
        match strategy {
            Strategy::Collaborative => self.replay.popularity().iter().any(|&count| count > 0),
            Strategy::Content => self.vector_values > 0,
            Strategy::Graph => self.replay.n_edges() > 0,
            Strategy::Hybrid => true,
        }
    }

    /// Returns the number of learned values under a strategy: of the collaborative models, of the
    /// vectors of texts and audiences, of the edges; of all of them for the hybrid.
    #[must_use]
    pub fn n_parameters(&self, strategy: Strategy) -> usize {
        let collaborative = self.replay.blend().n_parameters();
        let vectors = 2 * self.vector_values;
        match strategy {
            Strategy::Collaborative => collaborative,
            Strategy::Content => vectors,
            Strategy::Graph => self.replay.n_edges(),
            Strategy::Hybrid => collaborative + vectors + self.replay.n_edges(),
        }
    }

    /// Returns the scores of all resources under each strategy, `[strategies][n_resources]`, for a
    /// user who likes `history`, `(resource, strength)`.
    ///
    /// The scores are those that a request would give its candidates. Resources in the history come
    /// last, after the resources that a strategy has no score for.
    ///
    /// # Errors
    /// [`Error::Model`] if a member of the model fails.
    pub fn score_all(&self, history: &[(u32, f32)], strategies: &[Strategy]) -> Result<Vec<Vec<f32>>, Error> {
        let history: Vec<Like> =
            history.iter().map(|&(item, strength)| Like { user: 0, item, strength, at: None }).collect();
        let mut is_seen = vec![false; self.resources];
        for like in &history {
            if let Some(seen) = is_seen.get_mut(like.item as usize) {
                *seen = true;
            }
        }
        let candidates: Vec<u32> =
            (0u32..).zip(is_seen).filter(|(_, seen)| !seen).map(|(key, _)| key).collect();
        let user = replay_user(&history, &history);
        let found = self.replay.component_scores(&user, &candidates, self.now)?;
        let counts = self.replay.popularity();
        let unchosen: Vec<bool> =
            candidates.iter().map(|key| counts.get(*key as usize).is_none_or(|count| *count == 0)).collect();
        let weights = HybridWeights {
            available: found.available,
            ..HybridWeights::new(weights_for(found.known_positives, None, &Weights::default()))
        };
        let mut all = Vec::with_capacity(strategies.len());
        for strategy in strategies {
            let mut scores = vec![f32::NEG_INFINITY; self.resources];
            for ((key, of_components), is_unchosen) in candidates.iter().zip(&found.scores).zip(&unchosen) {
                let score = match strategy.component() {
                    Some(component) => of_components.get(component).map_or(NO_SCORE, |score| score as f32),
                    None => hybrid_score(of_components, &weights, *is_unchosen).score as f32,
                };
                if let Some(slot) = scores.get_mut(*key as usize) {
                    *slot = score;
                }
            }
            all.push(scores);
        }
        Ok(all)
    }
}

fn dataset(resources: Vec<Resource>, likes: &InteractionMatrix) -> Result<Dataset, TrainError> {
    if likes.n_cols() != resources.len() {
        let (columns, resources) = (likes.n_cols(), resources.len());
        let reason = format!("likes of {columns} resources do not fit {resources}");
        return Err(ModelError::Invalid { id: "offline".into(), reason }.into());
    }
    let users = (0..likes.n_rows()).map(|user| UserId::new(user.to_string()));
    let mut all = Vec::with_capacity(likes.len());
    for user in 0..likes.n_rows() {
        let (items, strengths) = likes.row(user);
        for (&item, &strength) in items.iter().zip(strengths) {
            all.push(Like { user: user as u32, item, strength, at: None });
        }
    }
    sort_by_time(&mut all);
    Ok(Dataset {
        items: (1..)
            .zip(resources)
            .map(|(row_id, resource)| Item { row_id, resource, text_hash: String::new() })
            .collect(),
        users: users.collect::<Result<Vec<_>, _>>()?,
        n_likers: likes.n_rows(),
        likes: all,
        signal: None,
        weak: Weak::default(),
    })
}
