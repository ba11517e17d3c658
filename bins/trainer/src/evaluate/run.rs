//! Training and judging one model after another.

use std::{io::IsTerminal, ops::ControlFlow, path::Path, time::Instant};

use anyhow::Context;
use docent::{
    Error,
    collaborative::{CollaborativeModel, FitEvent, FitSettings, InteractionMatrix, ModelKind, fit, tune},
};
use indicatif::ProgressBar;

use super::{
    Plan, memory,
    report::{Cost, Judged, ModelReport, Report},
};
use crate::{cli::ModelArgs, logging, plot::svg, progress, stop::Stop};

pub type Model = dyn CollaborativeModel;

/// One model, judged.
pub struct Scored {
    pub name: &'static str,
    pub judged: Judged,
}

/// What each user chose, as models take it.
pub fn histories(likes: &InteractionMatrix) -> Vec<Vec<(u32, f32)>> {
    let of_user = |user| {
        let (items, confidences) = likes.row(user);
        items.iter().copied().zip(confidences.iter().copied()).collect()
    };
    (0..likes.n_rows()).map(of_user).collect()
}

/// Trains and judges the models of the plan, prints the table, and writes the files that were asked for.
pub fn all(
    plan: &Plan,
    protocol: &'static str,
    data: &str,
    likes: &InteractionMatrix,
    args: &ModelArgs,
    stop: &Stop,
    judge: impl Fn(ModelKind, &Model) -> anyhow::Result<Scored>,
) -> anyhow::Result<()> {
    let (users, items, interactions) = (likes.n_rows(), likes.n_cols(), likes.len());
    logging::note(&format!("{users} users, {items} items, {interactions} interactions to train on"));
    let mut report =
        Report { protocol, data: data.to_owned(), users, items, interactions, models: Vec::new() };
    for &kind in &plan.kinds {
        report.models.push(one(plan, kind, likes, stop, &judge)?);
    }
    println!("{}", report.table());
    if let Some(path) = &args.json {
        write(path, &(serde_json::to_string_pretty(&report)? + "\n"))?;
    }
    if let Some(path) = &args.plot {
        write(path, &svg(&[report.quality_over_seconds()]))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

fn one(
    plan: &Plan,
    kind: ModelKind,
    likes: &InteractionMatrix,
    stop: &Stop,
    judge: &impl Fn(ModelKind, &Model) -> anyhow::Result<Scored>,
) -> anyhow::Result<ModelReport> {
    let shown = Shown::new(stop);
    let settings = match searched(plan, kind, likes, &shown) {
        Err(error) if error.is_too_many_items() => {
            return Ok(ModelReport::skipped(kind.name(), error.to_string()));
        }
        settings => settings?,
    };
    memory::reset_peak();
    let begun = Instant::now();
    let model = match fit(kind, likes, &settings, &mut |event| shown.event(event)) {
        Err(error) if error.is_too_many_items() => {
            return Ok(ModelReport::skipped(kind.name(), error.to_string()));
        }
        model => model?,
    };
    let train_seconds = begun.elapsed().as_secs_f64();
    if shown.say(format!("{kind}: judging")).is_break() {
        anyhow::bail!("interrupted");
    }
    let begun = Instant::now();
    let Scored { name, judged } = judge(kind, model.as_ref())?;
    let cost = Cost {
        train_seconds,
        score_seconds: begun.elapsed().as_secs_f64(),
        peak_rss_bytes: memory::peak_bytes(),
        parameters: model.n_parameters(),
    };
    Ok(ModelReport::new(name, judged, &cost, settings).of_blend(model.blend_weights()))
}

/// The settings of the plan, or better ones where a search was asked for.
fn searched(
    plan: &Plan,
    kind: ModelKind,
    likes: &InteractionMatrix,
    shown: &Shown<'_>,
) -> Result<FitSettings, Error> {
    if plan.trials == 0 {
        return Ok(plan.settings.clone());
    }
    let mut observer = |trial: usize, ndcg: f64| shown.say(format!("{kind}: trial {trial}, NDCG {ndcg:.4}"));
    Ok(tune(kind, likes, &plan.settings, plan.trials, plan.time, &mut observer)?.settings)
}

/// Progress: a spinner on a terminal, log lines elsewhere.
struct Shown<'a> {
    stop: &'a Stop,
    bar: Option<ProgressBar>,
}

impl<'a> Shown<'a> {
    fn new(stop: &'a Stop) -> Self {
        Self { stop, bar: std::io::stderr().is_terminal().then(progress::spinner) }
    }

    fn say(&self, message: String) -> ControlFlow<()> {
        match &self.bar {
            Some(bar) => bar.set_message(message),
            None => tracing::info!("{message}"),
        }
        if self.stop.asked().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn event(&self, event: &FitEvent) -> ControlFlow<()> {
        match event {
            FitEvent::Model(kind) => return self.say(format!("{kind}: training")),
            FitEvent::Step { model, done, total } if self.bar.is_some() => {
                return self.say(format!("{model}: step {done} of {total}"));
            }
            FitEvent::Ncf(progress) if self.bar.is_some() || progress.batch == progress.batches => {
                let loss = progress.running_loss.map_or_else(String::new, |loss| format!(", loss {loss:.4}"));
                let holdout =
                    progress.holdout_metric.map_or_else(String::new, |m| format!(", holdout {m:.4}"));
                let (epoch, batch, batches) = (progress.epoch, progress.batch, progress.batches);
                return self.say(format!("ncf: epoch {epoch}, batch {batch} of {batches}{loss}{holdout}"));
            }
            FitEvent::Step { .. } | FitEvent::Ncf(_) => {}
        }
        if self.stop.asked().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
