use docent_engine::EngineConfig;
use docent_training::TrainConfig;
use figment::value::Value;
use serde::{Deserialize, Serialize};

use crate::{AccessConfig, ConfigError, KafkaConfig, TlsConfig, check, schema};

/// Every setting of Docent. The fields of this struct are the keys at the top level of the file,
/// which configure the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Address that the server listens on, as `HOST:PORT`; port 0 picks a free port.
    pub bind: String,
    /// Serve without API keys, on any address: everyone who reaches the server can read, change and
    /// erase everything.
    pub insecure: bool,
    /// Further names by which browsers and proxies may address the server, such as
    /// `docent.example`, without a port. A server on loopback rejects requests for other hosts than
    /// these and loopback itself; another server does so if any name is given.
    pub allowed_hosts: Vec<String>,
    /// Address of a second listener, as `HOST:PORT`, for probes, `/metrics` and the monitoring
    /// routes, which it serves on a thread of its own. `/metrics` and monitoring are then not
    /// served on `bind`. It speaks plain HTTP, also with `tls`.
    pub monitoring_listen: Option<String>,
    /// Interval at which the server looks for new models and for changes by other processes, in
    /// seconds.
    #[schemars(range(min = 1))]
    pub poll_seconds: u64,
    /// Number of threads that serve HTTP. If unset, the number of processor cores.
    #[schemars(range(min = 1))]
    pub workers: Option<usize>,
    /// Time limit of a request, in seconds. The server answers 503 to a request that takes longer.
    #[schemars(range(min = 1))]
    pub request_timeout_seconds: u64,
    /// Time for which the server goes on serving after it is asked to stop, in seconds, while
    /// `/readyz` answers 503 and connections are closed after their next answer. Load balancers
    /// need it to notice.
    #[schemars(range(max = 600))]
    pub drain_seconds: u64,
    /// Time that open requests may take to end after the server is asked to stop, in seconds; then
    /// the time that writing the queued impressions may take.
    pub shutdown_timeout_seconds: u64,
    /// Access to the server: user tokens, browsers, proxies, rate limits and the audit log.
    pub access: AccessConfig,
    /// TLS on `bind`. If unset, the server speaks plain HTTP.
    pub tls: Option<TlsConfig>,
    /// Data, models and ranking.
    pub engine: EngineConfig,
    /// Training of models and the quality gate.
    pub train: TrainConfig,
    /// Interactions and resources from Kafka, which `docent-ingest` reads into the store.
    pub kafka: KafkaConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8080".to_owned(),
            insecure: false,
            allowed_hosts: Vec::new(),
            monitoring_listen: None,
            poll_seconds: 2,
            workers: None,
            request_timeout_seconds: 30,
            drain_seconds: 2,
            shutdown_timeout_seconds: 30,
            access: AccessConfig::default(),
            tls: None,
            engine: EngineConfig::default(),
            train: TrainConfig::default(),
            kafka: KafkaConfig::default(),
        }
    }
}

impl Config {
    /// Checks the value of every key against its range, and the rules that span several keys.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for the first key whose value is out of its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        let value = Value::serialize(self).map_err(|error| ConfigError::internal(&error))?;
        check::check(schema::root(), &value).map_err(|problem| problem.at(|_| None))?;
        self.check_rules()
    }

    /// Checks what a schema cannot express.
    pub(crate) fn check_rules(&self) -> Result<(), ConfigError> {
        self.access.check()?;
        self.engine.check()?;
        self.train.check()?;
        self.kafka.check()?;
        Ok(())
    }
}
