//! The command line. These types only describe arguments; `main.rs` converts them to the
//! configuration and options of the commands.

use std::{num::NonZeroU32, path::PathBuf};

use chrono::TimeDelta;
use clap::{Args, Parser, Subcommand};
use docent::{ResourceId, UserId};
use docent_auth::Scope;

/// Hybrid recommendations over HTTP.
#[derive(Debug, Parser)]
#[command(name = "docent-server", version, propagate_version = true)]
pub struct Cli {
    /// Arguments of every command.
    #[command(flatten)]
    pub common: CommonArgs,
    /// Command to run, with its own arguments.
    #[command(subcommand)]
    pub command: Command,
}

/// Sources of the configuration. A flag wins over its environment variable, the variable over the
/// file, the file over the defaults.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// Configuration file in TOML
    #[arg(long, env = "DOCENT_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// URL of the database: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [env:
    /// DOCENT_DATABASE_URL] [default: sqlite://docent-data/docent.db]
    #[arg(long, value_name = "URL", global = true)]
    pub database_url: Option<String>,
    /// Folder of published models, or `s3://BUCKET/PREFIX` and the like [env: DOCENT_SNAPSHOTS]
    /// [default: docent-data/snapshots]
    #[arg(long, value_name = "FOLDER", global = true)]
    pub snapshots: Option<PathBuf>,
}

/// Commands of the server, with their arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the HTTP API
    Serve(ServeArgs),
    /// Print the OpenAPI document as JSON
    Openapi,
    /// Print every setting with its value, default, meaning and source
    Config(ConfigArgs),
    /// Inspect, change, back up and restore the database
    #[command(subcommand)]
    Db(DbCommand),
    /// Create, list and revoke API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Print the newest entries of the audit log
    Audit(AuditArgs),
    /// Serve a synthetic library: create a SQLite database with users and interactions, train a
    /// model, serve
    Demo(DemoArgs),
}

/// Arguments of `serve`.
#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    /// Address to listen on; port 0 picks a free port [env: DOCENT_BIND] [default: 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    pub bind: Option<String>,
    /// Serve without API keys, on any address; everyone who reaches the server can read, change and
    /// erase everything [env: DOCENT_INSECURE]
    #[arg(long)]
    pub insecure: bool,
    /// Interval at which to look for new models and for changes by other processes, in seconds
    /// [env: DOCENT_POLL_SECONDS] [default: 2]
    #[arg(long, value_name = "N")]
    pub poll_seconds: Option<u64>,
}

/// Arguments of `config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Print JSON instead of TOML with comments
    #[arg(long)]
    pub json: bool,
    /// Arguments of `serve`, so that their effect can be inspected.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Folder for the database and the models; wins over --database-url and --snapshots
    #[arg(long, value_name = "FOLDER", default_value = "./docent-data")]
    pub folder: PathBuf,
    /// Arguments of `serve`.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// Commands that act on the database.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// List the migrations that are applied, pending and unknown
    Status,
    /// Apply all pending migrations
    Migrate,
    /// Compare tables, columns, indexes, foreign keys and checks with the expected schema, and the
    /// sums by resource with the interactions; exit code 1 if any is missing or wrong
    Verify,
    /// Count the sums by resource again, from all interactions
    Recount,
    /// Take back interactions of a user with a resource: those of one type, or of all. A running
    /// server applies this after `cached_user_seconds`
    DeleteInteractions {
        /// Id of the user
        #[arg(long, value_name = "ID")]
        user_id: UserId,
        /// Id of the resource
        #[arg(long, value_name = "ID")]
        resource_id: ResourceId,
        /// Type of the interactions; all types by default
        #[arg(long, value_name = "TYPE")]
        interaction_type: Option<String>,
    },
    /// Back up the database while it is in use, and verify the backup
    Backup(BackupArgs),
    /// Replace the contents of the database by a backup, entirely or not at all
    Restore {
        /// File that `db backup` wrote
        #[arg(value_name = "FILE")]
        backup: PathBuf,
        /// Replace existing data
        #[arg(long)]
        overwrite: bool,
    },
    /// Revert the newest migrations, with the data in the tables that they created
    Rollback {
        /// Number of migrations to revert
        #[arg(long, default_value = "1", value_name = "N")]
        steps: NonZeroU32,
    },
    /// Back up, migrate and verify; if a step fails, leave the database as it was
    Deploy(BackupArgs),
}

/// Commands that act on API keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Create a key and print it. It is shown only now. Running servers accept it within 5 seconds
    Create {
        /// Purpose of the key; two keys may have the same name while one replaces the other
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Operations that the key allows, separated by commas: recommend, write, monitor, admin
        #[arg(long, value_name = "SCOPES", value_delimiter = ',', required = true)]
        scope: Vec<Scope>,
        /// Time after which the key is refused, such as 90d, 12h or 30m; never by default
        #[arg(long, value_name = "TIME", value_parser = parse_lifetime)]
        expires: Option<TimeDelta>,
    },
    /// List the keys with their scopes, their expiry and the time of their last use
    List {
        /// Print JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key for good. Running servers refuse it within 5 seconds
    Revoke {
        /// Id of the key, from `key list`
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Maximum number of entries
    #[arg(long, default_value = "100", value_name = "N")]
    pub limit: u64,
    /// Print one JSON object per line
    #[arg(long)]
    pub json: bool,
}

/// Reads a time such as `90d`.
fn parse_lifetime(text: &str) -> Result<TimeDelta, String> {
    let expected = || "expected a number of days, hours or minutes, such as 90d, 12h or 30m".to_owned();
    let unit = text.chars().last().ok_or_else(expected)?;
    let digits = text.strip_suffix(unit).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let number: u32 = digits.and_then(|digits| digits.parse().ok()).ok_or_else(expected)?;
    match (unit, i64::from(number)) {
        (_, 0) => Err("expected a time above 0".to_owned()),
        ('d', days) if days <= 36_500 => Ok(TimeDelta::days(days)),
        ('h', hours) if hours <= 876_000 => Ok(TimeDelta::hours(hours)),
        ('m', minutes) => Ok(TimeDelta::minutes(minutes)),
        _ => Err(expected()),
    }
}

/// Folder of backups.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Folder of backups, created if missing; the name of each backup is its time in UTC
    #[arg(long, env = "DOCENT_BACKUPS", value_name = "FOLDER", default_value = "docent-data/backups")]
    pub backups: PathBuf,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use clap::CommandFactory;
    use clap_markdown::MarkdownOptions;
    use docent_test_support::check_command_line_reference;

    use super::{Cli, parse_lifetime};

    #[test]
    fn lifetimes_have_a_unit() {
        for (text, seconds) in [("90d", 7_776_000), ("12h", 43_200), ("1m", 60)] {
            assert_eq!(parse_lifetime(text).unwrap().num_seconds(), seconds);
        }
        for text in ["", "d", "90", "90s", "0d", "-1d", "1.5d", "1dd", "99999999d", "é"] {
            assert!(parse_lifetime(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_reference_of_the_command_line_is_current() {
        let options = MarkdownOptions::new().show_footer(false).show_table_of_contents(false);
        let help = clap_markdown::help_markdown_custom::<Cli>(&options);
        check_command_line_reference("docent-server", &help).unwrap();
    }
}
