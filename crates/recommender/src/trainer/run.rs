use std::{collections::BTreeMap, time::Duration};

use chrono::Utc;
use docent_evaluation::{Holdout, Metrics, mean_metrics, temporal_holdout};
use docent_snapshot::{TrainingLock, die_at};
use docent_storage::{InteractionTotals, NewModelRun, RunEnd, RunStatus};
use ulid::Ulid;

use super::{
    FEWEST_POSITIVES, TrainConfig, TrainError, TrainEvent, TrainObserver, TrainReport, Trainer,
    content::{self, Embedded, Text},
    dataset::{Dataset, Like},
    fit, gate,
    judge::{Judge, K, popularity},
    rehearsal::{assemble, by_score_alone},
};
use crate::{
    EngineConfig, Error, LearnedWeights, ModelInfo,
    collaborative::{Blend, CollaborativeModel},
    embedder::TextEmbedder,
    model::Model,
};

/// Users with fewer positives are not judged by.
const FEWEST_TO_HOLD_OUT: usize = 5;
/// The live model is judged only by at least this many users.
const FEWEST_TO_JUDGE_LIVE: usize = 20;

const LOCK_TRIES: usize = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(200);

/// What was chosen, and how good the models are on the holdout.
struct Proof {
    walk: BTreeMap<String, f32>,
    weights: LearnedWeights,
    holdout: BTreeMap<String, Metrics>,
    /// The new and the live model on what happened since the live one was trained.
    live: Option<(Metrics, Metrics)>,
}

impl Proof {
    /// Where too little is known of anybody to hold something out.
    fn none() -> Self {
        Self {
            walk: BTreeMap::new(),
            weights: LearnedWeights::default(),
            holdout: BTreeMap::new(),
            live: None,
        }
    }
}

impl Trainer {
    /// Trains, judges and publishes. What happens is told to `observer`, which may stop the run.
    ///
    /// # Errors
    /// [`TrainError::InsufficientData`], [`TrainError::Interrupted`], [`TrainError::Failed`]. In each case nothing is
    /// published, and the run is recorded with its end. [`TrainError::Busy`] where another process trains into the same
    /// folder: then there was no run.
    pub async fn run(&self, observer: Box<dyn TrainObserver>) -> Result<TrainReport, TrainError> {
        let lock = self.lock().await?;
        self.settle(&lock).await?;
        let run_id = Ulid::generate().to_string();
        let config = serde_json::to_value(&self.config).unwrap_or_default();
        let forced = self.config.force;
        let run = NewModelRun { run_id: run_id.clone(), started_at: Utc::now(), forced, config };
        self.store.start_run(&run).await?;
        die_at("run-started");
        let result = self.run_recorded(&run_id, observer).await;
        die_at("run-unrecorded");
        self.store.finish_run(&run_id, &end_of(&result)).await?;
        result
    }

