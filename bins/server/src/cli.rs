use std::{num::NonZeroU32, path::PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::demo::DemoArgs;

/// Docent: hybrid recommendations over HTTP.
#[derive(Debug, Parser)]
#[command(name = "docent-server", version, propagate_version = true)]
pub struct Cli {
    /// What applies to every command.
    #[command(flatten)]
    pub common: CommonArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where things are. A flag wins over its environment variable, that over the file, that over the defaults.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// Settings in TOML
    #[arg(long, env = "DOCENT_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [default: sqlite://docent-data/docent.db]
    // Not shown with its value: it may hold a password.
    #[arg(long, env = "DOCENT_DATABASE_URL", value_name = "URL", global = true, hide_env_values = true)]
    pub database_url: Option<String>,
    /// Folder of published models [default: docent-data/snapshots]
    #[arg(long, env = "DOCENT_SNAPSHOTS", value_name = "FOLDER", global = true)]
    pub snapshots: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve
    Serve(ServeArgs),
    /// Print the OpenAPI contract as JSON
    Openapi,
    /// Look after the tables
    #[command(subcommand)]
    Db(DbCommand),
    /// Everything at once on SQLite: a sample catalogue, behaviour, a trained model, the server
    Demo(DemoArgs),
}

/// How to serve.
#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "DOCENT_BIND", value_name = "HOST:PORT")]
    pub bind: Option<String>,
    /// Listen on an address that others can reach, though anybody may then read and write everything
    #[arg(long, env = "DOCENT_INSECURE")]
    pub insecure: bool,
    /// How often to look for new models and for changes by other processes, in seconds [default: 2]
    #[arg(long, env = "DOCENT_POLL_SECONDS", value_name = "N")]
    pub poll_seconds: Option<u64>,
}

/// What to do with the tables.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Say which migrations are applied and which are not
    Status,
    /// Bring the tables up to date
    Migrate,
    /// Compare every table, column, index, foreign key and check with what is expected: a line each, exit code 1 where
    /// one is missing
    Verify,
    /// Copy the store as it is now, while it is in use, and prove the copy good
    Backup(BackupArgs),
    /// Put a backup in the place of the store, all or nothing
    Restore {
        /// A file that `db backup` made
        #[arg(value_name = "FILE")]
        backup: PathBuf,
        /// Replace what is there
        #[arg(long)]
        overwrite: bool,
    },
    /// Take the newest migrations back, with the data in the tables that they made
    Rollback {
        /// How many
        #[arg(long, default_value = "1", value_name = "N")]
        steps: NonZeroU32,
    },
    /// Back up, migrate, verify; where anything fails, leave the store as it was
    Deploy(BackupArgs),
}

/// Where backups go.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Folder of backups, made if absent; each is named by its UTC time
    #[arg(long, env = "DOCENT_BACKUPS", value_name = "FOLDER", default_value = "docent-data/backups")]
    pub backups: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }
}
