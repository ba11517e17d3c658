//! Runs the command that the arguments name: converts the arguments to the options of the command.

mod evaluation;
mod import;

use docent::config::Loader;
use docent_sample::LibraryConfig;

use crate::{
    cli::{
        Cli, Command, ExportFormat, GenerateArgs, ModelsAction, TrainArgs, evaluate::EvaluateProtocol,
        import::ImportSource,
    },
    evaluate,
    export::{self, Export},
    generate, models,
    recommend::{self, RecommendOptions},
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
        Command::Evaluate(args) => match args.protocol {
            EvaluateProtocol::Compare(args) => evaluate::compare(&args),
            protocol => {
                let mut settings = settings?;
                let (evaluation, output) = evaluation::parse(protocol, &mut settings.train)?;
                evaluate::run(settings, evaluation, &output).await
            }
        },
        Command::Import(args) => {
            if let ImportSource::Store { file } = &args.source {
                return crate::import::rows::run(settings?, file).await;
            }
            let (data_set, options) = import::data_set(args.source)?;
            crate::import::run(settings?, data_set, options).await
        }
        Command::Export(args) => {
            let export = match args.format {
                ExportFormat::Jsonl { to } => Export::Jsonl(to),
                ExportFormat::Parquet { out, splits } => Export::Parquet { to: out, splits },
                ExportFormat::Store { out } => Export::Store(out),
            };
            export::run(settings?, &export).await
        }
        Command::Generate(args) => generate::run(settings?, &library(&args)).await,
        Command::Recommend(args) => {
            let options = RecommendOptions { out: args.out, limit: args.limit };
            recommend::run(settings?, &options).await
        }
        Command::Models(args) => {
            let settings = settings?;
            match args.action {
                ModelsAction::List { runs } => models::list(&settings, runs).await,
                ModelsAction::Show { version } => models::show(&settings, version.as_deref()).await,
                ModelsAction::Promote { version } => models::promote(&settings, &version).await,
                ModelsAction::Rollback => models::rollback(&settings).await,
                ModelsAction::Prune { keep } => models::prune(&settings, keep).await,
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
        factors: args.factors,
    }
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
