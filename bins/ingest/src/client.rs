//! The client of Kafka: connections and members of the group.

use std::time::Duration;

use anyhow::Context;
use docent::config::{KafkaConfig, KafkaMechanism, KafkaProtocol, KafkaTls};
use krafka::{
    Kafka, KrafkaError,
    auth::{AuthConfig, TlsConfig},
    consumer::{AutoOffsetReset, Consumer, GroupProtocol, IsolationLevel, PartitionAssignmentStrategy},
};

use crate::{away::Pauses, reader::Changes, stop::Stop};

/// Bounds on what is fetched at a time, in bytes.
const MAX_FETCH_BYTES: i32 = 16 << 20;
const MAX_PARTITION_BYTES: i32 = 4 << 20;
/// Time in which a broker must answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
const HEARTBEATS_OF_A_SESSION: u32 = 3;

/// Connects to the brokers, as soon as one answers. Returns `None` if a stop is requested before.
///
/// # Errors
/// Returns an error if the brokers refuse the credentials, or the settings cannot be used.
pub async fn connect(config: &KafkaConfig, stop: &Stop) -> anyhow::Result<Option<Kafka>> {
    let mut pauses = Pauses::new("broker");
    loop {
        let kafka = Kafka::builder(config.bootstrap_servers.join(","))
            .client_id("docent-ingest")
            .request_timeout(REQUEST_TIMEOUT)
            .security(security(config)?);
        match kafka.connect().await {
            Ok(kafka) => return Ok(Some(kafka)),
            Err(error) if is_final(&error) => return Err(error).context("connecting to Kafka"),
            Err(error) => {
                if !pauses.wait(&error, stop).await {
                    return Ok(None);
                }
            }
        }
    }
}

/// Returns true for an error that another try does not mend.
pub fn is_final(error: &KrafkaError) -> bool {
    error.is_fatal() || matches!(error, KrafkaError::Config { .. })
}

fn security(config: &KafkaConfig) -> anyhow::Result<AuthConfig> {
    let auth = match &config.sasl {
        None => AuthConfig::plaintext(),
        Some(sasl) => {
            let (user, password) = (sasl.username.as_str(), sasl.read_password()?);
            match sasl.mechanism {
                KafkaMechanism::Plain => AuthConfig::sasl_plain(user, password),
                KafkaMechanism::ScramSha256 => AuthConfig::sasl_scram_sha256(user, password),
                KafkaMechanism::ScramSha512 => AuthConfig::sasl_scram_sha512(user, password),
            }
        }
    };
    Ok(match &config.tls {
        None => auth,
        Some(files) => auth.with_tls(tls(files)),
    })
}

fn tls(files: &KafkaTls) -> TlsConfig {
    let mut tls = TlsConfig::new();
    if let Some(file) = &files.ca_file {
        tls = tls.with_ca_cert(file.to_string_lossy());
    }
    if let (Some(certificate), Some(key)) = (&files.certificate_file, &files.key_file) {
        tls = tls.with_client_cert(certificate.to_string_lossy(), key.to_string_lossy());
    }
    tls
}

/// Creates a member of the group that reads the topics of the configuration.
///
/// # Errors
/// Returns the error of a setting that cannot be used.
pub async fn member(kafka: &Kafka, config: &KafkaConfig, changes: Changes) -> Result<Consumer, KrafkaError> {
    let session = Duration::from_secs(config.session_timeout_seconds.into());
    let polled = i32::try_from(config.batch_size.saturating_mul(config.writers)).unwrap_or(i32::MAX);
    let builder = kafka
        .consumer(&config.group)
        // The store knows the positions. Those that Kafka keeps are for tools that show the lag.
        .enable_auto_commit(false)
        .auto_offset_reset(AutoOffsetReset::Earliest)
        .isolation_level(IsolationLevel::ReadCommitted)
        .max_poll_records(polled)
        .max_buffered_records(polled)
        .fetch_max_bytes(MAX_FETCH_BYTES)
        .max_partition_fetch_bytes(MAX_PARTITION_BYTES)
        .metrics_push(false)
        .rebalance_listener(changes);
    let builder = match config.protocol {
        KafkaProtocol::Classic => builder
            .group_protocol(GroupProtocol::Classic)
            .session_timeout(session)
            .heartbeat_interval(session / HEARTBEATS_OF_A_SESSION)
            .partition_assignment_strategy(PartitionAssignmentStrategy::CooperativeSticky),
        KafkaProtocol::Consumer => builder.group_protocol(GroupProtocol::Consumer),
    };
    match &config.instance_id {
        Some(id) => builder.group_instance_id(id),
        None => builder,
    }
    .build()
    .await
}
