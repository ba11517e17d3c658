//! Converts the arguments of `evaluate` to its options.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use docent::{
    models::ModelKind,
    training::{
        EvaluationOptions, TrainConfig,
        fit::{FitSettings, Objective},
    },
};
use docent_benchmarks::{
    CiteulikeOptions, ModelOptions,
    citeulike::{Model, Source},
};
use figment::{Figment, providers::Serialized};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    cli::evaluate::{CiteulikeArgs, EvaluateProtocol, ModelArgs, ModelName, StoreArgs, Without},
    evaluate::{Evaluation, Output},
    logging,
};

/// Returns the protocol with its options, and the files to write. On the store, `--set` changes the
/// settings of training; on files, the default ones.
pub fn parse(protocol: EvaluateProtocol, train: &mut TrainConfig) -> anyhow::Result<(Evaluation, Output)> {
    let full = |k| Objective::Full { k };
    Ok(match protocol {
        EvaluateProtocol::Loo { data, models } => {
            let output = output(&models);
            let options = model_options(models, 10, |k| Objective::Sampled { negatives: 99, k })?;
            (Evaluation::LeaveOneOut { folder: data, options }, output)
        }
        EvaluateProtocol::Ranking { train, test, models } => {
            let output = output(&models);
            (Evaluation::Ranking { train, test, options: model_options(models, 20, full)? }, output)
        }
        EvaluateProtocol::Next { data, attributes, models } => {
            let output = output(&models);
            (Evaluation::Next { data, attributes, options: model_options(models, 10, full)? }, output)
        }
        EvaluateProtocol::Sessions { train, test, models } => {
            let output = output(&models);
            (Evaluation::Sessions { train, test, options: model_options(models, 20, full)? }, output)
        }
        EvaluateProtocol::Citeulike(args) => {
            let output = Output { json: args.json.clone(), plot: None, per_user: args.per_user_csv.clone() };
            (Evaluation::Citeulike(citeulike_options(args)?), output)
        }
        EvaluateProtocol::Store(args) => {
            *train = with_overridden_models(train, &args.set)?;
            let options = store_options(&args)?;
            let StoreArgs { plot, json, per_user, .. } = args;
            (Evaluation::Store(options), Output { json, plot, per_user })
        }
        EvaluateProtocol::Compare(_) => bail!("a comparison trains nothing"),
    })
}

fn output(args: &ModelArgs) -> Output {
    Output { json: args.json.clone(), plot: args.plot.clone(), per_user: args.per_user.clone() }
}

fn store_options(args: &StoreArgs) -> anyhow::Result<EvaluationOptions> {
    let k = args.k;
    ensure!((1..=docent::MAX_LIMIT).contains(&k), "--k: expected 1 to {}, got {k}", docent::MAX_LIMIT);
    Ok(EvaluationOptions {
        k,
        with_sweep: args.sweep || args.plot.is_some(),
        by_moment: args.time_split,
        trials: args.tune,
        search_time: Duration::from_secs(args.tune_seconds),
    })
}

fn citeulike_options(args: CiteulikeArgs) -> anyhow::Result<CiteulikeOptions> {
    ensure!(!args.k.contains(&0), "--k: expected 1 or more, got 0");
    docent_formats::citeulike::Split::find(&args.data, args.per_user)
        .with_context(|| format!("--per-user {}", args.per_user))?;
    Ok(CiteulikeOptions {
        folder: args.data,
        per_user: args.per_user,
        ks: args.k,
        without: args.without.into_iter().map(source).collect(),
        models: if args.models.is_empty() { Model::DEFAULT.to_vec() } else { args.models },
    })
}

fn source(without: Without) -> Source {
    match without {
        Without::Tags => Source::Tags,
        Without::Citations => Source::Citations,
        Without::Text => Source::Text,
        Without::Collaborative => Source::Collaborative,
    }
}

fn model_options(
    args: ModelArgs,
    default_k: usize,
    objective: impl Fn(usize) -> Objective,
) -> anyhow::Result<ModelOptions> {
    ensure!(!args.k.contains(&0), "--k: expected 1 or more, got 0");
    let ks = if args.k.is_empty() { vec![default_k] } else { args.k };
    let first_k = ks.first().copied().unwrap_or(default_k);
    let defaults = ModelOptions::new(ks, objective(first_k));
    let mut settings = defaults.settings.clone();
    settings.models.ncf.device = args.device.unwrap_or_default();
    Ok(ModelOptions {
        kinds: kinds(args.models),
        settings: with_overrides(settings, &args.set)?,
        trials: args.tune,
        search_time: Duration::from_secs(args.tune_seconds),
        ..defaults
    })
}

/// Returns the models, with a warning for each former name.
fn kinds(names: Vec<ModelName>) -> Vec<ModelKind> {
    for ModelName { kind, former } in &names {
        if let Some(former) = former {
            logging::warn(&format!("the model {former} is now called {kind}; the former name still works"));
        }
    }
    names.into_iter().map(|name| name.kind).collect()
}

/// Returns the settings of training with the options `--set KEY=VALUE`.
fn with_overridden_models(train: &TrainConfig, overrides: &[String]) -> anyhow::Result<TrainConfig> {
    let given = FitSettings { models: train.models(), seed: train.seed, ..FitSettings::default() };
    let FitSettings { models, seed, .. } = with_overrides(given, overrides)?;
    Ok(TrainConfig { seed, ..train.clone() }.with_models(models))
}

/// Applies the options `--set KEY=VALUE`. Keys are those of the models, and `seed`.
fn with_overrides(settings: FitSettings, overrides: &[String]) -> anyhow::Result<FitSettings> {
    let (mut of_models, mut of_fit) = (Vec::new(), Vec::new());
    for setting in overrides {
        let (key, value) = setting
            .split_once('=')
            .with_context(|| format!("--set: expected KEY=VALUE, such as als.dim=64, got \"{setting}\""))?;
        match key.trim() {
            "seed" => of_fit.push(("seed".to_owned(), value)),
            key => of_models.push((current_name(key), value)),
        }
    }
    let models = merged(&settings.models, of_models)?;
    merged(&FitSettings { models, ..settings }, of_fit)
}

/// Returns settings with other values for some keys.
fn merged<T: Serialize + DeserializeOwned>(defaults: &T, values: Vec<(String, &str)>) -> anyhow::Result<T> {
    let mut figment = Figment::from(Serialized::defaults(defaults));
    for (key, value) in values {
        let value: figment::value::Value = value.parse().unwrap_or_else(|never| match never {});
        figment = figment.merge(Serialized::default(&key, value));
    }
    figment.extract().map_err(|error| anyhow::anyhow!("--set: {error}"))
}

/// Returns the current name of a setting; version 0.1 called `low_rank_als` `broad_als`.
fn current_name(key: &str) -> String {
    match key.strip_prefix("broad_als.") {
        Some(rest) => {
            let current = format!("low_rank_als.{rest}");
            logging::warn(&format!("--set: {key} is now called {current}; the former name still works"));
            current
        }
        None => key.to_owned(),
    }
}
