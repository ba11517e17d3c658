//! Runs the command that the arguments name: converts the arguments to the options of the command.

use std::time::Duration;

use anyhow::{Context, ensure};
use docent::{
    config::Loader,
    models::ModelKind,
    training::fit::{FitSettings, Objective},
};
use docent_benchmarks::{
    CiteulikeOptions, ModelOptions,
    citeulike::{Model, Source},
};
use docent_formats::{CiteulikeReader, CsvReader, JsonlReader, MovielensReader, Reader};
use docent_sample::LibraryConfig;
use figment::{Figment, providers::Serialized};

use crate::{
    cli::{
        CiteulikeArgs, Cli, Command, EvaluateProtocol, ExportFormat, GenerateArgs, ImportFormat, ModelArgs,
        ModelName, ModelsAction, StoreArgs, TrainArgs, Without,
    },
    evaluate::{self, Evaluation, Output, StoreOptions},
    export, generate, import, logging, models,
    settings::Settings,
    train::{self, TrainOptions},
};

/// Runs a command and returns the exit code.
pub async fn run(cli: Cli) -> anyhow::Result<u8> {
    let common = &cli.common;
    let mut loader = Loader::for_program(
        common.config.as_deref(),
        common.database_url.as_deref(),
        common.snapshots.as_deref(),
    );
    if let Command::Train(args) = &cli.command {
        loader = with_train_args(loader, args);
    }
    let settings = Settings::load(loader).map_err(anyhow::Error::from);
    match cli.command {
        Command::Train(args) => train::run(settings, &train_options(args)).await,
        Command::Evaluate(args) => {
            let (evaluation, output) = evaluation(args.protocol)?;
            evaluate::run(settings?, evaluation, &output).await
        }
        Command::Import(args) => {
            let (reader, is_strict) = reader(args.format)?;
            import::run(settings?, reader.as_ref(), is_strict).await
        }
        Command::Export(args) => {
            let ExportFormat::Jsonl { to } = args.format;
            export::run(settings?, &to).await
        }
        Command::Generate(args) => generate::run(settings?, &library(&args)).await,
        Command::Models(args) => {
            let settings = settings?;
            match args.action {
                ModelsAction::List { runs } => models::list(&settings, runs).await,
                ModelsAction::Show { version } => models::show(&settings, version.as_deref()).await,
                ModelsAction::Promote { version } => models::promote(&settings, &version),
                ModelsAction::Rollback => models::rollback(&settings),
                ModelsAction::Prune { keep } => models::prune(&settings, keep),
            }
        }
    }
}

fn with_train_args(mut loader: Loader, args: &TrainArgs) -> Loader {
    if let Some(epochs) = args.epochs {
        loader = loader.flag("--epochs", "train.ncf.epochs", epochs);
    }
    if let Some(batch_size) = args.batch_size {
        loader = loader.flag("--batch-size", "train.ncf.batch_size", batch_size);
    }
    if let Some(learning_rate) = args.learning_rate {
        loader = loader.flag("--learning-rate", "train.ncf.learning_rate", learning_rate);
    }
    if let Some(dim) = args.dim {
        loader = loader.flag("--dim", "train.als.dim", dim);
    }
    if let Some(device) = args.device {
        loader = loader.flag("--device", "train.ncf.device", device);
    }
    if let Some(seed) = args.seed {
        loader = loader.flag("--seed", "train.seed", seed);
    }
    if args.force {
        loader = loader.flag("--force", "train.force", true);
    }
    loader
}

fn train_options(args: TrainArgs) -> TrainOptions {
    TrainOptions {
        metrics_file: args.metrics_file,
        schedule: args.schedule,
        min_new_interactions: args.min_new_interactions,
        keep: args.keep,
    }
}

fn reader(format: ImportFormat) -> anyhow::Result<(Box<dyn Reader>, bool)> {
    Ok(match format {
        ImportFormat::Movielens { folder, strict } => {
            (Box::new(MovielensReader::in_folder(&folder)?), strict.strict)
        }
        ImportFormat::Citeulike { folder, strict } => {
            (Box::new(CiteulikeReader::in_folder(&folder)?), strict.strict)
        }
        ImportFormat::Csv { resources, links, interactions, strict } => {
            (Box::new(CsvReader { resources, links, interactions }), strict.strict)
        }
        ImportFormat::Jsonl { files, strict } => (Box::new(JsonlReader::new(files)), strict.strict),
    })
}

fn library(args: &GenerateArgs) -> LibraryConfig {
    LibraryConfig {
        resources: args.resources,
        users: args.users,
        interactions_per_user: args.interactions,
        seed: args.seed,
        ..LibraryConfig::default()
    }
}

fn evaluation(protocol: EvaluateProtocol) -> anyhow::Result<(Evaluation, Output)> {
    match protocol {
        EvaluateProtocol::Loo { data, models } => {
            let output = Output { json: models.json.clone(), plot: models.plot.clone() };
            let options = model_options(models, 10, |k| Objective::Sampled { negatives: 99, k })?;
            Ok((Evaluation::LeaveOneOut { folder: data, options }, output))
        }
        EvaluateProtocol::Ranking { train, test, models } => {
            let output = Output { json: models.json.clone(), plot: models.plot.clone() };
            let options = model_options(models, 20, |k| Objective::Full { k })?;
            Ok((Evaluation::Ranking { train, test, options }, output))
        }
        EvaluateProtocol::Citeulike(args) => {
            let output = Output { json: args.json.clone(), plot: None };
            Ok((Evaluation::Citeulike(citeulike_options(args)?), output))
        }
        EvaluateProtocol::Store(args) => {
            let StoreArgs { k, sweep, plot, json } = args;
            ensure!(
                (1..=docent::MAX_LIMIT).contains(&k),
                "--k: expected 1 to {}, got {k}",
                docent::MAX_LIMIT
            );
            let options = StoreOptions { k, with_sweep: sweep || plot.is_some() };
            Ok((Evaluation::Store(options), Output { json, plot }))
        }
    }
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
    objective: fn(usize) -> Objective,
) -> anyhow::Result<ModelOptions> {
    ensure!(!args.k.contains(&0), "--k: expected 1 or more, got 0");
    let ks = if args.k.is_empty() { vec![default_k] } else { args.k };
    let first_k = ks.first().copied().unwrap_or(default_k);
    let defaults = ModelOptions::new(ks, objective(first_k));
    let mut settings = defaults.settings.clone();
    settings.ncf.device = args.device.unwrap_or_default();
    Ok(ModelOptions {
        kinds: if args.models.is_empty() { ModelKind::ALL.to_vec() } else { kinds(args.models) },
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

/// Applies the options `--set KEY=VALUE`.
fn with_overrides(settings: FitSettings, overrides: &[String]) -> anyhow::Result<FitSettings> {
    let mut figment = Figment::from(Serialized::defaults(settings));
    for setting in overrides {
        let (key, value) = setting
            .split_once('=')
            .with_context(|| format!("--set: expected KEY=VALUE, such as als.dim=64, got \"{setting}\""))?;
        let value: figment::value::Value = value.parse().unwrap_or_else(|never| match never {});
        figment = figment.merge(Serialized::default(&current_name(key.trim()), value));
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
