use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// TLS of the server. Both files are read again every `poll_seconds`, so that a certificate is
/// replaced without a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// File with the certificate of the server and those of its issuers, as PEM, in this order.
    pub certificate_file: PathBuf,
    /// File with the private key of the certificate, as PEM.
    pub key_file: PathBuf,
}
