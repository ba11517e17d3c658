use docent_embeddings::EmbeddingError;
use serde::{Deserialize, Serialize};

/// Settings of [`HttpEmbedder`](crate::HttpEmbedder).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// What `/embeddings` is put after, such as `https://api.openai.com/v1`.
    pub base_url: String,
    /// Name of the model, as the endpoint knows it.
    pub model: String,
    /// The environment variable that holds the key; none is sent where this is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
    /// Asks for vectors of this length, of models that can shorten theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<usize>,
    /// How many texts go into one request, 1..=2048. Default 64.
    #[serde(default = "defaults::batch_size")]
    pub batch_size: usize,
    /// Longer texts are cut to so many characters, for endpoints refuse what is too long. Default 8,000.
    #[serde(default = "defaults::max_chars")]
    pub max_chars: usize,
    /// How long one request may take, from connecting to the last byte. Default 30.
    #[serde(default = "defaults::timeout_seconds")]
    pub timeout_seconds: f64,
    /// How often a request is tried that meets a full, broken or absent endpoint, 1..=20. Default 5.
    #[serde(default = "defaults::attempts")]
    pub attempts: u32,
    /// At most this long before the second try, and twice as long before each further one. Default 0.5.
    #[serde(default = "defaults::retry_seconds")]
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
    /// A model behind an endpoint, without a key and with the defaults.
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
        let check = |ok: bool, setting, expected, found: String| match ok {
            true => Ok(()),
            false => Err(EmbeddingError::InvalidConfig { setting, expected, found }),
        };
        let url = &self.base_url;
        let place = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let host = place.and_then(|place| place.split('/').next()).unwrap_or_default();
        check(!host.is_empty(), "base_url", "http://HOST/PATH or https://HOST/PATH", url.clone())?;
        // The setting goes into logs and snapshots.
        check(!host.contains('@'), "base_url", "without a user or password: use key_env", "one with".into())?;
        check(!self.model.trim().is_empty(), "model", "the name of a model", "nothing".into())?;
        // Whoever puts the key itself here would find it in logs and snapshots.
        let is_name = |key: &str| {
            let letters = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            key.starts_with(|c: char| c.is_ascii_uppercase()) && key.chars().all(letters)
        };
        let named = self.key_env.as_deref().is_none_or(is_name);
        check(
            named,
            "key_env",
            "the name of an environment variable: A-Z, 0-9 and _",
            "something else".into(),
        )?;
        let dimensions = self.dimensions.unwrap_or(1);
        check((1..=65_536).contains(&dimensions), "dimensions", "in 1..=65536", dimensions.to_string())?;
        let batch = self.batch_size;
        check((1..=2_048).contains(&batch), "batch_size", "in 1..=2048", batch.to_string())?;
        check(self.max_chars >= 1, "max_chars", "at least 1", self.max_chars.to_string())?;
        check((1..=20).contains(&self.attempts), "attempts", "in 1..=20", self.attempts.to_string())?;
        let timeout = self.timeout_seconds;
        check(
            timeout > 0.0 && timeout <= 3_600.0,
            "timeout_seconds",
            "above 0 and at most 3600",
            timeout.to_string(),
        )?;
        let retry = self.retry_seconds;
        check((0.0..=60.0).contains(&retry), "retry_seconds", "in 0..=60", retry.to_string())
    }
}
