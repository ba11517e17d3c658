//! One training run: read, hold out, fit, evaluate, gate, publish.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use chrono::Utc;
use docent_domain::{Event, Weights};
use docent_engine::{EngineConfig, Error};
use docent_evaluation::{Metrics, mean_metrics};
use docent_models::{
    Blend, CollaborativeModel, LearnedWeights, ModelError, ModelInfo, PublishedModel, TextEmbedder,
    UserScores,
};
use docent_snapshot::{Base, TrainingLock, die_at};
use docent_storage::{InteractionTotals, NewModelRun, RunEnd, RunStatus};
use rustc_hash::FxHashSet;
use tokio::task::JoinError;
use ulid::Ulid;

use crate::{
    TrainError, TrainEvent, TrainObserver, TrainReport, Trainer,
    audit::audit_publication,
    blend::{as_history, fit_data, fit_settings, report},
    content::{self, Embedded, Text},
    dataset::{Dataset, Like},
    external::{Members, Scope},
    fit::{self, FitEvent, Plan, build},
    gate,
    holdout::{Split, Splits, hold_out},
    holdout_evaluation::{HoldoutEvaluation, K, popularity},
    replay::{Learned, assemble, by_score_alone},
    weak::TypeWeights,
};

/// Minimum number of positives that a model is trained on; or else, of interactions of one type.
pub const MIN_POSITIVES: usize = 10;
/// Minimum number of users with later positives for a comparison with the live model.
const MIN_USERS_TO_COMPARE_LIVE: usize = 20;

const LOCK_TRIES: usize = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(200);

/// Outcome of the evaluation on the holdout, and the weights that were chosen before it.
#[derive(Default)]
struct Proof {
    edge_kind_weights: BTreeMap<String, f32>,
    weights: LearnedWeights,
    unchosen_weights: Option<Weights>,
    type_weights: TypeWeights,
    holdout: BTreeMap<String, Metrics>,
    /// Choice of the collaborative models; `None` if nothing was held out.
    plan: Option<Plan>,
    /// Metrics of the new and of the live model on interactions since the live one was trained.
    live: Option<(Metrics, Metrics)>,
}

impl Trainer {
    /// Trains, evaluates and publishes.
    ///
    /// # Errors
    /// As [`Trainer::run_with`].
    pub async fn run(&self) -> Result<TrainReport, TrainError> {
        self.run_with(Box::new(())).await
    }

    /// Trains, evaluates and publishes. Reports progress to `observer`, which may stop the run.
    ///
    /// # Errors
    /// [`TrainError::InsufficientData`], [`TrainError::Interrupted`], [`TrainError::Overtaken`] or
    /// [`TrainError::Failed`]; nothing is published, and the run is recorded with its end.
    /// [`TrainError::Busy`] if another process trains into the same folder of snapshots; no run is
    /// recorded then.
    pub async fn run_with(&self, observer: Box<dyn TrainObserver>) -> Result<TrainReport, TrainError> {
        self.config.check()?;
        let lock = self.lock().await?;
        self.close_killed_runs(&lock).await?;
        let run_id = Ulid::generate().to_string();
        let config = serde_json::to_value(&self.config).unwrap_or_default();
        let forced = self.config.force;
        let run = NewModelRun { run_id: run_id.clone(), started_at: Utc::now(), forced, config };
        self.store.start_run(&run).await?;
        die_at("run-started");
        let result = self.run_recorded(&run_id, observer).await;
        die_at("run-unrecorded");
        let end = end_of(&result);
        audit_publication(&self.store, &end).await;
        self.store.finish_run(&run_id, &end).await?;
        result
    }

