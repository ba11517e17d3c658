use docent_embeddings::EmbeddingError;
use serde::{Deserialize, Serialize};

/// Settings of an embedder behind an OpenAI-compatible endpoint (`HttpEmbedder`, feature `http`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// URL before `/embeddings`, such as `https://api.openai.com/v1`. Required.
    pub base_url: String,
    /// Name of the model, as the endpoint knows it. Required.
    pub model: String,
    /// Name of the environment variable that holds the key. Default `None`: no key is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
    /// Length of the vectors to request, 1 to 65,536, for models that can shorten theirs. Default
    /// `None`: the length that the model has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_536))]
    pub dimensions: Option<usize>,
    /// Number of texts in one request, 1 to 2,048. Default 64.
    #[serde(default = "defaults::batch_size")]
    #[schemars(range(min = 1, max = 2_048))]
    pub batch_size: usize,
    /// Maximum number of characters of a text, at least 1. Default 8,000. Longer texts are cut,
    /// because endpoints refuse them.
    #[serde(default = "defaults::max_chars")]
    #[schemars(range(min = 1))]
    pub max_chars: usize,
    /// Time limit of one request in seconds, from connecting to the last byte; above 0 and at most
    /// 3,600. Default 30.
    #[serde(default = "defaults::timeout_seconds")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 3600))]
    pub timeout_seconds: f64,
    /// Number of attempts when the endpoint is overloaded, broken or unreachable, 1 to 20.
    /// Default 5.
    #[serde(default = "defaults::attempts")]
    #[schemars(range(min = 1, max = 20))]
    pub attempts: u32,
    /// Longest wait before the second attempt in seconds, 0 to 60; it doubles for each further one.
    /// Default 0.5.
    #[serde(default = "defaults::retry_seconds")]
    #[schemars(range(min = 0.0, max = 60.0))]
    pub retry_seconds: f64,
}

mod defaults {
    pub(super) fn batch_size() -> usize {
        64
    }
    pub(super) fn max_chars() -> usize {
        8_000
    }
    pub(super) fn timeout_seconds() -> f64 {
        30.0
    }
    pub(super) fn attempts() -> u32 {
        5
    }
    pub(super) fn retry_seconds() -> f64 {
        0.5
    }
}

impl HttpConfig {
    /// Makes the default settings for a model behind an endpoint, without a key.
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            model: model.into(),
            key_env: None,
            dimensions: None,
            batch_size: defaults::batch_size(),
            max_chars: defaults::max_chars(),
            timeout_seconds: defaults::timeout_seconds(),
            attempts: defaults::attempts(),
            retry_seconds: defaults::retry_seconds(),
        }
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`EmbeddingError::InvalidConfig`] names the first setting outside its range.
    pub fn validate(&self) -> Result<(), EmbeddingError> {
        let url = &self.base_url;
        let place = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let host = place.and_then(|place| place.split('/').next()).unwrap_or_default();
        check(!host.is_empty(), "base_url", "http://HOST/PATH or https://HOST/PATH", url)?;
        // The URL is written into logs and snapshots.
        check(!host.contains('@'), "base_url", "a URL without a user or password: use key_env", "one with")?;
        check(!self.model.trim().is_empty(), "model", "the name of a model", "empty")?;
        // A key put here by mistake would end up in logs and snapshots, this error included.
        let is_named = self.key_env.as_deref().is_none_or(is_variable_name);
        let expected = "the name of an environment variable: A-Z, 0-9 and _";
        check(is_named, "key_env", expected, "something else")?;
        let dimensions = self.dimensions.unwrap_or(1);
        check((1..=65_536).contains(&dimensions), "dimensions", "in 1..=65536", dimensions)?;
        let batch = self.batch_size;
        check((1..=2_048).contains(&batch), "batch_size", "in 1..=2048", batch)?;
        check(self.max_chars >= 1, "max_chars", "at least 1", self.max_chars)?;
        check((1..=20).contains(&self.attempts), "attempts", "in 1..=20", self.attempts)?;
        let timeout = self.timeout_seconds;
        let in_range = timeout > 0.0 && timeout <= 3_600.0;
        check(in_range, "timeout_seconds", "above 0 and at most 3600", timeout)?;
        let retry = self.retry_seconds;
        check((0.0..=60.0).contains(&retry), "retry_seconds", "in 0..=60", retry)
    }
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn check(
    is_valid: bool,
    setting: &'static str,
    expected: &'static str,
    found: impl ToString,
) -> Result<(), EmbeddingError> {
    if is_valid {
        return Ok(());
    }
    Err(EmbeddingError::InvalidConfig { setting, expected, found: found.to_string() })
}
