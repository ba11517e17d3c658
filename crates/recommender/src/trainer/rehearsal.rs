//! A model of a part of the data, served as an engine would serve it, to judge the whole by.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use docent_domain::Profile;
use docent_evaluation::{Metrics, metrics_at_k};
use docent_ranker::{RankOptions, Ranked};
use rayon::prelude::*;

use super::{
    TrainError, TrainObserver, Trainer,
    content::{self, Text},
    dataset::{Dataset, Like},
    fit,
    judge::{Case, Judge, popularity},
    run::{invalid, split, stage},
    walk, weights,
};
use crate::{
    EngineConfig, Error, ModelInfo, RecommendRequest,
    catalogue::Entry,
    collaborative::Blend,
    engine::{Chosen, choose, ranked},
    model::Model,
    state::{LiveModel, State},
    user::{NEWEST_POSITIVES, Positive, UserView},
};

/// Share of what is not held out on which epochs, blend and weights are chosen.
const VALIDATION: f64 = 0.1;

/// A candidate model, live in a state that knows nothing of what is held out.
pub(super) struct Rehearsal<'a> {
    pub state: State,
    pub data: &'a Dataset,
    pub engine: &'a EngineConfig,
}

impl Trainer {
    /// Learns from what is known, and chooses on a validation part of it.
    pub(super) fn rehearse<'a>(
        &self,
        data: &'a Dataset,
        text: Text,
        known: &[Like],
        engine: &'a EngineConfig,
        observer: &mut dyn TrainObserver,
    ) -> Result<Rehearsal<'a>, TrainError> {
        let (fitted, validation) = split(known, VALIDATION);
        let blend = fit::collaborative(&fitted, data.users.len(), data.items.len(), &self.config, observer)?;
        stage(observer, "fitting weights")?;
        let model = assemble(data, &fitted, blend, text, ModelInfo::empty())?;
        let mut rehearsal = Rehearsal { state: state_of(data, model, &fitted)?, data, engine };
        let validation = Judge::new(&fitted, &validation);
        let walk = walk::learn(&rehearsal, &validation)?;
        rehearsal.info_mut()?.walk = walk;
        let weights = weights::learn(&rehearsal, &validation)?;
        rehearsal.info_mut()?.weights = weights;
        Ok(rehearsal)
    }
}

impl Rehearsal<'_> {
    fn info_mut(&mut self) -> Result<&mut ModelInfo, Error> {
        let live = self.state.live.as_mut().and_then(Arc::get_mut).ok_or_else(no_model)?;
        Ok(&mut live.model.info)
    }

    /// What was learned of the model in its state.
    pub(super) fn info(&self) -> Result<&ModelInfo, Error> {
        self.state.live.as_deref().map(|live| &live.model.info).ok_or_else(no_model)
    }

    pub(super) fn blend(&self) -> Result<&Blend, Error> {
        self.state.live.as_deref().map(|live| &live.model.collaborative).ok_or_else(no_model)
    }

    /// What a request with default options is answered with, at the moment of the first that is held out.
    pub(super) fn choose(
        &self,
        case: &Case<'_>,
        limit: usize,
        among: Option<&[u32]>,
    ) -> Result<Chosen<'_>, Error> {
        let user =
            self.data.users.get(case.user as usize).ok_or_else(|| invalid("an unknown user".into()))?;
        let request = RecommendRequest { limit, ..RecommendRequest::new(user.clone()) };
        let user = view(case.history, case.known);
        choose(&self.state, &user, &request, &BTreeSet::new(), self.engine, case.at, among)
    }

    /// Each case ranked by each of `options`, which are made from those of a default request: `[options][cases]`, with the
    /// seconds that each took.
    pub(super) fn ranked<const N: usize>(
        &self,
        judge: &Judge<'_>,
        limit: usize,
        among: Option<&[u32]>,
        options: impl Fn(&Case<'_>, &RankOptions) -> [RankOptions; N] + Sync,
    ) -> Result<Vec<Lists>, Error> {
        let of_case = |case: &Case<'_>| -> Result<[(Vec<Ranked>, f64); N], Error> {
            let begun = Instant::now();
            let of_case: Option<Vec<u32>> = among.map(|keys| unknown(keys, case));
            let chosen = self.choose(case, limit, of_case.as_deref())?;
            let common = begun.elapsed().as_secs_f64();
            Ok(options(case, &chosen.options).map(|options| {
                let begun = Instant::now();
                let list = ranked(&self.state, &chosen.candidates, &options);
                (list, common + begun.elapsed().as_secs_f64())
            }))
        };
        let of_cases = judge.cases.par_iter().map(of_case).collect::<Result<Vec<_>, Error>>()?;
        let mut lists: Vec<Lists> = (0..N).map(|_| Lists::default()).collect();
        for of_case in of_cases {
            for (of_option, (list, seconds)) in lists.iter_mut().zip(of_case) {
                of_option.lists.push(list);
                of_option.seconds += seconds / rayon::current_num_threads() as f64;
            }
        }
        Ok(lists)
    }
}

