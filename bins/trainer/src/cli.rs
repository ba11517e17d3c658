//! The command line.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, Parser, Subcommand};

/// Imports data, trains models, and publishes those that are better.
#[derive(Debug, Parser)]
#[command(name = "docent-trainer", version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done (train: published), 1 any error, 2 too little to learn from, \
                          3 the gate refused to publish, 4 nothing to do (train: too little is new, or another trainer \
                          is at work), 130 interrupted, 143 terminated";

#[derive(Debug, Args)]
pub struct Common {
    /// Settings in TOML: the tables `engine` and `train`
    #[arg(long, global = true, value_name = "FILE", env = "DOCENT_CONFIG")]
    pub config: Option<PathBuf>,
    /// sqlite://PATH or postgres://USER@HOST/DATABASE [default: sqlite://docent-data/docent.db]
    #[arg(long, global = true, value_name = "URL", env = "DOCENT_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Folder of published models [default: docent-data/snapshots]
    #[arg(long, global = true, value_name = "FOLDER", env = "DOCENT_SNAPSHOTS")]
    pub snapshots: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Learns from the store; publishes the model if it is better than popularity and not worse than the live one
    Train(TrainArgs),
    /// Trains models on data in files, or on the older part of the store, and judges them; nothing is written to the store
    Evaluate(EvaluateArgs),
    /// Reads resources, links and interactions into the store; running an import twice changes nothing
    Import(ImportArgs),
    /// Writes resources and interactions out, to be imported again
    Export(ExportArgs),
    /// Fills the store with a made-up library and people who have tastes
    Generate(GenerateArgs),
    /// Published models
    Models(ModelsArgs),
}

#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Most passes over the positives [default: 10]
    #[arg(long)]
    pub epochs: Option<usize>,
    /// Positives per step, each with its negatives [default: 256]
    #[arg(long)]
    pub batch_size: Option<usize>,
    /// Adam's learning rate [default: 0.001]
    #[arg(long)]
    pub learning_rate: Option<f32>,
    /// Length of the factors of users and resources [default: 64]
    #[arg(long)]
    pub dim: Option<usize>,
    /// Seed of everything random [default: 42]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Where the network is trained: cpu, or cuda or wgpu in programs built with that feature [default: cpu]
    #[arg(long)]
    pub device: Option<docent::TrainDevice>,
    /// Publish even what the gate refuses; this is recorded
    #[arg(long)]
    pub force: bool,
    /// Write what came of this and earlier runs for Prometheus, into the folder of node_exporter's textfile collector
    #[arg(long, env = "DOCENT_METRICS_FILE", value_name = "FILE")]
    pub metrics_file: Option<PathBuf>,
    /// Stay, and train whenever this says, in UTC: a cron expression, such as "0 3 * * *"
    #[arg(long, value_name = "CRON")]
    pub schedule: Option<crate::train::Schedule>,
    /// Train only if so many interactions came since the live model was trained [default: 0, with --schedule 100]
    #[arg(long, value_name = "N")]
    pub min_new_interactions: Option<u64>,
    /// After publishing, remove all but the newest N models; never the live one
    #[arg(long, value_name = "N")]
    pub keep: Option<NonZeroUsize>,
}

#[derive(Debug, Args)]
pub struct EvaluateArgs {
    #[command(subcommand)]
    pub protocol: EvaluateProtocol,
}

#[derive(Debug, Subcommand)]
pub enum EvaluateProtocol {
    /// Leave one out: the held-out item of each user among given negatives
    Loo {
        /// A folder with one *.train.rating, one *.test.rating and one *.test.negative
        #[arg(long, value_name = "FOLDER")]
        data: PathBuf,
        #[command(flatten)]
        models: ModelArgs,
    },
    /// Libraries of articles with texts, tags and citations: the rest of each library among all articles, by what is served
    Citeulike(CiteulikeArgs),
    /// Full ranking: the held-out items of each user among the whole catalogue
    Ranking {
        /// Lines "user item item …"
        #[arg(long, value_name = "FILE")]
        train: PathBuf,
        /// Lines "user item item …"
        #[arg(long, value_name = "FILE")]
        test: PathBuf,
        #[command(flatten)]
        models: ModelArgs,
    },
    /// The live store, the latest interactions of each user held out: the whole pipeline as it would be served
    Store(StoreArgs),
}

#[derive(Debug, Args)]
pub struct StoreArgs {
    /// Length of the lists
    #[arg(long, default_value_t = 10)]
    pub k: usize,
    /// What diversity, novelty and exploration do, too, at five values each
    #[arg(long)]
    pub sweep: bool,
    /// Draw the sweep as SVG
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Write the results as JSON, too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CiteulikeArgs {
    /// A folder with cf-train-P-users.dat, cf-test-P-users.dat and, as far as they are there, mult.dat with vocabulary.dat,
    /// tag-item.dat with tags.dat, citations.dat
    #[arg(long, value_name = "FOLDER")]
    pub data: PathBuf,
    /// P in the names of the files: how many articles of each person are trained on
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(u32).range(1..))]
    pub per_user: u32,
    /// Length of the lists, several separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [50, 100, 300])]
    pub k: Vec<usize>,
    /// What is left out, several separated by commas
    #[arg(long, value_delimiter = ',')]
    pub without: Vec<Without>,
    /// Which models, separated by commas: popularity, itemknn, ease, als, ncf, and what is served under each strategy:
    /// collaborative, content, graph, hybrid [default: all but ease and ncf]
    #[arg(long, value_delimiter = ',')]
    pub models: Vec<crate::evaluate::CiteulikeModel>,
    /// Write the results as JSON, too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// A kind of knowledge to do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Without {
    /// Tags of articles
    Tags,
    /// Citations between articles
    Citations,
    /// Words of articles
    Text,
    /// What people have in common
    Collaborative,
}

