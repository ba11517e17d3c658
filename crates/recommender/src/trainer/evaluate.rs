//! The whole pipeline on what is held out of a store: nothing is published or written.

use std::{collections::BTreeMap, time::Instant};

use docent_domain::{Component, Weights};
use docent_evaluation::Metrics;
use docent_ranker::RankOptions;
use rustc_hash::FxHashSet;

use super::{
    FEWEST_POSITIVES, SweepPoint, TrainError, TrainObserver, Trainer, content,
    dataset::{Dataset, Like},
    judge::{Judge, popularity},
    rehearsal::{Rehearsal, by_score_alone},
    run::{split, stage},
    sweep,
};
use crate::{Activity, EngineConfig, Error, LearnedWeights, collaborative::CollaborativeModel};

/// Models that are ranked by the code that serves requests, as [`served_options`] gives them.
const SERVED: [&str; 7] = ["collaborative", "content", "graph", "quality", "recency", "hybrid", "served"];

/// How a model of the older interactions of a store does on the latest.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreEvaluation {
    /// Users with at least one positive.
    pub users: usize,
    /// Resources of the catalogue.
    pub resources: usize,
    /// Positives that are not held out.
    pub positives: usize,
    /// What training took.
    pub train_seconds: f64,
    /// What the scores of each collaborative model are multiplied with, by its name.
    pub blend: BTreeMap<String, f64>,
    /// Weights of kinds of edge that beat the default ones.
    pub walk: BTreeMap<String, f32>,
    /// The hybrid weights that beat the default ones.
    pub weights: LearnedWeights,
    /// People and resources of one sort each.
    pub parts: Vec<EvaluatedPart>,
    /// What diversity, novelty and exploration do; empty unless asked for.
    pub sweep: Vec<SweepPoint>,
}

/// How the models do for one sort of people or resources.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluatedPart {
    /// Which: `warm people`, `people with 1-4`, `people with none`, `cold resources`.
    pub name: &'static str,
    /// One after another. All but the last are ranked by their score alone; `served` is the hybrid as a request with default
    /// options is answered, with diversity, novelty and exploration.
    pub models: Vec<EvaluatedModel>,
}

/// How one model does.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluatedModel {
    /// Its name.
    pub name: &'static str,
    /// By case, at the cut-off that was asked for.
    pub metrics: Vec<Metrics>,
    /// What ranking took.
    pub score_seconds: f64,
    /// Number of learned values.
    pub parameters: usize,
}

impl Trainer {
    /// Trains on what is not held out, as [`Trainer::run`] does to prove a model, and judges lists of `k` by popularity,
    /// by each component alone and by the whole pipeline as `engine` configures it.
    ///
    /// The latest positives of each user are held out. People with few interactions are the same users where all but
    /// their newest 1 to 4, or everything, is kept from the models. Cold resources are those that nobody chose in
    /// training; they are ranked among each other.
    ///
    /// # Errors
    /// [`TrainError::InsufficientData`], [`TrainError::Interrupted`], [`TrainError::Failed`].
    pub async fn evaluate(
        &self,
        engine: EngineConfig,
        k: usize,
        with_sweep: bool,
        mut observer: Box<dyn TrainObserver>,
    ) -> Result<StoreEvaluation, TrainError> {
        stage(&mut *observer, "reading")?;
        let data = Dataset::read(&self.store, &mut *observer).await?;
        if data.likes.len() < FEWEST_POSITIVES {
            return Err(TrainError::InsufficientData { positives: data.likes.len() });
        }
        let pretrained = self.pretrained_texts(&data, &mut *observer).await?;
        let this = self.clone();
        let evaluate =
            move || this.evaluate_blocking(&data, pretrained, &engine, k, with_sweep, &mut *observer);
        tokio::task::spawn_blocking(evaluate).await?
    }

