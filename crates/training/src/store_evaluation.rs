//! Evaluation of the whole pipeline on held-out interactions of a store. Publishes and writes
//! nothing.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use docent_domain::{Component, InteractionType, UserId, Weights};
use docent_engine::{EngineConfig, Error};
use docent_evaluation::Metrics;
use docent_models::{ActivityLevel, CollaborativeModel, LearnedWeights, ModelKind};
use docent_ranker::{HybridWeights, RankOptions};
use rustc_hash::FxHashSet;

use crate::{
    HeldOut, SearchedModel, SweepPoint, TrainError, TrainObserver, Trainer,
    blend::{fit_data, fit_settings},
    content,
    dataset::{Dataset, Like},
    fit::FitSettings,
    holdout::{Split, Splits, hold_out, hold_out_since_moment},
    holdout_evaluation::{HoldoutEvaluation, popularity},
    replay::{CandidateReplay, by_score_alone},
    run::{stage, task_failed},
    settings_search::search,
    sweep,
};

/// Models that are ranked by the code that serves requests, in the order of [`served_options`].
const SERVED: [&str; 7] = ["collaborative", "content", "graph", "quality", "recency", "hybrid", "served"];

/// Options of [`Trainer::evaluate`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluationOptions {
    /// Length of the ranked lists, at least 1.
    pub k: usize,
    /// True to measure several values of diversity, novelty and exploration.
    pub with_sweep: bool,
    /// True to hold out what all users chose since one moment, instead of a share of each user's
    /// positives.
    pub by_moment: bool,
    /// Number of settings of each model that are tried on a validation set; 0 for no search.
    pub trials: usize,
    /// Time after which no further trial of a model begins.
    pub search_time: Duration,
}

impl Default for EvaluationOptions {
    fn default() -> Self {
        Self { k: 10, with_sweep: false, by_moment: false, trials: 0, search_time: Duration::from_secs(600) }
    }
}

/// Evaluation of a model of some positives of a store on the others.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreEvaluation {
    /// Users with at least one positive.
    pub users: usize,
    /// Resources of the catalogue.
    pub resources: usize,
    /// Number of positives that are not held out.
    pub positives: usize,
    /// Rule by which positives are held out.
    pub held_out: HeldOut,
    /// Settings of the models: those of the trainer, or better ones where a search found them.
    pub settings: FitSettings,
    /// Outcome of the search for settings; empty unless requested.
    pub searched: Vec<SearchedModel>,
    /// Wall-clock seconds of training, without the search for settings.
    pub train_seconds: f64,
    /// Weight of each collaborative model in the blend, by its name.
    pub blend: BTreeMap<String, f64>,
    /// Weights of kinds of edge that beat the default ones, by name.
    pub edge_kind_weights: BTreeMap<String, f32>,
    /// Hybrid weights that beat the default ones.
    pub weights: LearnedWeights,
    /// Weights of unchosen resources, if they were learned.
    pub unchosen_weights: Option<Weights>,
    /// Weights of the types of interaction that are neither positive nor negative.
    pub type_weights: BTreeMap<InteractionType, f32>,
    /// Results by group of users or resources.
    pub parts: Vec<EvaluatedPart>,
    /// Effect of diversity, novelty and exploration; empty unless requested.
    pub sweep: Vec<SweepPoint>,
}

/// Results of all models for one group of users or resources.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluatedPart {
    /// Name of the group: `warm users`, `users with 1-4`, `users with none` or `cold resources`.
    pub name: &'static str,
    /// User of each case.
    pub users: Vec<UserId>,
    /// Results by model. All but the last rank by their score alone; `served` is the hybrid with
    /// the diversity, novelty and exploration of a request with default options.
    pub models: Vec<EvaluatedModel>,
}

/// Results of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluatedModel {
    /// Name of the model.
    pub name: &'static str,
    /// Metrics of each case, at the requested cut-off.
    pub metrics: Vec<Metrics>,
    /// Wall-clock seconds of ranking.
    pub score_seconds: f64,
    /// Number of learned values.
    pub parameters: usize,
}

