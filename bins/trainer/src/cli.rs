//! The command line. These types only describe arguments; `command.rs` converts them to the
//! configuration and the options of the commands.

pub mod evaluate;
pub mod import;

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, Parser, Subcommand};

use self::{evaluate::EvaluateArgs, import::ImportArgs};

/// Imports data, trains and evaluates models, and publishes those that pass the quality gate.
#[derive(Debug, Parser)]
#[command(name = "docent-trainer", version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 success (train: a model was published), 1 error, 2 insufficient training data, \
                          3 rejected by the quality gate, 4 nothing to do (train: too few new interactions, or \
                          another trainer is running or has published meanwhile), 130 interrupted, 143 terminated";

#[derive(Debug, Args)]
pub struct Common {
    /// Configuration file in TOML, which the server can share
    #[arg(long, global = true, value_name = "FILE", env = "DOCENT_CONFIG")]
    pub config: Option<PathBuf>,
    /// URL of the database: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [env:
    /// DOCENT_DATABASE_URL] [default: sqlite://docent-data/docent.db]
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Folder of published models, or `s3://BUCKET/PREFIX` and the like [env: DOCENT_SNAPSHOTS]
    /// [default: docent-data/snapshots]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub snapshots: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a model on the store, and publish it if it passes the quality gate
    Train(TrainArgs),
    /// Evaluate models on files or on the store; the store is not changed
    Evaluate(EvaluateArgs),
    /// Import resources, links and interactions into the store; importing the same data twice
    /// changes nothing
    Import(Box<ImportArgs>),
    /// Export resources and interactions in a format that `import` reads
    Export(ExportArgs),
    /// Fill the store with a synthetic library and users with distinct tastes
    Generate(GenerateArgs),
    /// Write lists of recommendations for all users, by the published model
    Recommend(RecommendArgs),
    /// List, inspect, promote and remove published models
    Models(ModelsArgs),
}

#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Maximum number of passes over the positives in the training of ncf [default: 10]
    #[arg(long)]
    pub epochs: Option<usize>,
    /// Number of positives in a training step of ncf, each with its negatives [default: 256]
    #[arg(long)]
    pub batch_size: Option<usize>,
    /// Learning rate of ncf [default: 0.001]
    #[arg(long)]
    pub learning_rate: Option<f32>,
    /// Length of the factors of als [default: 192]
    #[arg(long)]
    pub dim: Option<usize>,
    /// Seed of all random choices [default: 42]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Device that trains ncf: cpu, or cuda or wgpu in builds with that feature [default: cpu]
    #[arg(long)]
    pub device: Option<docent::training::TrainDevice>,
    /// Publish even if the quality gate rejects the model; recorded in the run history
    #[arg(long)]
    pub force: bool,
    /// File in the folder of node_exporter's textfile collector to write the outcomes of this and
    /// earlier runs to
    #[arg(long, env = "DOCENT_METRICS_FILE", value_name = "FILE")]
    pub metrics_file: Option<PathBuf>,
    /// Keep running, and train at the times of a cron expression in UTC, such as "0 3 * * *"
    #[arg(long, value_name = "CRON")]
    pub schedule: Option<crate::schedule::Schedule>,
    /// Train only if there are at least N interactions since the live model was trained [default:
    /// 0; with --schedule: 100]
    #[arg(long, value_name = "N")]
    pub min_new_interactions: Option<u64>,
    /// After publishing, remove all models but the newest N; the live model always stays
    #[arg(long, value_name = "N")]
    pub keep: Option<NonZeroUsize>,
    /// Folder of `export parquet --splits` in which another program, such as integrations/spark,
    /// has fitted members of the blend; they are judged and published like others
    #[arg(long, value_name = "DIR")]
    pub factors: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct RecommendArgs {
    /// Recommend to all users; there is no other choice yet
    #[arg(long, required = true)]
    pub all: bool,
    /// File to write, which gets its name when it is complete: one JSON object a line, with the
    /// user and the list, or with the name *.parquet one row for each recommendation
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Maximum number of recommendations for each user, 1 to 100
    #[arg(long, value_name = "N", default_value = "20")]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(subcommand)]
    pub format: ExportFormat,
}

#[derive(Debug, Subcommand)]
pub enum ExportFormat {
    /// Resources and interactions, one JSON object per line, as `import files` reads them; `export
    /// store` writes profiles, feedback and repeats without a time, too
    Jsonl {
        /// File, or folder for resources.jsonl and interactions.jsonl
        to: PathBuf,
    },
    /// resources.parquet and interactions.parquet, as `import files` reads them
    Parquet {
        /// Folder, created if absent
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Write what training learns from, too, split as it would split it, for `train --factors`
        #[arg(long)]
        splits: bool,
    },
    /// All data of the store, profiles, feedback and counts included, for `import store` on either
    /// database; without API keys and training runs
    Store {
        /// File to write, which gets its name when it is complete
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// Number of users
    #[arg(long, default_value_t = 20)]
    pub users: usize,
    /// Number of interactions of each user, repeats included
    #[arg(long, default_value_t = 30)]
    pub interactions: usize,
    /// Number of resources; there is one topic for every 25 of them, 4 to 12 in all
    #[arg(long, default_value_t = 200)]
    pub resources: usize,
    /// Seed of all random choices
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    pub action: ModelsAction,
}

#[derive(Debug, Subcommand)]
pub enum ModelsAction {
    /// List published models, newest first, and training runs with their outcomes
    List {
        /// Number of runs to list
        #[arg(long, default_value_t = 10, value_name = "N")]
        runs: usize,
    },
    /// Show the run, metrics, weights and settings of a model, and check its files
    Show {
        /// Version of the model [default: the live one]
        version: Option<String>,
    },
    /// Make a published model the live one; servers load it by themselves
    Promote {
        /// Version of the model
        version: String,
    },
    /// Make the model that was published before the live one the live one
    Rollback,
    /// Remove all models but the newest; the live model always stays
    Prune {
        /// Number of models to keep
        #[arg(long, value_name = "N")]
        keep: NonZeroUsize,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap_markdown::MarkdownOptions;
    use docent_test_support::check_command_line_reference;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_reference_of_the_command_line_is_current() {
        let options = MarkdownOptions::new().show_footer(false).show_table_of_contents(false);
        let help = clap_markdown::help_markdown_custom::<Cli>(&options);
        check_command_line_reference("docent-trainer", &help).unwrap();
    }
}