    /// Takes the lock of the folder. Pruning holds it for moments; another trainer keeps it.
    async fn lock(&self) -> Result<TrainingLock, TrainError> {
        for _ in 0..LOCK_TRIES {
            if let Some(lock) = self.snapshots.lock_training()? {
                return Ok(lock);
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
        Err(TrainError::Busy)
    }

    async fn run_recorded(
        &self,
        run_id: &str,
        mut observer: Box<dyn TrainObserver>,
    ) -> Result<TrainReport, TrainError> {
        stage(&mut *observer, "reading")?;
        let base = self.live_base().await?;
        // Counted before anything is read, so interactions that arrive meanwhile count as new.
        let totals = self.store.interaction_totals().await?;
        let data = Dataset::read(&self.store, &mut *observer).await?;
        let pretrained = self.pretrained_texts(&data, &mut *observer).await?;
        let (this, run_id) = (self.clone(), run_id.to_owned());
        tokio::task::spawn_blocking(move || {
            this.train((run_id, base), &data, totals, pretrained, &mut *observer)
        })
        .await
        .map_err(task_failed)?
    }

    /// Returns the vectors of an embedder that training does not learn; `None` for the built-in
    /// one.
    pub(crate) async fn pretrained_texts(
        &self,
        data: &Dataset,
        observer: &mut dyn TrainObserver,
    ) -> Result<Option<Embedded>, TrainError> {
        let Some(pretrained) = self.config.embedder.pretrained() else { return Ok(None) };
        stage(observer, "reading vectors")?;
        let embedder =
            tokio::task::spawn_blocking(move || pretrained.open(None)).await.map_err(task_failed)??;
        let embedder = TextEmbedder::Pretrained(self.config.embedder.clone(), embedder);
        Ok(Some(content::embed_missing(&self.store, data, embedder, observer).await?))
    }

    fn train(
        &self,
        (run_id, base): (String, Base),
        data: &Dataset,
        totals: InteractionTotals,
        pretrained: Option<Embedded>,
        observer: &mut dyn TrainObserver,
    ) -> Result<TrainReport, TrainError> {
        let splits = match &self.members {
            Some(members) => Members::splits(members, data, &self.config)?,
            None => Splits::of(hold_out(&data.likes, self.config.holdout, self.config.seed)),
        };
        stage(observer, "embedding texts")?;
        let text = content::text(data, pretrained, &self.config.lsa, self.config.seed)?;
        let proof = if splits.outer.test.is_empty() {
            Proof { type_weights: data.weak.stated(&self.config.type_weights), ..Proof::default() }
        } else {
            self.prove(data, &text, &splits, observer)?
        };
        let Proof { edge_kind_weights, weights, unchosen_weights, type_weights, holdout, plan, live } = proof;
        let refused = gate::refusal(&holdout, live, self.config.tolerance);
        let mut info = ModelInfo {
            users: data.n_likers,
            resources: data.items.len(),
            positives: data.likes.len(),
            signal: data.signal.as_ref().map(|signal| signal.interaction_type.clone()),
            type_weights,
            watermark: data.watermark(),
            blend: BTreeMap::new(),
            external_members: Vec::new(),
            edge_kind_weights,
            weights,
            unchosen_weights,
            holdout,
            embedder: Some(text.embedder.info()),
            run_id: Some(run_id.clone()),
            interactions: totals.count,
            newest_interaction: totals.newest,
            forced: refused.is_some() && self.config.force,
            config: serde_json::to_value(&self.config).unwrap_or_default(),
        };
        if refused.is_some() && !self.config.force {
            return Ok(TrainReport { run_id, published: None, refused, info });
        }
        stage(observer, "training on everything")?;
        let members = splits.members(Scope::Publish);
        drop(splits);
        let events = data.weak.with_likes(&data.likes, &info.type_weights, &[]);
        let all = fit_data(&events, data.n_users(&events), data.items.len())?;
        let all = all.with_members(members);
        let settings = fit_settings(&self.config);
        let mut report = |event: &FitEvent| report(event, observer);
        let plan = match plan {
            Some(plan) => plan,
            None => fit::plan(&all, &settings, &mut report)?,
        };
        let blend = build(&all, &plan, &settings, &mut report)?;
        drop(all);
        info.blend = blend.blend_weights();
        let external =
            self.members.iter().flat_map(|members| &members.kinds).map(|kind| kind.name().to_owned());
        info.external_members = external.filter(|kind| info.blend.contains_key(kind)).collect();
        let learned = Learned { likes: &data.likes, events: &events };
        let model = assemble(data, learned, blend, text, Some(&plan), info.clone())?;
        stage(observer, "publishing")?;
        let mut draft = self.snapshots.draft()?;
        die_at("draft-begun");
        model.write(&mut draft)?;
        die_at("draft-written");
        let manifest_info = serde_json::to_value(&info).map_err(|e| invalid(e.to_string()))?;
        // The last moment to stop.
        stage(observer, "going live")?;
        let published = self.snapshots.go_live_from(draft, manifest_info, &base)?;
        Ok(TrainReport { run_id, published: Some(published.id), refused, info })
    }

    /// Fits a candidate to what is not held out, and evaluates it on the rest.
    fn prove(
        &self,
        data: &Dataset,
        text: &Text,
        splits: &Splits,
        observer: &mut dyn TrainObserver,
    ) -> Result<Proof, TrainError> {
        let engine = EngineConfig::default();
        let candidate = self.fit_candidate(data, text.clone(), splits, &engine, observer)?;

        stage(observer, "evaluating")?;
        let split = &splits.outer;
        let test = HoldoutEvaluation::new(&candidate.events, &split.test);
        let counts = popularity(&split.known, data.items.len());
        let blend = candidate.replay.blend();
        let mut evaluated = vec![("popularity", mean_metrics(&test.each_by_scores(K, &counts)?))];
        for member in blend.members() {
            evaluated
                .push((member.model.kind().name(), test.mean_by_model(member.model.as_ref(), member.tau)?));
        }
        evaluated.push(("collaborative", test.mean_by_model(blend, None)?));
        for lists in candidate.ranked(&test, K, None, |options| [by_score_alone(options)])? {
            evaluated.push(("hybrid", mean_metrics(&lists.metrics(&test, K))));
        }
        let live = self.compare_live(data, split, &test, blend)?;
        let of_live = live.map(|(_, metrics)| ("live", metrics));
        for &(model, metrics) in evaluated.iter().chain(&of_live) {
            let _ = observer.on_event(&TrainEvent::Evaluated { model, metrics });
        }
        Ok(Proof {
            edge_kind_weights: candidate.replay.edge_kind_weights().clone(),
            weights: candidate.replay.weights().clone(),
            unchosen_weights: candidate.replay.unchosen_weights(),
            type_weights: candidate.type_weights,
            plan: Some(candidate.plan),
            holdout: evaluated.into_iter().map(|(model, metrics)| (model.to_owned(), metrics)).collect(),
            live,
        })
    }

    /// Returns the metrics of the new and of the live model on held-out likes since the live one
    /// was trained: likes it has learned from would flatter it. `None` without a live model, or
    /// with too few such users.
    fn compare_live(
        &self,
        data: &Dataset,
        split: &Split,
        test: &HoldoutEvaluation<'_>,
        new: &Blend,
    ) -> Result<Option<(Metrics, Metrics)>, Error> {
        let live = match self.live_model() {
            Ok(Some(model)) => model,
            Ok(None) => return Ok(None),
            Err(error) => {
                tracing::warn!(%error, "cannot read the live model; the new one is not compared with it");
                return Ok(None);
            }
        };
        let Some(watermark) = live.info.watermark else { return Ok(None) };
        let mut since = HoldoutEvaluation { cases: test.cases.clone() };
        // A random holdout can be older than the newest known like.
        since.cases.retain(|case| {
            case.at > watermark && case.history.last().is_some_and(|like| like.at > Some(watermark))
        });
        if since.cases.len() < MIN_USERS_TO_COMPARE_LIVE {
            return Ok(None);
        }
        // Each model sees a history as it would be served to it.
        let users: FxHashSet<u32> = since.cases.iter().map(|case| case.user).collect();
        let events = data.weak.with_likes(&split.known, &live.info.neutral_strengths(), &[split]);
        let mut by_live = HoldoutEvaluation::new(&events, &split.test);
        by_live.cases.retain(|case| users.contains(&case.user));
        let rows: HashMap<&str, u32> = live.items.iter().map(|id| id.as_str()).zip(0u32..).collect();
        let row_of_item: Vec<Option<u32>> = data.ids().map(|id| rows.get(id.as_str()).copied()).collect();
        let old = by_live.each(K, |history| score_by(&live, &row_of_item, history))?;
        Ok(Some((since.mean_by_model(new, None)?, mean_metrics(&old))))
    }

    fn live_model(&self) -> Result<Option<PublishedModel>, ModelError> {
        self.snapshots.open_current()?.map(|snapshot| PublishedModel::read(&snapshot, None)).transpose()
    }
}

/// Scores the items of this run by a published model; items that it does not know come last.
fn score_by(
    model: &PublishedModel,
    row_of_item: &[Option<u32>],
    history: &[Like],
) -> Result<Vec<f32>, ModelError> {
    let mut known: Vec<Event> = as_history(history);
    known.retain_mut(|event| match row_of_item.get(event.item as usize).copied().flatten() {
        Some(row) => {
            event.item = row;
            true
        }
        None => false,
    });
    let user = model.collaborative.user(&known)?;
    let scores = user.all()?;
    let of_row = |row: u32| scores.get(row as usize).copied();
    Ok(row_of_item.iter().map(|row| row.and_then(of_row).unwrap_or(f32::NEG_INFINITY)).collect())
}

/// Reports that a stage begins.
///
/// # Errors
/// [`TrainError::Interrupted`] if the observer asks to stop.
pub(crate) fn stage(observer: &mut dyn TrainObserver, name: &'static str) -> Result<(), TrainError> {
    if observer.on_event(&TrainEvent::Stage(name)).is_break() { Err(TrainError::Interrupted) } else { Ok(()) }
}

pub(crate) fn invalid(reason: String) -> Error {
    ModelError::Invalid { id: "candidate".into(), reason }.into()
}

pub(crate) fn task_failed(error: JoinError) -> TrainError {
    Error::task(error).into()
}

fn end_of(result: &Result<TrainReport, TrainError>) -> RunEnd {
    let (status, message) = match result {
        Ok(report) if report.published.is_some() => (RunStatus::Published, report.refused.clone()),
        Ok(report) => (RunStatus::Rejected, report.refused.clone()),
        Err(error @ TrainError::InsufficientData { .. }) => {
            (RunStatus::InsufficientData, Some(error.to_string()))
        }
        Err(error @ TrainError::Interrupted) => (RunStatus::Interrupted, Some(error.to_string())),
        Err(
            error @ (TrainError::Failed(_)
            | TrainError::Busy
            | TrainError::Overtaken(_)
            | TrainError::NoMoment(_)),
        ) => (RunStatus::Failed, Some(error.to_string())),
    };
    let report = result.as_ref().ok();
    RunEnd {
        finished_at: Utc::now(),
        status,
        model_version: report.and_then(|report| report.published.clone()),
        metrics: report.and_then(|r| serde_json::to_value(&r.info.holdout).ok()).unwrap_or_default(),
        message,
    }
}