impl Trainer {
    /// Trains on the interactions that are not held out, as [`Trainer::run`] does, and evaluates
    /// lists of `options.k` by popularity, by each component alone, and by the whole pipeline as
    /// `engine` configures it. A search for settings sees nothing that is held out.
    ///
    /// The latest positives of each user are held out, or random ones where times tell no order.
    /// With `options.by_moment` it is everything since one moment, of users with a positive before.
    /// Users with few interactions are the same users with all but their newest 1 to 4, or
    /// everything, hidden from the models. Cold resources have no positives in training; they are
    /// ranked among each other.
    ///
    /// # Errors
    /// [`TrainError::InsufficientData`], [`TrainError::NoMoment`], [`TrainError::Interrupted`],
    /// [`TrainError::Failed`].
    pub async fn evaluate(
        &self,
        engine: EngineConfig,
        options: EvaluationOptions,
        mut observer: Box<dyn TrainObserver>,
    ) -> Result<StoreEvaluation, TrainError> {
        self.config.check()?;
        stage(&mut *observer, "reading")?;
        let data = Dataset::read(&self.store, &mut *observer).await?;
        let share = self.config.holdout;
        let split = if options.by_moment {
            hold_out_since_moment(&data.likes, share)?
        } else {
            hold_out(&data.likes, share, self.config.seed)
        };
        let pretrained = self.pretrained_texts(&data, &mut *observer).await?;
        let this = self.clone();
        tokio::task::spawn_blocking(move || {
            this.evaluate_blocking(&data, split, pretrained, &engine, &options, &mut *observer)
        })
        .await
        .map_err(task_failed)?
    }

    /// Returns the trainer with the settings that a search finds on `known`, and its outcome.
    fn with_searched_settings(
        &self,
        data: &Dataset,
        known: &[Like],
        options: &EvaluationOptions,
        observer: &mut dyn TrainObserver,
    ) -> Result<(Self, Vec<SearchedModel>), TrainError> {
        if options.trials == 0 {
            return Ok((self.clone(), Vec::new()));
        }
        stage(observer, "searching settings")?;
        let known = fit_data(known, data.n_likers, data.items.len())?;
        let given = fit_settings(&self.config);
        let (found, searched) = search(&known, given, options.trials, options.search_time, observer)?;
        let config = self.config.clone().with_models(found.models);
        Ok((Self { config, ..self.clone() }, searched))
    }

    fn evaluate_blocking(
        &self,
        data: &Dataset,
        split: Split,
        pretrained: Option<content::Embedded>,
        engine: &EngineConfig,
        options: &EvaluationOptions,
        observer: &mut dyn TrainObserver,
    ) -> Result<StoreEvaluation, TrainError> {
        let splits = Splits::of(split);
        let split = &splits.outer;
        let (known, k) = (&split.known, options.k);
        let (trainer, searched) = self.with_searched_settings(data, known, options, observer)?;
        let begun = Instant::now();
        stage(observer, "embedding texts")?;
        let text = content::text(data, pretrained, &self.config.lsa, self.config.seed)?;
        let candidate = trainer.fit_candidate(data, text, &splits, engine, observer)?;
        let train_seconds = begun.elapsed().as_secs_f64();
        let warm = HoldoutEvaluation::new(&candidate.events, &split.test);
        let mut parts = Vec::new();
        stage(observer, "evaluating warm users")?;
        parts.push(part("warm users", &candidate, &warm, known, k)?);
        stage(observer, "evaluating users with few interactions")?;
        parts.push(part("users with 1-4", &candidate, &warm.cut_to(ActivityLevel::Few), known, k)?);
        stage(observer, "evaluating users without interactions")?;
        parts.push(part("users with none", &candidate, &warm.cut_to(ActivityLevel::None), known, k)?);
        stage(observer, "evaluating cold resources")?;
        parts.push(cold_resources(&candidate, &warm, k)?);
        let sweep = if options.with_sweep {
            stage(observer, "sweeping")?;
            sweep::sweep(&candidate, &warm, known, k)?
        } else {
            Vec::new()
        };
        Ok(StoreEvaluation {
            users: data.n_likers,
            resources: data.items.len(),
            positives: known.len(),
            held_out: split.held_out,
            settings: fit_settings(&trainer.config),
            searched,
            train_seconds,
            blend: candidate.replay.blend().blend_weights(),
            edge_kind_weights: candidate.replay.edge_kind_weights().clone(),
            weights: candidate.replay.weights().clone(),
            unchosen_weights: candidate.replay.unchosen_weights(),
            type_weights: candidate.type_weights.clone(),
            parts,
            sweep,
        })
    }
}