    fn evaluate_blocking(
        &self,
        data: &Dataset,
        pretrained: Option<content::Embedded>,
        engine: &EngineConfig,
        k: usize,
        with_sweep: bool,
        observer: &mut dyn TrainObserver,
    ) -> Result<StoreEvaluation, TrainError> {
        let begun = Instant::now();
        stage(observer, "embedding texts")?;
        let text = content::text(data, pretrained, &self.config.lsa, self.config.seed)?;
        let (known, test) = split(&data.likes, self.config.holdout);
        let rehearsal = self.rehearse(data, text, &known, engine, observer)?;
        let train_seconds = begun.elapsed().as_secs_f64();
        let warm = Judge::new(&known, &test);
        let mut parts = Vec::new();
        stage(observer, "judging warm people")?;
        parts.push(part("warm people", &rehearsal, &warm, &known, k)?);
        stage(observer, "judging people with few interactions")?;
        parts.push(part("people with 1-4", &rehearsal, &warm.cut_to(Activity::Few), &known, k)?);
        stage(observer, "judging people with none")?;
        parts.push(part("people with none", &rehearsal, &warm.cut_to(Activity::None), &known, k)?);
        stage(observer, "judging cold resources")?;
        parts.push(cold_resources(&rehearsal, &warm, &known, k)?);
        let sweep = if with_sweep {
            stage(observer, "sweeping")?;
            sweep::sweep(&rehearsal, &warm, &known, k)?
        } else {
            Vec::new()
        };
        Ok(StoreEvaluation {
            users: data.users.len(),
            resources: data.items.len(),
            positives: known.len(),
            train_seconds,
            blend: rehearsal.blend()?.blend_weights(),
            walk: rehearsal.info()?.walk.clone(),
            weights: rehearsal.info()?.weights.clone(),
            parts,
            sweep,
        })
    }
}

/// All models over the whole catalogue.
fn part(
    name: &'static str,
    rehearsal: &Rehearsal<'_>,
    judge: &Judge<'_>,
    known: &[Like],
    k: usize,
) -> Result<EvaluatedPart, Error> {
    let counts = popularity(known, rehearsal.data.items.len());
    let mut models = Vec::new();
    let begun = Instant::now();
    let metrics = judge.each(k, |_, scores| {
        *scores = counts.iter().map(|count| *count as f32).collect();
        Ok(())
    })?;
    let score_seconds = begun.elapsed().as_secs_f64();
    models.push(EvaluatedModel { name: "popularity", metrics, score_seconds, parameters: counts.len() });
    let have_histories = judge.cases.iter().any(|case| !case.history.is_empty());
    for member in rehearsal.blend()?.members().iter().filter(|_| have_histories) {
        let begun = Instant::now();
        models.push(EvaluatedModel {
            name: member.model.kind().name(),
            metrics: judge.each_by_model(k, member.model.as_ref())?,
            score_seconds: begun.elapsed().as_secs_f64(),
            parameters: member.model.n_parameters(),
        });
    }
    models.extend(served(rehearsal, judge, None, k)?);
    Ok(EvaluatedPart { name, models })
}

/// What is held out and nobody chose before, among all that nobody chose before.
fn cold_resources(
    rehearsal: &Rehearsal<'_>,
    warm: &Judge<'_>,
    known: &[Like],
    k: usize,
) -> Result<EvaluatedPart, Error> {
    let counts = popularity(known, rehearsal.data.items.len());
    let is_visible = |key: u32| rehearsal.state.catalogue.get(key).is_some_and(|entry| !entry.hidden);
    let cold: Vec<u32> = (0u32..)
        .zip(counts)
        .filter(|(_, count)| *count == 0)
        .map(|(key, _)| key)
        .filter(|&key| is_visible(key))
        .collect();
    let judge = warm.of_items(&cold.iter().copied().collect::<FxHashSet<u32>>());
    Ok(EvaluatedPart { name: "cold resources", models: served(rehearsal, &judge, Some(&cold), k)? })
}

/// The models of [`SERVED`], by the code that serves requests.
fn served(
    rehearsal: &Rehearsal<'_>,
    judge: &Judge<'_>,
    among: Option<&[u32]>,
    k: usize,
) -> Result<Vec<EvaluatedModel>, Error> {
    let blend = rehearsal.blend()?.n_parameters();
    let lists = rehearsal.ranked(judge, k, among, |_, options| served_options(options))?;
    let model = |(name, lists): (&'static str, &super::rehearsal::Lists)| EvaluatedModel {
        name,
        metrics: lists.metrics(judge, k),
        score_seconds: lists.seconds,
        parameters: if matches!(name, "content" | "graph" | "quality" | "recency") { 0 } else { blend },
    };
    Ok(SERVED.into_iter().zip(&lists).map(model).collect())
}

/// Each component alone, all of them, and all of them with diversity, novelty and exploration as they are by default.
fn served_options(default: &RankOptions) -> [RankOptions; SERVED.len()] {
    let alone = by_score_alone(default);
    let [collaborative, content, graph, quality, recency] =
        Component::ALL.map(|component| RankOptions { weights: Weights::only(component), ..alone });
    [collaborative, content, graph, quality, recency, alone, *default]
}
