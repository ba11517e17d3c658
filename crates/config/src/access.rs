use std::{collections::BTreeMap, fs, net::IpAddr, path::PathBuf};

use chrono::TimeDelta;
use docent_auth::{TokenKeyError, TokenKeys};
use docent_domain::DomainError;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::Secret;

/// Access to the server: user tokens, browsers, proxies, rate limits and the audit log. API keys
/// are made by `docent-server key create`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AccessConfig {
    /// Secrets that sign user tokens, of at least 32 bytes each. The name of a secret is the `kid`
    /// of its tokens; the last name in alphabetical order signs the tokens that the server mints.
    pub token_keys: BTreeMap<String, Secret>,
    /// Files with secrets that sign user tokens, in addition to `token_keys`. White space around a
    /// secret does not count.
    pub token_key_files: BTreeMap<String, PathBuf>,
    /// Maximum time that a user token may live, in seconds.
    #[schemars(range(min = 60, max = 86_400))]
    pub max_token_seconds: u32,
    /// Origins of web pages that may call the server from a browser, such as
    /// `https://shop.example`. Pages of all other origins are refused by the browser.
    pub allowed_origins: Vec<String>,
    /// Addresses or networks of proxies whose header `X-Forwarded-For` is believed, such as
    /// `10.0.0.0/8`.
    pub trusted_proxies: Vec<String>,
    /// Rate limit of each API key. If unset, keys are not limited.
    pub key_limit: Option<RateLimit>,
    /// Rate limit of all tokens of one user. If unset, they are not limited.
    pub user_limit: Option<RateLimit>,
    /// Rate limit of each client address, of IPv6 each network of 64 bits. If unset, addresses are
    /// not limited.
    pub address_limit: Option<RateLimit>,
    /// Number of days that entries of the audit log are kept.
    #[schemars(range(min = 1, max = 36_500))]
    pub audit_retention_days: u32,
}

/// Rate limit of each caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Number of requests that a caller may make in a minute.
    #[schemars(range(min = 1))]
    pub requests_per_minute: u32,
    /// Number of requests that a caller may make at once after a pause. If unset, those of a
    /// minute.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub burst: Option<u32>,
}

impl Default for AccessConfig {
    fn default() -> Self {
        Self {
            token_keys: BTreeMap::new(),
            token_key_files: BTreeMap::new(),
            max_token_seconds: 3_600,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            key_limit: None,
            user_limit: None,
            address_limit: None,
            audit_retention_days: 400,
        }
    }
}

impl AccessConfig {
    /// Returns the signing keys of user tokens, and reads those that are in files.
    ///
    /// # Errors
    /// [`DomainError::OutOfRange`] for a secret that is too short, a name that cannot be a `kid`, a
    /// name that is used twice, or a file that cannot be read. No secret is part of the error.
    pub fn signing_keys(&self) -> Result<TokenKeys, DomainError> {
        let mut secrets: BTreeMap<String, String> = BTreeMap::new();
        for (name, secret) in &self.token_keys {
            secrets.insert(name.clone(), secret.expose().to_owned());
        }
        for (name, path) in &self.token_key_files {
            let key = format!("token_key_files.{name}");
            let text = fs::read_to_string(path).map_err(|error| {
                refused(&key, "a file that can be read", format!("{}: {}", path.display(), error.kind()))
            })?;
            if secrets.insert(name.clone(), text.trim().to_owned()).is_some() {
                return Err(refused(&key, "a name that token_keys lacks", name.clone()));
            }
        }
        let lifetime = TimeDelta::seconds(self.max_token_seconds.into());
        TokenKeys::new(secrets, lifetime).map_err(|error| match error {
            TokenKeyError::Name(name) => {
                refused("token_keys", "names of 1 to 64 letters, digits, -, _ and .", format!("{name:?}"))
            }
            TokenKeyError::Secret(name, bytes) => refused(
                &format!("token_keys.{name}"),
                "a secret of at least 32 bytes",
                format!("{bytes} bytes"),
            ),
        })
    }

    /// Returns the networks of [`AccessConfig::trusted_proxies`].
    ///
    /// # Errors
    /// [`DomainError::OutOfRange`] for a text that is neither an address nor a network.
    pub fn trusted_networks(&self) -> Result<Vec<IpNet>, DomainError> {
        let parse = |text: &String| {
            let address = text.parse::<IpAddr>().map(IpNet::from).ok();
            let network = address.or_else(|| text.parse::<IpNet>().ok());
            let expected = "addresses or networks, such as 10.0.0.7 or 10.0.0.0/8";
            network.ok_or_else(|| refused("trusted_proxies", expected, format!("{text:?}")))
        };
        self.trusted_proxies.iter().map(parse).collect()
    }

    /// Checks what a schema cannot express.
    pub(crate) fn check(&self) -> Result<(), DomainError> {
        if let Some(origin) = self.allowed_origins.iter().find(|origin| !is_origin(origin)) {
            let expected = "origins such as https://shop.example: scheme, host and port, without a path";
            return Err(refused("allowed_origins", expected, format!("{origin:?}")));
        }
        self.trusted_networks()?;
        let without_files = Self { token_key_files: BTreeMap::new(), ..self.clone() };
        without_files.signing_keys().map(|_| ())
    }
}

/// Returns true for a text of the form in which browsers send an origin.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]".contains(&byte))
    })
}

fn refused(key: &str, expected: &'static str, got: String) -> DomainError {
    DomainError::OutOfRange { field: format!("access.{key}"), expected, got }
}
