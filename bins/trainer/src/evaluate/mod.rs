//! `evaluate`: models on data in files by published protocols, and the whole pipeline on the store.

mod citeulike;
mod files;
mod loo;
mod memory;
mod ranking;
mod report;
mod run;
mod store;

pub use citeulike::Model as CiteulikeModel;

use std::time::Duration;

use docent::collaborative::{FitSettings, ModelKind, Objective};
use figment::{Figment, providers::Serialized};

use crate::{
    cli::{EvaluateArgs, EvaluateProtocol, ModelArgs},
    exit, logging,
    settings::Settings,
    stop::Stop,
};

/// Trains, judges, prints a table and, where asked for, writes it as JSON.
pub async fn run(settings: Settings, args: EvaluateArgs) -> anyhow::Result<u8> {
    let stop = Stop::listen()?;
    let asked = stop.clone();
    let done = match args.protocol {
        EvaluateProtocol::Loo { data, models } => blocking(move || loo::run(&data, &models, &stop)).await,
        EvaluateProtocol::Ranking { train, test, models } => {
            blocking(move || ranking::run(&train, &test, &models, &stop)).await
        }
        EvaluateProtocol::Citeulike(args) => blocking(move || citeulike::run(&args, &stop)).await,
        EvaluateProtocol::Store(args) => store::run(settings, &args, &stop).await,
    };
    match (done, asked.asked()) {
        (Err(_), Some(code)) => {
            logging::warn("evaluation was interrupted; nothing was written");
            Ok(code)
        }
        (done, _) => done.map(|()| exit::DONE),
    }
}

async fn blocking(work: impl FnOnce() -> anyhow::Result<()> + Send + 'static) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(work).await?
}

/// What to judge, and how to train it.
struct Plan {
    kinds: Vec<ModelKind>,
    ks: Vec<usize>,
    settings: FitSettings,
    trials: usize,
    time: Duration,
}

impl Plan {
    fn new(args: &ModelArgs, default_k: usize, objective: fn(usize) -> Objective) -> anyhow::Result<Self> {
        let ks = if args.k.is_empty() { vec![default_k] } else { args.k.clone() };
        anyhow::ensure!(!ks.contains(&0), "--k: expected 1 or more, got 0");
        let kinds = if args.models.is_empty() { ModelKind::ALL.to_vec() } else { args.models.clone() };
        let mut settings = FitSettings {
            objective: objective(ks.first().copied().unwrap_or(default_k)),
            ..FitSettings::default()
        };
        settings.als.dim = 192;
        settings.ncf.device = args.device.unwrap_or_default();
        let mut figment = Figment::from(Serialized::defaults(settings));
        for setting in &args.set {
            let Some((key, value)) = setting.split_once('=') else {
                anyhow::bail!("--set: expected KEY=VALUE, such as als.dim=64, got \"{setting}\"");
            };
            let value: figment::value::Value = value.parse().unwrap_or_else(|never| match never {});
            figment = figment.merge(Serialized::default(key.trim(), value));
        }
        let settings = figment.extract().map_err(|error| anyhow::anyhow!("--set: {error}"))?;
        let time = Duration::from_secs(args.tune_seconds);
        Ok(Self { kinds, ks, settings, trials: args.tune, time })
    }
}
