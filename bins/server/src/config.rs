use std::fs;

use anyhow::{Context, ensure};
use docent::{EngineConfig, TrainConfig};
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Deserialize, Serialize};

use crate::cli::{CommonArgs, ServeArgs};

/// Settings outside of tables that no flag stands for.
const ONLY_IN_FILE: [&str; 3] = ["workers", "request_timeout_seconds", "shutdown_timeout_seconds"];

/// Every setting of the server: the keys of its TOML file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address to listen on; port 0 takes a free one.
    pub bind: String,
    /// Whether to listen on an address that others can reach, though there are no API keys yet.
    pub insecure: bool,
    /// How often to look for new models and for changes by other processes, in seconds.
    pub poll_seconds: u64,
    /// How many threads serve HTTP; as many as there are cores by default.
    pub workers: Option<usize>,
    /// How long a request may take, in seconds; longer is answered with 503.
    pub request_timeout_seconds: u64,
    /// How long requests that are being answered may take to end when the server is told to stop, in seconds; and, after
    /// that, what was shown may take to be written down.
    pub shutdown_timeout_seconds: u64,
    /// Where the data is and how it is ranked: the table `[engine]`.
    pub engine: EngineConfig,
    /// The table `[train]` of a file that the trainer shares: checked here too, and not used.
    pub train: TrainConfig,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8080".into(),
            insecure: false,
            poll_seconds: 2,
            workers: None,
            request_timeout_seconds: 30,
            shutdown_timeout_seconds: 30,
            engine: EngineConfig::default(),
            train: TrainConfig::default(),
        }
    }
}

impl ServerConfig {
    /// Defaults, then the file, then environment and flags.
    ///
    /// # Errors
    /// A file that cannot be read, or a key in it that nobody knows.
    pub fn load(common: &CommonArgs) -> anyhow::Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(path) = &common.config {
            let text = fs::read_to_string(path)
                .with_context(|| format!("the configuration {} cannot be read", path.display()))?;
            figment = figment.merge(Toml::string(&text));
        }
        // DOCENT_ENGINE__EXPLORATION=0 is `exploration` of the table [engine]. Other variables are flags, or not of the server.
        let variables = Env::prefixed("DOCENT_")
            .filter(|name| name.as_str().contains("__") || ONLY_IN_FILE.iter().any(|known| name == *known));
        figment = figment.merge(variables.split("__"));
        let in_file = || match &common.config {
            Some(path) => format!("the configuration {}", path.display()),
            None => "the configuration".to_owned(),
        };
        let mut config: Self = figment.extract().with_context(in_file)?;
        if let Some(url) = &common.database_url {
            config.engine.database_url.clone_from(url);
        }
        if let Some(folder) = &common.snapshots {
            config.engine.snapshots.clone_from(folder);
        }
        Ok(config)
    }

    /// These settings with what the command line says of serving.
    ///
    /// # Errors
    /// A setting that is out of range.
    pub fn with_flags(mut self, flags: ServeArgs) -> anyhow::Result<Self> {
        if let Some(bind) = flags.bind {
            self.bind = bind;
        }
        if let Some(seconds) = flags.poll_seconds {
            self.poll_seconds = seconds;
        }
        self.insecure |= flags.insecure;
        ensure!(self.poll_seconds > 0, "poll_seconds: expected 1 or more, got 0");
        ensure!(self.request_timeout_seconds > 0, "request_timeout_seconds: expected 1 or more, got 0");
        ensure!(self.workers != Some(0), "workers: expected 1 or more, got 0");
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{CommonArgs, ServeArgs, ServerConfig};

    fn load(toml: &str, database_url: Option<&str>) -> anyhow::Result<ServerConfig> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(toml.as_bytes())?;
        ServerConfig::load(&CommonArgs {
            config: Some(file.path().to_owned()),
            database_url: database_url.map(str::to_owned),
            snapshots: None,
        })
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_the_defaults() -> anyhow::Result<()> {
        let toml = "bind = '127.0.0.1:9000'\npoll_seconds = 7\n[engine]\ndatabase_url = 'sqlite:file.db'\ncached_users = 5";
        let config = load(toml, None)?;
        assert_eq!((config.bind.as_str(), config.poll_seconds), ("127.0.0.1:9000", 7));
        assert_eq!((config.engine.database_url.as_str(), config.engine.cached_users), ("sqlite:file.db", 5));
        assert_eq!(config.engine.impression_queue, ServerConfig::default().engine.impression_queue);
        let config = load(toml, Some("sqlite:flag.db"))?;
        assert_eq!(config.engine.database_url, "sqlite:flag.db");
        let config = config.with_flags(ServeArgs { poll_seconds: Some(1), ..ServeArgs::default() })?;
        assert_eq!((config.bind.as_str(), config.poll_seconds), ("127.0.0.1:9000", 1));
        Ok(())
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_name() {
        for (toml, named) in [
            ("bnid = 'x'", "bnid"),
            ("[engine]\ndatabase = 'x'", "database"),
            ("poll_seconds = 'often'", "poll_seconds"),
            ("[engine]\nimpression_retention_days = 89", "90 days or more"),
            ("[engine]\nimpression_retention_days = 'never'", "impression_retention_days"),
        ] {
            let error = load(toml, None).map(|_| String::new()).unwrap_or_else(|error| format!("{error:#}"));
            assert!(error.contains(named), "{toml}: {error}");
        }
        let missing = CommonArgs { config: Some("no/such.toml".into()), database_url: None, snapshots: None };
        let error =
            ServerConfig::load(&missing).map(|_| String::new()).unwrap_or_else(|error| format!("{error:#}"));
        assert!(error.contains("no/such.toml cannot be read"), "{error}");
    }
}
