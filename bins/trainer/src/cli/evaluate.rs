//! Arguments of `evaluate`.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Subcommand};
use docent::models::ModelKind;

#[derive(Debug, Args)]
pub struct EvaluateArgs {
    #[command(subcommand)]
    pub protocol: EvaluateProtocol,
}

#[derive(Debug, Subcommand)]
pub enum EvaluateProtocol {
    /// Leave one out: rank the held-out item of each user among given negatives
    Loo {
        /// Folder with one *.train.rating, one *.test.rating and one *.test.negative file
        #[arg(long, value_name = "FOLDER")]
        data: PathBuf,
        #[command(flatten)]
        models: ModelArgs,
    },
    /// Full ranking: rank the held-out items of each user among the whole catalogue
    Ranking {
        /// Training file: lines "user item item ..."
        #[arg(long, value_name = "FILE")]
        train: PathBuf,
        /// Test file: lines "user item item ..."
        #[arg(long, value_name = "FILE")]
        test: PathBuf,
        #[command(flatten)]
        models: ModelArgs,
    },
    /// Next item: rank the last item of each ordered history among the whole catalogue
    Next {
        /// File of histories: lines "user item item ...", oldest first
        #[arg(long, value_name = "FILE")]
        data: PathBuf,
        /// File of attributes in JSON: {"item": [attribute, ...], ...}
        #[arg(long, value_name = "FILE")]
        attributes: Option<PathBuf>,
        #[command(flatten)]
        models: ModelArgs,
    },
    /// Sessions: rank each next item of each test session among the whole catalogue
    #[command(after_help = SESSION_COLUMNS)]
    Sessions {
        /// Training file, a table of sessions
        #[arg(long, value_name = "FILE")]
        train: PathBuf,
        /// Test file, a table of sessions
        #[arg(long, value_name = "FILE")]
        test: PathBuf,
        #[command(flatten)]
        models: ModelArgs,
    },
    /// citeulike: rank the held-out articles of each library among all articles, with texts, tags
    /// and citations, by the models and by the answers as served
    Citeulike(CiteulikeArgs),
    /// The store: hold out the latest positives of each user, and evaluate the answers as served
    Store(StoreArgs),
    /// Compare two evaluations by a paired test over users
    Compare(CompareArgs),
}

/// Seconds after which no further trial of a model begins.
const TUNE_SECONDS: u64 = 600;
const SESSION_COLUMNS: &str = "\
Both files have a header, and columns separated by tabs: SessionId, ItemId and Time (seconds since 1970), in any order \
                               and among others.";

#[derive(Debug, Args)]
pub struct StoreArgs {
    /// Length of the ranked lists
    #[arg(long, default_value_t = 10)]
    pub k: usize,
    /// Hold out what all users chose since one moment, such that about the share `train.holdout` of
    /// the positives is newer
    #[arg(long)]
    pub time_split: bool,
    /// Setting of a model, such as als.dim=64 or ease.l2=1320, or the seed; can be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Search settings of als, low_rank_als, itemknn, rp3beta and ease, of each alone, by N trials
    /// on a validation set cut from what is not held out
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub tune: usize,
    /// Time after which no further trial of a model begins, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = TUNE_SECONDS)]
    pub tune_seconds: u64,
    /// Also measure the effect of diversity, novelty and exploration, at five values each
    #[arg(long)]
    pub sweep: bool,
    /// Draw the effects as an SVG file; implies --sweep
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Also write the results as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Also write the metrics of each warm user as CSV
    #[arg(long, value_name = "FILE", visible_alias = "per-user-csv")]
    pub per_user: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CiteulikeArgs {
    /// Folder with cf-train-P-users.dat, cf-test-P-users.dat and optionally mult.dat with
    /// vocabulary.dat, tag-item.dat with tags.dat, citations.dat
    #[arg(long, value_name = "FOLDER")]
    pub data: PathBuf,
    /// P in the names of the files: number of articles of each user in the training data
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(u32).range(1..))]
    pub per_user: u32,
    /// Lengths of the ranked lists, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [50, 100, 300])]
    pub k: Vec<usize>,
    /// Data to leave out, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub without: Vec<Without>,
    /// Models, separated by commas: popularity, itemknn, ease, als, ncf, and the answers as served
    /// with each strategy: collaborative, content, graph, hybrid [default: all but ease and ncf]
    #[arg(long, value_delimiter = ',')]
    pub models: Vec<docent_benchmarks::citeulike::Model>,
    /// Also write the results as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Also write the metrics of each user as CSV
    #[arg(long, value_name = "FILE")]
    pub per_user_csv: Option<PathBuf>,
}

/// Data that an evaluation leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Without {
    /// Tags of articles
    Tags,
    /// Citations between articles
    Citations,
    /// Words of articles
    Text,
    /// Interactions of other users
    Collaborative,
}

/// A model, by its name or its former name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName {
    /// Model that the name selects.
    pub kind: ModelKind,
    /// Name as written, if it is a former name.
    pub former: Option<String>,
}

impl FromStr for ModelName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let kind: ModelKind = name.parse()?;
        Ok(Self { kind, former: (name != kind.name()).then(|| name.to_owned()) })
    }
}

#[derive(Debug, Args)]
pub struct ModelArgs {
    /// Models, separated by commas: popularity, recent_popularity, itemknn, rp3beta, ease, als,
    /// low_rank_als, transitions, content, ncf, hybrid [default: all that the data allow]
    #[arg(long, value_delimiter = ',')]
    pub models: Vec<ModelName>,
    /// Lengths of the ranked lists, separated by commas [default: 10 for loo and next, 20 for
    /// ranking and sessions]
    #[arg(long, value_delimiter = ',')]
    pub k: Vec<usize>,
    /// Device that trains ncf: cpu, or cuda or wgpu in builds with that feature [default: cpu]
    #[arg(long)]
    pub device: Option<docent::training::TrainDevice>,
    /// Setting of a model, such as als.dim=64 or ease.l2=1320, or the seed; can be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Search settings of each model by N trials on a validation set cut from the training data;
    /// for ncf and hybrid only those of als, judged by als alone
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub tune: usize,
    /// Time after which no further trial of a model begins, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = TUNE_SECONDS)]
    pub tune_seconds: u64,
    /// Also write the results as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Also write the metrics of each user as CSV: of each case where a user or session has several
    #[arg(long, value_name = "FILE", visible_alias = "per-user-csv")]
    pub per_user: Option<PathBuf>,
    /// Draw NDCG over training time as an SVG file
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// First file that `evaluate ... --per-user` wrote
    #[arg(value_name = "A.csv")]
    pub a: PathBuf,
    /// Second file, of the same protocol and the same test data; may be the first file again
    #[arg(value_name = "B.csv")]
    pub b: PathBuf,
    /// Model to compare [default: each model that both files have]
    #[arg(long)]
    pub model: Option<String>,
    /// Model of the second file that is compared with --model [default: the same]
    #[arg(long, value_name = "MODEL", requires = "model")]
    pub other_model: Option<String>,
    /// Metric to compare [default: the first NDCG that both files have, else the first metric]
    #[arg(long)]
    pub metric: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_former_name_of_a_model_is_read_and_marked() {
        let name: ModelName = "broadals".parse().unwrap();
        assert_eq!(name, ModelName { kind: ModelKind::LowRankAls, former: Some("broadals".to_owned()) });
        assert_eq!("als".parse(), Ok(ModelName { kind: ModelKind::Als, former: None }));
        assert!("svd".parse::<ModelName>().is_err());
    }
}