/// Evaluates all models over the whole catalogue.
fn part(
    name: &'static str,
    candidate: &CandidateReplay<'_>,
    evaluation: &HoldoutEvaluation<'_>,
    known: &[Like],
    k: usize,
) -> Result<EvaluatedPart, Error> {
    let counts = popularity(known, candidate.data.items.len());
    let mut models = Vec::new();
    let begun = Instant::now();
    let metrics = evaluation.each_by_scores(k, &counts)?;
    let score_seconds = begun.elapsed().as_secs_f64();
    models.push(EvaluatedModel { name: "popularity", metrics, score_seconds, parameters: counts.len() });
    let have_histories = evaluation.cases.iter().any(|case| !case.history.is_empty());
    for member in candidate.replay.blend().members().iter().filter(|_| have_histories) {
        // Evaluated above, for everybody.
        if member.model.kind() == ModelKind::Popularity {
            continue;
        }
        let begun = Instant::now();
        models.push(EvaluatedModel {
            name: member.model.kind().name(),
            metrics: evaluation.each_by_model(k, member.model.as_ref(), member.tau)?,
            score_seconds: begun.elapsed().as_secs_f64(),
            parameters: member.model.n_parameters(),
        });
    }
    models.extend(served(candidate, evaluation, None, k)?);
    Ok(EvaluatedPart { name, users: users(candidate, evaluation), models })
}

/// Evaluates held-out resources without earlier positives among all such resources.
fn cold_resources(
    candidate: &CandidateReplay<'_>,
    warm: &HoldoutEvaluation<'_>,
    k: usize,
) -> Result<EvaluatedPart, Error> {
    let cold = candidate.unchosen(&candidate.events);
    let evaluation = warm.of_items(&cold.iter().copied().collect::<FxHashSet<u32>>());
    let models = served(candidate, &evaluation, Some(&cold), k)?;
    Ok(EvaluatedPart { name: "cold resources", users: users(candidate, &evaluation), models })
}

fn users(candidate: &CandidateReplay<'_>, evaluation: &HoldoutEvaluation<'_>) -> Vec<UserId> {
    let numbers = evaluation.cases.iter().map(|case| case.user as usize);
    numbers.filter_map(|user| candidate.data.users.get(user).cloned()).collect()
}

/// Evaluates the models of [`SERVED`] by the code that serves requests.
fn served(
    candidate: &CandidateReplay<'_>,
    evaluation: &HoldoutEvaluation<'_>,
    among: Option<&[u32]>,
    k: usize,
) -> Result<Vec<EvaluatedModel>, Error> {
    let blend = candidate.replay.blend().n_parameters();
    let lists = candidate.ranked(evaluation, k, among, served_options)?;
    Ok(SERVED
        .into_iter()
        .zip(&lists)
        .map(|(name, lists)| EvaluatedModel {
            name,
            metrics: lists.metrics(evaluation, k),
            score_seconds: lists.seconds,
            parameters: if matches!(name, "content" | "graph" | "quality" | "recency") { 0 } else { blend },
        })
        .collect())
}

/// Returns the options of each component alone, of all of them, and of all of them with the default
/// diversity, novelty and exploration.
fn served_options(default: &RankOptions) -> [RankOptions; SERVED.len()] {
    let alone = by_score_alone(default);
    let [collaborative, content, graph, quality, recency] = Component::ALL.map(|component| {
        let weights = HybridWeights { weights: Weights::only(component), unchosen: None, ..alone.hybrid };
        RankOptions { hybrid: weights, ..alone }
    });
    [collaborative, content, graph, quality, recency, alone, *default]
}
