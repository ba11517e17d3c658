use std::{fs, path::PathBuf};

use docent_domain::DomainError;
use serde::{Deserialize, Serialize};

use crate::Secret;

/// Interactions and resources from Kafka, which `docent-ingest` reads into the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct KafkaConfig {
    /// Addresses of brokers, each as `HOST:PORT`. One that answers is enough.
    pub bootstrap_servers: Vec<String>,
    /// Consumer group. The store remembers for each group how far it has read.
    pub group: String,
    /// Topic of interactions. If unset, none are read.
    pub interactions_topic: Option<String>,
    /// Topic of resources. If unset, none are read.
    pub resources_topic: Option<String>,
    /// Topic for messages that cannot be stored. If unset, they are logged and counted.
    pub dead_letters_topic: Option<String>,
    /// Create unknown resources of interactions, with their ids as titles. Otherwise such an
    /// interaction is a dead letter.
    pub create_missing: bool,
    /// Place where the group begins in a partition that it has never read.
    pub start: KafkaStart,
    /// Number of messages that are stored in one transaction.
    #[schemars(range(min = 1, max = 100_000))]
    pub batch_size: u32,
    /// Number of transactions at a time, each of partitions of its own. SQLite has one writer.
    #[schemars(range(min = 1, max = 64))]
    pub writers: u32,
    /// Protocol of the group.
    pub protocol: KafkaProtocol,
    /// Time without a heartbeat after which others get the partitions of a member, in seconds. With
    /// the protocol `consumer` the brokers decide.
    #[schemars(range(min = 1, max = 1_800))]
    pub session_timeout_seconds: u32,
    /// Name of this member of the group, by which it keeps its partitions over a restart. No two
    /// members may have the same.
    pub instance_id: Option<String>,
    /// TLS of the connections to the brokers. If unset, they are not encrypted.
    pub tls: Option<KafkaTls>,
    /// Credentials for the brokers, by SASL. If unset, none are sent.
    pub sasl: Option<KafkaSasl>,
    /// Address that `docent-ingest` serves `/metrics` and `/livez` on, as `HOST:PORT`. If unset, it
    /// does not listen.
    pub metrics_listen: Option<String>,
}

/// Place where a group begins in a partition that it has never read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KafkaStart {
    /// At the oldest message.
    #[default]
    Earliest,
    /// After the newest message.
    Latest,
}

/// Protocol of a consumer group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KafkaProtocol {
    /// The members assign the partitions. Every broker knows it.
    #[default]
    Classic,
    /// The brokers assign the partitions: Kafka 4.0 or later.
    Consumer,
}

/// TLS of the connections to the brokers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KafkaTls {
    /// File with the certificates that may have issued those of the brokers, as PEM. If unset,
    /// those of public authorities.
    pub ca_file: Option<PathBuf>,
    /// File with the certificate of this client, as PEM, where the brokers ask for one.
    pub certificate_file: Option<PathBuf>,
    /// File with the private key of the certificate, as PEM.
    pub key_file: Option<PathBuf>,
}

/// Credentials for the brokers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KafkaSasl {
    /// Mechanism of SASL.
    pub mechanism: KafkaMechanism,
    /// Name of the user.
    pub username: String,
    /// Password of the user.
    #[serde(default)]
    pub password: Option<Secret>,
    /// File with the password, in the place of `password`. White space around it does not count.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

/// Mechanism of SASL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KafkaMechanism {
    /// PLAIN, which sends the password: use it with TLS.
    Plain,
    /// SCRAM with SHA-256, which proves the password and does not send it.
    ScramSha256,
    /// SCRAM with SHA-512.
    ScramSha512,
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            bootstrap_servers: Vec::new(),
            group: "docent".to_owned(),
            interactions_topic: None,
            resources_topic: None,
            dead_letters_topic: None,
            create_missing: false,
            start: KafkaStart::Earliest,
            batch_size: 4_000,
            writers: 2,
            protocol: KafkaProtocol::Classic,
            session_timeout_seconds: 10,
            instance_id: None,
            tls: None,
            sasl: None,
            metrics_listen: None,
        }
    }
}

impl KafkaConfig {
    /// Checks what a schema cannot express.
    pub(crate) fn check(&self) -> Result<(), DomainError> {
        if self.group.is_empty() {
            return Err(refused("group", "a name", "\"\"".to_owned()));
        }
        let topics = [&self.interactions_topic, &self.resources_topic, &self.dead_letters_topic];
        let mut named: Vec<&str> = topics.into_iter().flatten().map(String::as_str).collect();
        named.sort_unstable();
        if let Some([twice, _]) = named.windows(2).find(|pair| pair.first() == pair.last()) {
            return Err(refused(
                "interactions_topic",
                "a topic for each purpose",
                format!("{twice:?} twice"),
            ));
        }
        if let Some(tls) = &self.tls
            && tls.certificate_file.is_some() != tls.key_file.is_some()
        {
            let expected = "certificate_file and key_file together, or neither";
            return Err(refused("tls", expected, "one of them".to_owned()));
        }
        match &self.sasl {
            Some(KafkaSasl { password, password_file, .. })
                if password.is_some() == password_file.is_some() =>
            {
                let got = if password.is_some() { "both" } else { "neither" };
                Err(refused("sasl", "either password or password_file", got.to_owned()))
            }
            _ => Ok(()),
        }
    }
}

impl KafkaSasl {
    /// Returns the password, and reads it if it is in a file.
    ///
    /// # Errors
    /// [`DomainError::OutOfRange`] for a file that cannot be read. No password is part of the
    /// error.
    pub fn read_password(&self) -> Result<String, DomainError> {
        match (&self.password, &self.password_file) {
            (Some(password), _) => Ok(password.expose().to_owned()),
            (None, Some(path)) => {
                let text = fs::read_to_string(path).map_err(|error| {
                    let got = format!("{}: {}", path.display(), error.kind());
                    refused("sasl.password_file", "a file that can be read", got)
                })?;
                Ok(text.trim().to_owned())
            }
            (None, None) => Err(refused("sasl", "either password or password_file", "neither".to_owned())),
        }
    }
}

fn refused(key: &str, expected: &'static str, got: String) -> DomainError {
    DomainError::OutOfRange { field: format!("kafka.{key}"), expected, got }
}
