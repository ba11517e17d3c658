//! A candidate model that serves the requests of the past, as an engine would serve them.

use std::time::Instant;

use docent_engine::{
    EngineConfig, Error,
    replay::{Replay, ReplayCandidates, ReplayPositive, ReplayResource, ReplayUser},
};
use docent_evaluation::{Metrics, metrics_at_k};
use docent_models::{Blend, ModelInfo, PublishedModel};
use docent_ranker::{RankOptions, Ranked};
use rayon::prelude::*;

use crate::{
    TrainError, TrainObserver, Trainer,
    blend::{fit_data, fit_settings, report, validation},
    content::{self, Text},
    dataset::{Dataset, Like},
    edge_kind_weights,
    external::Scope,
    fit::{Plan, build, choose, trending},
    holdout::Splits,
    holdout_evaluation::{Case, HoldoutEvaluation, popularity},
    hybrid_weights,
    run::{invalid, stage},
    weak::TypeWeights,
};

/// A candidate model over the catalogue of a dataset. It knows nothing that is held out.
pub(crate) struct CandidateReplay<'a> {
    pub replay: Replay,
    pub data: &'a Dataset,
    pub engine: &'a EngineConfig,
    /// Choice of the collaborative models.
    pub plan: Plan,
    /// Weights of the types of interaction that are neither positive nor negative.
    pub type_weights: TypeWeights,
    /// Everything that the candidate learned from, likes and others, by user and oldest first.
    pub events: Vec<Like>,
}

impl Trainer {
    /// Fits a candidate to what `splits` do not hold out: chooses on the validation set, with
    /// models of the rest, and builds the candidate by that choice on all of it.
    pub(crate) fn fit_candidate<'a>(
        &self,
        data: &'a Dataset,
        text: Text,
        splits: &Splits,
        engine: &'a EngineConfig,
        observer: &mut dyn TrainObserver,
    ) -> Result<CandidateReplay<'a>, TrainError> {
        let n_items = data.items.len();
        let settings = fit_settings(&self.config);
        let Splits { outer, inner, members } = splits;
        let type_weights = match members {
            // They were fitted to the export, which has the types of stated weights alone.
            Some(_) => data.weak.stated(&self.config.type_weights),
            None => {
                if !data.weak.is_empty() {
                    stage(observer, "weighing types")?;
                }
                data.weak.choose(&[outer, inner], &self.config.type_weights, n_items, &settings)?
            }
        };
        let fitted = data.weak.with_likes(&inner.known, &type_weights, &[outer, inner]);
        let cases = validation(&fitted, &inner.test, data.n_users(&fitted), n_items)?;
        let cases = cases.with_members(splits.members(Scope::Choose));
        let choice = choose(&cases, &settings, &mut |event| report(event, observer))?;
        let plan = choice.plan;
        drop(cases);
        stage(observer, "fitting weights")?;
        let learned = Learned { likes: &inner.known, events: &fitted };
        let model = assemble(data, learned, choice.blend, text.clone(), Some(&plan), ModelInfo::empty())?;
        let replay_of = replay(data, model, &inner.known)?;
        let events = Vec::new();
        let mut judged = CandidateReplay { replay: replay_of, data, engine, plan, type_weights, events };
        let later = HoldoutEvaluation::new(&fitted, &inner.test);
        judged.replay.set_edge_kind_weights(edge_kind_weights::learn(&judged, &later)?);
        let weights = hybrid_weights::learn(&judged, &later)?;
        let unchosen_weights = hybrid_weights::learn_unchosen(&judged, &later, &fitted)?;
        let edge_kind_weights = judged.replay.edge_kind_weights().clone();
        let CandidateReplay { replay: former, plan, type_weights, .. } = judged;
        drop((former, fitted));
        let known = &outer.known;
        let events = data.weak.with_likes(known, &type_weights, &[outer]).into_owned();
        let all = fit_data(&events, data.n_users(&events), n_items)?;
        let all = all.with_members(splits.members(Scope::Judge));
        let blend = build(&all, &plan, &settings, &mut |event| report(event, observer))?;
        drop(all);
        let learned = Learned { likes: known, events: &events };
        let model = assemble(data, learned, blend, text, Some(&plan), ModelInfo::empty())?;
        let replay_of = replay(data, model, known)?;
        let mut candidate = CandidateReplay { replay: replay_of, data, engine, plan, type_weights, events };
        candidate.replay.set_edge_kind_weights(edge_kind_weights);
        candidate.replay.set_weights(weights);
        candidate.replay.set_unchosen_weights(unchosen_weights);
        Ok(candidate)
    }
}

