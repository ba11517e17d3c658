//! What is served, learned from data that never was in a store.

use chrono::{DateTime, Utc};
use docent_domain::{InteractionMatrix, Resource, Strategy, UserId, Weights};
use docent_ranker::hybrid_score;

use super::{
    TrainConfig, TrainError, TrainObserver, content,
    dataset::{Dataset, Item, Like},
    fit,
    rehearsal::{assemble, state_of, view},
    run::stage,
};
use crate::{
    Error, ModelInfo,
    activity::weights_for,
    collaborative::{Blend, CollaborativeModel, Popularity},
    components::Personal,
    state::State,
};

/// The state that an engine would have after training on a catalogue and on who likes what, to judge it by. Scores come
/// from the code that serves. Resources are named by their position, and everything happened at once: nothing is newer.
pub struct Offline {
    state: State,
    now: DateTime<Utc>,
}

impl Offline {
    /// Trains on everything given. `likes` has a column for each resource; its confidences are taken for strengths. Without
    /// any likes, content and links are all there is.
    ///
    /// # Errors
    /// [`TrainError::Interrupted`] where the observer says so, [`TrainError::Failed`].
    pub fn train(
        resources: Vec<Resource>,
        likes: &InteractionMatrix,
        config: &TrainConfig,
        observer: &mut dyn TrainObserver,
    ) -> Result<Self, TrainError> {
        let now = DateTime::UNIX_EPOCH;
        let data = dataset(resources, likes, now)?;
        stage(observer, "embedding texts")?;
        let text = content::text(&data, None, &config.lsa, config.seed)?;
        let blend = if data.likes.is_empty() {
            let nothing: Box<dyn CollaborativeModel> = Box::new(Popularity::of(likes));
            Blend::of([(nothing, 1.0)])
        } else {
            fit::collaborative(&data.likes, data.users.len(), data.items.len(), config, observer)?
        };
        stage(observer, "assembling")?;
        let model = assemble(&data, &data.likes, blend, text, ModelInfo::empty())?;
        Ok(Self { state: state_of(&data, model, &data.likes)?, now })
    }

    /// Whether there is anything to rank by under this strategy.
    #[must_use]
    pub fn has(&self, strategy: Strategy) -> bool {
        let Some(model) = self.state.live.as_deref().map(|live| &live.model) else { return false };
        match strategy {
            Strategy::Collaborative => model.popularity.iter().any(|&count| count > 0),
            Strategy::Content => model.vectors.iter().any(Option::is_some),
            Strategy::Graph => self.state.graph.n_edges() > 0,
            Strategy::Hybrid => true,
        }
    }

    /// Number of learned values: of the collaborative models, of vectors, of edges; of the hybrid all of them.
    #[must_use]
    pub fn n_parameters(&self, strategy: Strategy) -> usize {
        let Some(model) = self.state.live.as_deref().map(|live| &live.model) else { return 0 };
        let vectors = 2 * model.vectors.iter().flatten().map(Vec::len).sum::<usize>();
        match strategy {
            Strategy::Collaborative => model.collaborative.n_parameters(),
            Strategy::Content => vectors,
            Strategy::Graph => self.state.graph.n_edges(),
            Strategy::Hybrid => model.collaborative.n_parameters() + vectors + self.state.graph.n_edges(),
        }
    }

    /// The scores of all resources under each of `strategies` for somebody who likes `history`, `(resource, strength)`:
    /// those that a request would give them as candidates. What is in the history comes last, then what a strategy has no
    /// score for.
    ///
    /// # Errors
    /// What scoring meets.
    pub fn score_all(&self, history: &[(u32, f32)], strategies: &[Strategy]) -> Result<Vec<Vec<f32>>, Error> {
        const NO_SCORE: f32 = -1.0;
        let like = |&(item, strength): &(u32, f32)| Like { user: 0, item, strength, at: self.now };
        let history: Vec<Like> = history.iter().map(like).collect();
        let user = view(&history, &history);
        let personal = Personal::of(&self.state, &user, self.now)?;
        let resources = self.state.catalogue.len();
        let candidates: Vec<u32> = (0..resources as u32).filter(|key| !user.seen.contains(key)).collect();
        let weights = weights_for(personal.known(), None, &Weights::default());
        let of_components = personal.scores(&candidates)?;
        let by = |strategy: &Strategy| {
            let mut scores = vec![f32::NEG_INFINITY; resources];
            for (key, of_components) in candidates.iter().zip(&of_components) {
                let score = match strategy.component() {
                    Some(component) => of_components.get(component).map_or(NO_SCORE, |score| score as f32),
                    None => hybrid_score(of_components, &weights).score as f32,
                };
                if let Some(slot) = scores.get_mut(*key as usize) {
                    *slot = score;
                }
            }
            scores
        };
        Ok(strategies.iter().map(by).collect())
    }
}

fn dataset(resources: Vec<Resource>, likes: &InteractionMatrix, at: DateTime<Utc>) -> Result<Dataset, Error> {
    if likes.n_cols() != resources.len() {
        let (columns, resources) = (likes.n_cols(), resources.len());
        return Err(Error::InvalidModel {
            id: "offline".into(),
            reason: format!("likes of {columns} resources do not fit {resources}"),
        });
    }
    let item = |(row_id, resource): (i64, Resource)| Item { row_id, resource, text_hash: String::new() };
    let users = (0..likes.n_rows()).map(|user| UserId::new(user.to_string()));
    let of_user = |user: usize| {
        let (items, strengths) = likes.row(user);
        let pairs = items.iter().zip(strengths);
        pairs.map(move |(&item, &strength)| Like { user: user as u32, item, strength, at })
    };
    Ok(Dataset {
        items: (1..).zip(resources).map(item).collect(),
        users: users.collect::<Result<Vec<_>, _>>()?,
        likes: (0..likes.n_rows()).flat_map(of_user).collect(),
    })
}