    /// Pruning holds the lock for moments; another trainer keeps it.
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
        // Before anything is read, so that what comes meanwhile counts as new.
        let totals = self.store.interaction_totals().await?;
        let data = Dataset::read(&self.store, &mut *observer).await?;
        if data.likes.len() < FEWEST_POSITIVES {
            return Err(TrainError::InsufficientData { positives: data.likes.len() });
        }
        let pretrained = self.pretrained_texts(&data, &mut *observer).await?;
        let (this, run_id) = (self.clone(), run_id.to_owned());
        tokio::task::spawn_blocking(move || this.train(run_id, &data, totals, pretrained, &mut *observer))
            .await?
    }

    /// The vectors of an embedder that is not learned here; `None` where the configured one is.
    pub(super) async fn pretrained_texts(
        &self,
        data: &Dataset,
        observer: &mut dyn TrainObserver,
    ) -> Result<Option<Embedded>, TrainError> {
        let Some(pretrained) = self.config.embedder.pretrained() else { return Ok(None) };
        stage(observer, "reading vectors")?;
        let embedder = tokio::task::spawn_blocking(move || pretrained.open(None)).await??;
        let embedder = TextEmbedder::Pretrained(self.config.embedder.clone(), embedder);
        Ok(Some(content::embed_missing(&self.store, data, embedder, observer).await?))
    }

    fn train(
        &self,
        run_id: String,
        data: &Dataset,
        totals: InteractionTotals,
        pretrained: Option<Embedded>,
        observer: &mut dyn TrainObserver,
    ) -> Result<TrainReport, TrainError> {
        stage(observer, "embedding texts")?;
        let text = content::text(data, pretrained, &self.config.lsa, self.config.seed)?;
        let (known, test) = split(&data.likes, self.config.holdout);
        let Proof { walk, weights, holdout, live } =
            if test.is_empty() { Proof::none() } else { self.prove(data, &text, &known, &test, observer)? };
        let refused = gate::refusal(&holdout, live, self.config.tolerance);
        let mut info = ModelInfo {
            users: data.users.len(),
            resources: data.items.len(),
            positives: data.likes.len(),
            watermark: data.watermark(),
            blend: BTreeMap::new(),
            walk,
            weights,
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
        let blend =
            fit::collaborative(&data.likes, data.users.len(), data.items.len(), &self.config, observer)?;
        info.blend = blend.blend_weights();
        let model = assemble(data, &data.likes, blend, text, info.clone())?;
        stage(observer, "publishing")?;
        let mut draft = self.snapshots.draft()?;
        die_at("draft-begun");
        model.write(&mut draft)?;
        die_at("draft-written");
        let manifest_info = serde_json::to_value(&info).map_err(|e| invalid(e.to_string()))?;
        // The last moment to stop.
        stage(observer, "going live")?;
        let published = self.snapshots.go_live(draft, manifest_info)?;
        Ok(TrainReport { run_id, published: Some(published.id), refused, info })
    }

    /// Learns from what is not held out, chooses on a validation part of it, and judges on what is.
    fn prove(
        &self,
        data: &Dataset,
        text: &Text,
        known: &[Like],
        test: &[Like],
        observer: &mut dyn TrainObserver,
    ) -> Result<Proof, TrainError> {
        let engine = EngineConfig::default();
        let rehearsal = self.rehearse(data, text.clone(), known, &engine, observer)?;

        stage(observer, "judging")?;
        let test = Judge::new(known, test);
        let mut holdout = BTreeMap::new();
        let mut put = |model: &'static str, metrics: Metrics| {
            let _ = observer.on_event(&TrainEvent::Judged { model, metrics });
            holdout.insert(model.to_owned(), metrics);
        };
        let counts = popularity(known, data.items.len());
        put(
            "popularity",
            test.judge(|_, scores| {
                *scores = counts.iter().map(|count| *count as f32).collect();
                Ok(())
            })?,
        );
        let blend = rehearsal.blend()?;
        for member in blend.members() {
            put(member.model.kind().name(), test.judge_model(member.model.as_ref())?);
        }
        put("collaborative", test.judge_model(blend)?);
        for lists in rehearsal.ranked(&test, K, None, |_, options| [by_score_alone(options)])? {
            put("hybrid", mean_metrics(&lists.metrics(&test, K)));
        }
        let live = self.judge_live(data, &test, blend)?;
        if let Some((_, metrics)) = live {
            let _ = observer.on_event(&TrainEvent::Judged { model: "live", metrics });
        }
        let ModelInfo { walk, weights, .. } = rehearsal.info()?.clone();
        Ok(Proof { walk, weights, holdout, live })
    }

    /// The new and the live model on what was held out and happened since the live one was trained: what it has learned
    /// from would flatter it. `None` without a live model, or with too few such users.
    fn judge_live(
        &self,
        data: &Dataset,
        test: &Judge<'_>,
        new: &Blend,
    ) -> Result<Option<(Metrics, Metrics)>, Error> {
        let live = match self.live_model() {
            Ok(Some(model)) => model,
            Ok(None) => return Ok(None),
            Err(error) => {
                tracing::warn!(%error, "the live model cannot be read and is not compared with");
                return Ok(None);
            }
        };
        let Some(watermark) = live.info.watermark else { return Ok(None) };
        let since = Judge {
            cases: test
                .cases
                .iter()
                .filter(|case| case.history.last().is_some_and(|like| like.at > watermark))
                .cloned()
                .collect(),
        };
        if since.cases.len() < FEWEST_TO_JUDGE_LIVE {
            return Ok(None);
        }
        let rows: std::collections::HashMap<&str, u32> =
            live.items.iter().map(|id| id.as_str()).zip(0u32..).collect();
        let row_of_item: Vec<Option<u32>> = data.ids().map(|id| rows.get(id.as_str()).copied()).collect();
        let old = since.judge(|history, scores| score_by(&live, &row_of_item, history, scores))?;
        Ok(Some((since.judge_model(new)?, old)))
    }

    fn live_model(&self) -> Result<Option<Model>, Error> {
        self.snapshots.open_current()?.map(|snapshot| Model::read(&snapshot, None)).transpose()
    }
}

/// Scores this run's items by a published model; what it does not know comes last.
fn score_by(
    model: &Model,
    row_of_item: &[Option<u32>],
    history: &[Like],
    scores: &mut Vec<f32>,
) -> Result<(), Error> {
    let row = |item: u32| row_of_item.get(item as usize).copied().flatten();
    let known = fit::as_history(history).into_iter().filter_map(|(item, c)| Some((row(item)?, c)));
    let mut of_rows = Vec::new();
    model.collaborative.score_all(&known.collect::<Vec<_>>(), &mut of_rows)?;
    let score = |row: &Option<u32>| row.and_then(|row| of_rows.get(row as usize).copied());
    scores.clear();
    scores.extend(row_of_item.iter().map(|row| score(row).unwrap_or(f32::NEG_INFINITY)));
    Ok(())
}

/// What to learn from and what to hold out: the latest share of each user's likes.
pub(super) fn split(likes: &[Like], share: f64) -> (Vec<Like>, Vec<Like>) {
    let events: Vec<(u32, i64)> = likes.iter().map(|like| (like.user, like.at.timestamp_micros())).collect();
    let Holdout { train, test } = temporal_holdout(&events, share, FEWEST_TO_HOLD_OUT);
    let pick = |positions: Vec<usize>| positions.into_iter().filter_map(|p| likes.get(p).copied()).collect();
    (pick(train), pick(test))
}

pub(super) fn stage(observer: &mut dyn TrainObserver, name: &'static str) -> Result<(), TrainError> {
    if observer.on_event(&TrainEvent::Stage(name)).is_break() { Err(TrainError::Interrupted) } else { Ok(()) }
}

pub(super) fn invalid(reason: String) -> Error {
    Error::InvalidModel { id: "candidate".into(), reason }
}

fn end_of(result: &Result<TrainReport, TrainError>) -> RunEnd {
    let (status, message) = match result {
        Ok(report) if report.published.is_some() => (RunStatus::Published, report.refused.clone()),
        Ok(report) => (RunStatus::Rejected, report.refused.clone()),
        Err(error @ TrainError::InsufficientData { .. }) => {
            (RunStatus::InsufficientData, Some(error.to_string()))
        }
        Err(error @ TrainError::Interrupted) => (RunStatus::Interrupted, Some(error.to_string())),
        Err(error @ (TrainError::Failed(_) | TrainError::Busy)) => {
            (RunStatus::Failed, Some(error.to_string()))
        }
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

impl TrainConfig {
    /// As [`Default`], with another seed.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }
}