impl CandidateReplay<'_> {
    /// Returns the visible resources without any of `events`.
    pub(crate) fn unchosen(&self, events: &[Like]) -> Vec<u32> {
        (0u32..)
            .zip(popularity(events, self.data.items.len()))
            .filter(|&(key, count)| count == 0 && self.replay.is_visible(key))
            .map(|(key, _)| key)
            .collect()
    }

    /// Returns the candidates of a request with default options, at the time of the first held-out
    /// like.
    pub(crate) fn candidates(
        &self,
        case: &Case<'_>,
        limit: usize,
        among: Option<&[u32]>,
    ) -> Result<ReplayCandidates<'_>, Error> {
        let user =
            self.data.users.get(case.user as usize).ok_or_else(|| invalid("an unknown user".into()))?;
        let view = replay_user(case.history, case.known);
        self.replay.candidates(user, &view, limit, self.engine, case.at, among)
    }

    /// Ranks each case with each of the options that `options` makes from the defaults:
    /// `[options][cases]`, with the seconds that each took.
    pub(crate) fn ranked<const N: usize>(
        &self,
        evaluation: &HoldoutEvaluation<'_>,
        limit: usize,
        among: Option<&[u32]>,
        options: impl Fn(&RankOptions) -> [RankOptions; N] + Sync,
    ) -> Result<Vec<Lists>, Error> {
        let of_cases = evaluation
            .cases
            .par_iter()
            .map(|case| self.ranked_case(case, limit, among, &options))
            .collect::<Result<Vec<[(Vec<Ranked>, f64); N]>, Error>>()?;
        let mut lists: Vec<Lists> = (0..N).map(|_| Lists::default()).collect();
        for of_case in of_cases {
            for (of_option, (list, seconds)) in lists.iter_mut().zip(of_case) {
                of_option.lists.push(list);
                of_option.seconds += seconds / rayon::current_num_threads() as f64;
            }
        }
        Ok(lists)
    }

    fn ranked_case<const N: usize>(
        &self,
        case: &Case<'_>,
        limit: usize,
        among: Option<&[u32]>,
        options: &impl Fn(&RankOptions) -> [RankOptions; N],
    ) -> Result<[(Vec<Ranked>, f64); N], Error> {
        let begun = Instant::now();
        let unknown: Option<Vec<u32>> = among.map(|keys| unknown(keys, case));
        let chosen = self.candidates(case, limit, unknown.as_deref())?;
        let common = begun.elapsed().as_secs_f64();
        Ok(options(&chosen.options).map(|options| {
            let begun = Instant::now();
            let list = self.replay.rank(&chosen.candidates, &options);
            (list, common + begun.elapsed().as_secs_f64())
        }))
    }
}

/// Returns the items that a case does not know yet.
fn unknown(items: &[u32], case: &Case<'_>) -> Vec<u32> {
    items.iter().copied().filter(|item| case.known.iter().all(|like| like.item != *item)).collect()
}

/// The lists of all cases.
#[derive(Default)]
pub(crate) struct Lists {
    /// Ranked list of each case.
    pub lists: Vec<Vec<Ranked>>,
    /// Wall-clock seconds, as if all threads ranked one case after another.
    pub seconds: f64,
}

impl Lists {
    /// Returns the metrics of each case.
    pub(crate) fn metrics(&self, evaluation: &HoldoutEvaluation<'_>, k: usize) -> Vec<Metrics> {
        self.lists
            .iter()
            .zip(&evaluation.cases)
            .map(|(list, case)| metrics_at_k(&keys(list), &case.held_out, k))
            .collect()
    }
}

pub(crate) fn keys(list: &[Ranked]) -> Vec<u32> {
    list.iter().map(|ranked| ranked.key).collect()
}

/// Returns options by which the score alone decides.
pub(crate) fn by_score_alone(options: &RankOptions) -> RankOptions {
    RankOptions { diversity: 0.0, novelty: 0.0, exploration: Default::default(), ..*options }
}

/// Makes a user who likes `history` and has seen `known`. Items are keys: the catalogue of a replay
/// is filled in their order.
pub(crate) fn replay_user(history: &[Like], known: &[Like]) -> ReplayUser {
    let newest_first = history.iter().rev().map(|like| ReplayPositive {
        key: like.item,
        strength: like.strength,
        at: like.at,
    });
    ReplayUser::new(newest_first, known.iter().map(|like| like.item))
}

/// Makes a replay of a model that knows the likes in `known` alone.
pub(crate) fn replay(data: &Dataset, model: PublishedModel, known: &[Like]) -> Result<Replay, Error> {
    let counts = popularity(known, data.items.len());
    let resources = data.items.iter().zip(counts).map(|(item, positives)| ReplayResource {
        row_id: item.row_id,
        resource: &item.resource,
        text_hash: &item.text_hash,
        positives,
    });
    Replay::new(resources, model)
}

/// Data that a model learned from: likes alone, and with the other interactions that it sees. Both
/// are by user, oldest first.
#[derive(Clone, Copy)]
pub(crate) struct Learned<'a> {
    pub likes: &'a [Like],
    pub events: &'a [Like],
}

/// Assembles a model, with the recent popularity that `plan` chose. It and the edges of common
/// users are those of likes.
pub(crate) fn assemble(
    data: &Dataset,
    Learned { likes, events }: Learned<'_>,
    collaborative: Blend,
    text: Text,
    plan: Option<&Plan>,
    info: ModelInfo,
) -> Result<PublishedModel, Error> {
    let popularity = popularity(events, data.items.len());
    let trending = match plan {
        Some(plan) => trending(&fit_data(likes, data.n_likers, data.items.len())?, plan),
        None => None,
    };
    Ok(PublishedModel {
        content_map: content::content_map(&collaborative, &text.vectors, &popularity),
        info,
        items: data.ids().cloned().collect(),
        text_hashes: data.items.iter().map(|item| item.text_hash.clone()).collect(),
        collaborative,
        co_interaction: content::co_interaction(likes, data.items.len())?,
        audience: content::audience(events, &text),
        similar: text.similar,
        embedder: text.embedder,
        vectors: text.vectors,
        popularity,
        trending,
    })
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
