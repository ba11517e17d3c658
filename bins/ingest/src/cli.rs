//! The command line. Every flag sets a key of the configuration.

use std::path::PathBuf;

use clap::Parser;
use docent::config::Loader;

/// Reads interactions and resources from Kafka into the store, each exactly once, until it is
/// stopped.
///
/// The table `[kafka]` of the configuration has further settings: TLS, SASL, the protocol of the
/// group, sizes.
#[derive(Debug, Parser)]
#[command(name = "docent-ingest", version)]
pub struct Cli {
    /// Configuration file in TOML, which the server can share
    #[arg(long, value_name = "FILE", env = "DOCENT_CONFIG")]
    config: Option<PathBuf>,
    /// URL of the database: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [env:
    /// DOCENT_DATABASE_URL] [default: sqlite://docent-data/docent.db]
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Address of a broker; may be repeated
    #[arg(long, value_name = "HOST:PORT")]
    bootstrap_server: Vec<String>,
    /// Consumer group [default: docent]
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Topic of interactions
    #[arg(long, value_name = "TOPIC")]
    interactions: Option<String>,
    /// Topic of resources
    #[arg(long, value_name = "TOPIC")]
    resources: Option<String>,
    /// Topic for messages that cannot be stored [default: they are logged and counted]
    #[arg(long, value_name = "TOPIC")]
    dead_letters: Option<String>,
    /// Create unknown resources of interactions, with their ids as titles
    #[arg(long)]
    create_missing: bool,
    /// Address to serve `/metrics` and `/livez` on
    #[arg(long, value_name = "HOST:PORT")]
    metrics_listen: Option<String>,
}

impl Cli {
    /// Returns the loader of the configuration, with the flags that are given.
    pub fn loader(self) -> Loader {
        let mut loader = Loader::for_program(self.config.as_deref(), self.database_url.as_deref(), None);
        if !self.bootstrap_server.is_empty() {
            loader = loader.flag("--bootstrap-server", "kafka.bootstrap_servers", self.bootstrap_server);
        }
        for (flag, key, value) in [
            ("--group", "kafka.group", self.group),
            ("--interactions", "kafka.interactions_topic", self.interactions),
            ("--resources", "kafka.resources_topic", self.resources),
            ("--dead-letters", "kafka.dead_letters_topic", self.dead_letters),
            ("--metrics-listen", "kafka.metrics_listen", self.metrics_listen),
        ] {
            if let Some(value) = value {
                loader = loader.flag(flag, key, value);
            }
        }
        if self.create_missing {
            loader = loader.flag("--create-missing", "kafka.create_missing", true);
        }
        loader
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::Cli;

    #[test]
    fn the_reference_of_the_command_line_is_current() {
        let help = clap_markdown::help_markdown::<Cli>();
        docent_test_support::check_command_line_reference("docent-ingest", &help).unwrap();
    }
}