impl Without {
    pub fn name(self) -> &'static str {
        match self {
            Self::Tags => "tags",
            Self::Citations => "citations",
            Self::Text => "text",
            Self::Collaborative => "collaborative",
        }
    }
}

#[derive(Debug, Args)]
pub struct ModelArgs {
    /// Which models, separated by commas: popularity, itemknn, ease, als, broadals, ncf, hybrid [default: all]
    #[arg(long, value_delimiter = ',')]
    pub models: Vec<docent::collaborative::ModelKind>,
    /// Length of the lists, several separated by commas [default: 10 for loo, 20 for ranking]
    #[arg(long, value_delimiter = ',')]
    pub k: Vec<usize>,
    /// Where networks are trained: cpu, or cuda or wgpu in programs built with that feature [default: cpu]
    #[arg(long)]
    pub device: Option<docent::TrainDevice>,
    /// A setting, such as als.dim=64 or ease.l2=1320; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Search settings by so many trainings of each model, on a holdout cut from the train file
    #[arg(long, value_name = "TRIALS", default_value_t = 0)]
    pub tune: usize,
    /// Begin no further trial of a model after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub tune_seconds: u64,
    /// Write the results as JSON, too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write an SVG file of NDCG over seconds of training
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(subcommand)]
    pub format: ImportFormat,
}

#[derive(Debug, Subcommand)]
pub enum ImportFormat {
    /// A MovieLens folder: movies.csv, ratings.csv and optionally tags.csv; or movies.dat and ratings.dat
    Movielens {
        /// The folder
        folder: PathBuf,
        #[command(flatten)]
        strict: Strict,
    },
    /// A citeulike folder: users.dat and, as far as they are there, mult.dat with vocabulary.dat, tag-item.dat with
    /// tags.dat, citations.dat
    Citeulike {
        /// The folder
        folder: PathBuf,
        #[command(flatten)]
        strict: Strict,
    },
    /// CSV files with a header; at least one of the three
    #[command(after_help = CSV_COLUMNS)]
    Csv {
        /// Resources
        #[arg(long, value_name = "FILE", required_unless_present_any = ["links", "interactions"])]
        resources: Option<PathBuf>,
        /// Links, added to those that their resources have
        #[arg(long, value_name = "FILE")]
        links: Option<PathBuf>,
        /// Interactions, best oldest first
        #[arg(long, value_name = "FILE")]
        interactions: Option<PathBuf>,
        #[command(flatten)]
        strict: Strict,
    },
    /// Files with one JSON object a line: {"type": "resource" | "link" | "interaction", ...}, fields as in the HTTP API
    Jsonl {
        /// The files; links and interactions may come before their resources
        #[arg(required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        strict: Strict,
    },
}

const CSV_COLUMNS: &str = "\
Columns, in any order; those in brackets may be absent, and any cell of them empty:
  resources     id, title, [text], [authors], [subjects], [source], [language], [url], [published_at], [quality], [hidden]
                authors and subjects are separated by |; hidden is true or false
  links         source, target, [kind: citation], [weight: 1]
  interactions  user_id, resource_id, interaction_type, [rating], [dwell_seconds], [scroll_depth], [occurred_at]
Times are RFC 3339 (2024-05-01T12:00:00Z), dates (2024-05-01) or Unix seconds. An interaction without a time is taken to
have happened on 2000-01-01, so that importing it twice counts it once.";

#[derive(Debug, Clone, Copy, Args)]
pub struct Strict {
    /// All or nothing: stop at the first bad line and leave the store as it was
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(subcommand)]
    pub format: ExportFormat,
}

#[derive(Debug, Subcommand)]
pub enum ExportFormat {
    /// One JSON object a line, as `import jsonl` reads it
    Jsonl {
        /// A file, or a folder to write resources.jsonl and interactions.jsonl into
        to: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// How many users
    #[arg(long, default_value_t = 20)]
    pub users: usize,
    /// How many interactions each user has, repeats included
    #[arg(long, default_value_t = 30)]
    pub interactions: usize,
    /// How many resources; a topic is opened for every 25 of them, 4 to 12 in all
    #[arg(long, default_value_t = 200)]
    pub resources: usize,
    /// Seed of everything random
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
    /// Lists published models, newest first, and the runs with their ends
    List {
        /// How many runs
        #[arg(long, default_value_t = 10, value_name = "N")]
        runs: usize,
    },
    /// All that is known of a model: its run, metrics, weights, settings, and whether its files are sound
    Show {
        /// Which [default: the live one]
        version: Option<String>,
    },
    /// Makes a published model the live one; servers take it up by themselves
    Promote {
        /// Which
        version: String,
    },
    /// Makes the model live that was published before the live one
    Rollback,
    /// Removes all but the newest models; never the live one
    Prune {
        /// How many to keep
        #[arg(long, value_name = "N")]
        keep: NonZeroUsize,
    },
}
