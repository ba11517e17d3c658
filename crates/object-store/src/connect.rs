use std::{io, sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ClientConfigKey, ObjectStore as Objects, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::{GoogleCloudStorageBuilder, GoogleConfigKey},
    path::Path,
};
use thiserror::Error;
use tokio_rustls::rustls::crypto;

use crate::ObjectStore;

/// Number of times that a request is sent again, within [`MAX_RETRY_TIME`] of its begin.
const MAX_RETRIES: usize = 4;
/// Enough for a part that was cut on a slow link. The credentials of a request expire after more.
const MAX_RETRY_TIME: Duration = Duration::from_secs(240);
/// Time limit of a request of at most 8 MiB, in the notation of the client. It bounds uploads, of
/// which four share a link. Silence ends all other requests earlier, and the operating system ends
/// a connection whose other side acknowledges nothing.
const MAX_REQUEST_TIME: &str = "15 minutes";

/// Reason that an object store cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL has another scheme, or no bucket.
    #[error("expected s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX")]
    NotAUrl,
    /// The settings in the environment do not suit the store, or one is missing.
    #[error("the object store cannot be set up from the environment of this process: {0}")]
    Settings(#[from] object_store::Error),
    /// A thread cannot be started.
    #[error("a thread for requests to the object store cannot be started: {0}")]
    Thread(#[from] io::Error),
}

/// Prepares requests to the place that a URL names; none is made yet. Credentials come from the
/// environment of the process.
///
/// # Errors
/// Returns [`ConnectError`] for another URL, and for settings that are missing or do not suit.
pub fn connect(url: &str) -> Result<ObjectStore, ConnectError> {
    let (scheme, rest) = url.split_once("://").ok_or(ConnectError::NotAUrl)?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(ConnectError::NotAUrl);
    }
    use_ring();
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: MAX_RETRIES,
        retry_timeout: MAX_RETRY_TIME,
    };
    let store: Result<Arc<dyn Objects>, object_store::Error> = match scheme {
        "s3" => AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), MAX_REQUEST_TIME)
            .with_retry(retry)
            .build()
            .map(|store| Arc::new(store) as _),
        "gs" => GoogleCloudStorageBuilder::from_env()
            .with_bucket_name(bucket)
            .with_config(GoogleConfigKey::Client(ClientConfigKey::Timeout), MAX_REQUEST_TIME)
            .with_retry(retry)
            .build()
            .map(|store| Arc::new(store) as _),
        "az" => MicrosoftAzureBuilder::from_env()
            .with_container_name(bucket)
            .with_config(AzureConfigKey::Client(ClientConfigKey::Timeout), MAX_REQUEST_TIME)
            .with_retry(retry)
            .build()
            .map(|store| Arc::new(store) as _),
        _ => return Err(ConnectError::NotAUrl),
    };
    let prefix = Path::parse(prefix).map_err(object_store::Error::from)?;
    Ok(ObjectStore::new(store?, prefix, url.trim_end_matches('/'))?)
}

/// Chooses the provider of TLS for the process, unless it has one: the client panics without.
fn use_ring() {
    let _has_one = crypto::ring::default_provider().install_default();
}