/// Those of the items that a case does not know yet.
fn unknown(items: &[u32], case: &Case<'_>) -> Vec<u32> {
    items.iter().copied().filter(|item| case.known.iter().all(|like| like.item != *item)).collect()
}

/// The answers to all cases.
#[derive(Default)]
pub(super) struct Lists {
    /// By case.
    pub lists: Vec<Vec<Ranked>>,
    /// What they took, as if one after another on all threads.
    pub seconds: f64,
}

impl Lists {
    /// Metrics of each case.
    pub(super) fn metrics(&self, judge: &Judge<'_>, k: usize) -> Vec<Metrics> {
        let of_case = |(list, case): (&Vec<Ranked>, &Case<'_>)| metrics_at_k(&keys(list), &case.held_out, k);
        self.lists.iter().zip(&judge.cases).map(of_case).collect()
    }
}

pub(super) fn keys(list: &[Ranked]) -> Vec<u32> {
    list.iter().map(|ranked| ranked.key).collect()
}

/// Options by which the score alone decides.
pub(super) fn by_score_alone(options: &RankOptions) -> RankOptions {
    RankOptions { diversity: 0.0, novelty: 0.0, exploration: Default::default(), ..*options }
}

/// A user with default wishes, who likes `history` and has seen `known`. Items are keys here: the state was filled in
/// their order.
pub(super) fn view(history: &[Like], known: &[Like]) -> UserView {
    let newest = history.iter().rev().take(NEWEST_POSITIVES as usize);
    UserView {
        profile: Profile { total_interactions: history.len() as u64, ..Profile::default() },
        positives: newest
            .map(|like| Positive { key: like.item, strength: like.strength, at: like.at })
            .collect(),
        seen: known.iter().map(|like| like.item).collect(),
        ..UserView::default()
    }
}

/// The state that an engine would have with this model, knowing only `known`.
pub(super) fn state_of(data: &Dataset, model: Model, known: &[Like]) -> Result<State, Error> {
    let mut state = State::new()?;
    for (item, count) in data.items.iter().zip(popularity(known, data.items.len())) {
        let entry = Entry::new(&item.resource, item.text_hash.clone(), item.resource.hidden);
        entry.add_views(u64::from(count));
        state.catalogue.put(item.row_id, entry);
    }
    state.adopt(LiveModel {
        version: "candidate".into(),
        created_at: chrono::DateTime::UNIX_EPOCH,
        size_bytes: 0,
        model,
    })?;
    let keyed =
        data.links().filter_map(|(id, links)| Some((state.catalogue.key(id.as_str())?, links.clone())));
    let links = keyed.collect();
    state.rebuild_graph(links)?;
    state.settle(state.summary());
    Ok(state)
}

pub(super) fn assemble(
    data: &Dataset,
    likes: &[Like],
    collaborative: Blend,
    text: Text,
    info: ModelInfo,
) -> Result<Model, Error> {
    Ok(Model {
        info,
        items: data.ids().cloned().collect(),
        text_hashes: data.items.iter().map(|item| item.text_hash.clone()).collect(),
        collaborative,
        co_interaction: content::co_interaction(likes, data.items.len())?,
        audience: content::audience(likes, &text),
        similar: text.similar,
        embedder: text.embedder,
        vectors: text.vectors,
        popularity: popularity(likes, data.items.len()),
    })
}

fn no_model() -> Error {
    invalid("no model".into())
}
