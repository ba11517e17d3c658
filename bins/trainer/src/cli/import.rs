//! Arguments of `import`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use docent_formats::{Scale, TimeFormat, Zone};

#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(subcommand)]
    pub source: ImportSource,
}

#[derive(Debug, Subcommand)]
pub enum ImportSource {
    /// Files of any layout: CSV and other tables, JSON lines, JSON arrays, Parquet; plain, gzip,
    /// zstd or zip
    #[command(visible_aliases = ["csv", "jsonl", "parquet"], after_help = FILES)]
    Files(FilesArgs),
    /// A folder whose files are recognised: one of the sets below, or any files
    Auto(SetArgs),
    /// MovieLens, from 100K to 32M
    Movielens(SetArgs),
    /// Amazon reviews of 2014, 2018 or 2023, and the files meta_*
    Amazon(SetArgs),
    /// Goodbooks-10k: books, ratings and to-read lists
    Goodbooks(SetArgs),
    /// Book-Crossing: books and ratings
    BookCrossing(SetArgs),
    /// RetailRocket: events.csv and item_properties_part*.csv
    Retailrocket(SetArgs),
    /// Steam-200k: purchases and hours of play
    Steam(SetArgs),
    /// Last.fm: HetRec 2011 or 360K
    Lastfm(SetArgs),
    /// Yelp: businesses and reviews
    Yelp(SetArgs),
    /// Atomic files of RecBole: *.inter and *.item
    Recbole(SetArgs),
    /// Exports of Gorse: items and feedback, as .jsonl or .csv
    Gorse(SetArgs),
    /// All data of another store, as `export store` wrote them, into a store without data
    Store {
        /// File that `export store` wrote
        file: PathBuf,
    },
    /// citeulike: users.dat and optionally mult.dat with vocabulary.dat, tag-item.dat with
    /// tags.dat, citations.dat
    Citeulike {
        /// Folder with the files
        folder: PathBuf,
        #[command(flatten)]
        options: ImportOptions,
    },
}

const FILES: &str = "\
Columns come in any order, and common names are recognised: visitorid, reviewerID and User-ID are users. Roles of --map:
  interactions  user, item, type, rating, count, dwell_seconds, scroll_depth, time
  resources     id, title, text, authors, subjects, source, language, url, published_at, quality, hidden
  links         source, target, kind, weight
A mapping file has a table [[file]] for each file, with `name` (a pattern such as \"events*.csv\"), `kind`, `map` and the
options below as keys (time_zone, rating_scale, ...). Options go before it. See docs/reference/data-formats.md.";

#[derive(Debug, Args)]
pub struct FilesArgs {
    /// Files whose columns tell what they hold
    #[arg(value_name = "FILE", required_unless_present_any = ["resources", "links", "interactions"])]
    pub files: Vec<PathBuf>,
    /// File of resources
    #[arg(long, value_name = "FILE")]
    pub resources: Vec<PathBuf>,
    /// File of links, which are added to the links that resources have
    #[arg(long, value_name = "FILE")]
    pub links: Vec<PathBuf>,
    /// File of interactions, preferably the oldest first
    #[arg(long, value_name = "FILE")]
    pub interactions: Vec<PathBuf>,
    #[command(flatten)]
    pub mapping: MappingArgs,
    #[command(flatten)]
    pub options: ImportOptions,
}

#[derive(Debug, Args)]
pub struct SetArgs {
    /// Folder with the files, or the files
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub mapping: MappingArgs,
    #[command(flatten)]
    pub options: ImportOptions,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Mapping")]
pub struct MappingArgs {
    /// Columns by what they are, such as user=visitorid,item=itemid; nested fields as a.b
    #[arg(long, value_name = "ROLE=COLUMN", value_delimiter = ',')]
    pub map: Vec<String>,
    /// File with mappings, in TOML
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Interaction types by the names of events, such as purchase=export
    #[arg(long, value_name = "EVENT=TYPE", value_delimiter = ',')]
    pub types: Vec<String>,
    /// Interaction type of rows that name none
    #[arg(long = "type", value_name = "TYPE")]
    pub interaction_type: Option<String>,
    /// Names of the columns, for files without a header
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Columns that are neither read nor kept as attributes
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub leave_out: Vec<String>,
    /// Text between cells, such as ; or tab or :: [default: recognised]
    #[arg(long, value_name = "TEXT")]
    pub separator: Option<String>,
    /// Encoding, such as utf-16le or windows-1252 [default: recognised]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// Text between the names of a list in a cell [default: |]
    #[arg(long, value_name = "TEXT")]
    pub list_separator: Option<String>,
    /// Decimal point of numbers, . or , [default: recognised]
    #[arg(long, value_name = "TEXT", value_parser = [".", ","])]
    pub decimal: Option<String>,
    /// Lines before the header, which are not read
    #[arg(long, value_name = "N")]
    pub skip_lines: Option<usize>,
    /// Zone of times that name none, such as +02:00 or Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub time_zone: Option<Zone>,
    /// Form of the times: s, ms, us or ns since 1970, year, or a pattern such as %d/%m/%Y [default:
    /// recognised]
    #[arg(long, value_name = "FORMAT")]
    pub time_format: Option<TimeFormat>,
    /// Scale of the ratings, such as 1..10, which is mapped to 0.5..5 [default: recognised]
    #[arg(long, value_name = "LOW..HIGH", allow_hyphen_values = true)]
    pub rating_scale: Option<Scale>,
    /// A rating of 0 means not rated: an interaction of this type
    #[arg(long, value_name = "TYPE")]
    pub unrated: Option<String>,
}

#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Import")]
pub struct ImportOptions {
    /// Read everything, write nothing, and show what was recognised and what would be imported
    #[arg(long)]
    pub dry_run: bool,
    /// Make a resource of each id that interactions name and no catalogue has; the default where
    /// neither the files nor the store have resources
    #[arg(long)]
    pub create_missing: bool,
    /// Import nothing if any line is bad
    #[arg(long)]
    pub strict: bool,
}
