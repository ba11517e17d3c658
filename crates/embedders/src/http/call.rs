//! Sends one request, retries it where that can help, and checks the answer.

use std::{thread, time::Duration};

use docent_embeddings::EmbeddingError;
use rand::RngExt as _;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use ureq::{
    Agent,
    http::{HeaderValue, header},
};

use super::{HttpConfig, HttpError};

/// Longest wait before a retry, even if the endpoint asks for more.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// Maximum size of an answer.
const MAX_ANSWER_BYTES: u64 = 256 << 20;
/// Length to which the message of an endpoint is cut in errors.
const MAX_MESSAGE_CHARS: usize = 200;

/// Client of one endpoint and model.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    url: String,
    model: String,
    dimensions: Option<usize>,
    attempts: u32,
    retry_seconds: f64,
    key: Option<SecretString>,
}

/// Body of a request.
#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

/// Body of an answer.
#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

/// Embedding of one text.
#[derive(Deserialize)]
struct Item {
    /// Position of the text in the request; without it, embeddings are in the order of the texts.
    #[serde(default)]
    index: Option<usize>,
    embedding: Vec<f32>,
}

/// Failed attempt, with advice for the next one.
struct Failure {
    error: HttpError,
    /// Set when another attempt may succeed.
    is_retryable: bool,
    /// Wait that the endpoint asks for.
    retry_after: Option<Duration>,
}

impl Client {
    pub(super) fn new(config: &HttpConfig) -> Result<Self, EmbeddingError> {
        let key = config.key_env.as_deref().map(key_from).transpose()?;
        let agent = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs_f64(config.timeout_seconds)))
            .http_status_as_error(false)
            // A redirect would send texts and key to another server.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent("docent")
            .build()
            .new_agent();
        Ok(Self {
            agent,
            url: format!("{}/embeddings", config.base_url.trim_end_matches('/')),
            model: config.model.clone(),
            dimensions: config.dimensions,
            attempts: config.attempts,
            retry_seconds: config.retry_seconds,
            key,
        })
    }

    /// Returns one vector for each text, in their order, of the length that the endpoint chose.
    /// Sleeps between attempts.
    pub(super) fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, HttpError> {
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(texts, attempt) {
                Ok(vectors) => return Ok(vectors),
                Err(failure) => failure,
            };
            if !failure.is_retryable || attempt >= self.attempts {
                return Err(failure.error);
            }
            let wait = self.wait(attempt, failure.retry_after);
            tracing::warn!(error = %failure.error, ?wait, "embedding request failed and will be retried");
            thread::sleep(wait);
            attempt += 1;
        }
    }

    /// Sends the request once; `attempt` counts from 1.
    fn attempt(&self, texts: &[&str], attempt: u32) -> Result<Vec<Vec<f32>>, Failure> {
        let mut request = self.agent.post(&self.url);
        if let Some(key) = self.authorization() {
            request = request.header(header::AUTHORIZATION, key);
        }
        let body = Request { model: &self.model, input: texts, dimensions: self.dimensions };
        let mut answer = request.send_json(&body).map_err(|error| self.unreachable(attempt, &error))?;
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get(header::RETRY_AFTER).and_then(seconds);
        let body = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec();
        let body = body.map_err(|error| self.unreachable(attempt, &error))?;
        if !(200..300).contains(&status) {
            let error = HttpError::Status {
                url: self.url.clone(),
                status,
                attempts: attempt,
                message: self.message(status, &body),
            };
            return Err(Failure { error, is_retryable: status == 429 || status >= 500, retry_after });
        }
        vectors_of(&body, texts.len()).map_err(|reason| Failure {
            error: HttpError::Malformed { url: self.url.clone(), reason },
            is_retryable: false,
            retry_after: None,
        })
    }

    fn unreachable(&self, attempt: u32, error: &ureq::Error) -> Failure {
        Failure {
            is_retryable: !matches!(error, ureq::Error::BadUri(_) | ureq::Error::Http(_)),
            error: HttpError::Unreachable {
                url: self.url.clone(),
                attempts: attempt,
                reason: error.to_string(),
            },
            retry_after: None,
        }
    }

    /// Returns the header with the key, marked as sensitive so that no log of headers prints it.
    fn authorization(&self) -> Option<HeaderValue> {
        let bearer = format!("Bearer {}", self.key.as_ref()?.expose_secret());
        let mut value = HeaderValue::from_str(&bearer).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Returns the beginning of the body of an error, without the key that it may quote.
    fn message(&self, status: u16, body: &[u8]) -> String {
        if matches!(status, 401 | 403) {
            return match self.key {
                Some(_) => "is the key right?".into(),
                None => "a key is needed: set key_env".into(),
            };
        }
        let text = String::from_utf8_lossy(body);
        let text = match &self.key {
            Some(key) => text.replace(key.expose_secret(), "[key]"),
            None => text.into_owned(),
        };
        let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        printable.take(MAX_MESSAGE_CHARS).collect()
    }

    /// Returns the wait before the next attempt: exponential backoff with full jitter, unless the
    /// endpoint asks for another one.
    fn wait(&self, attempt: u32, retry_after: Option<Duration>) -> Duration {
        let longest = self.retry_seconds * 2f64.powi(attempt.min(16) as i32 - 1);
        let jitter = Duration::from_secs_f64(longest * rand::rng().random::<f64>());
        retry_after.unwrap_or(jitter).min(MAX_WAIT)
    }
}

/// Returns the vectors of an answer in the order of the texts, or the reason why it is malformed.
fn vectors_of(body: &[u8], expected: usize) -> Result<Vec<Vec<f32>>, String> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if answer.data.len() != expected {
        return Err(format!("{} vectors for {expected} texts", answer.data.len()));
    }
    let mut vectors = vec![Vec::new(); expected];
    for (place, item) in answer.data.into_iter().enumerate() {
        let index = item.index.unwrap_or(place);
        if item.embedding.is_empty() || item.embedding.iter().any(|x| !x.is_finite()) {
            return Err(format!("embedding {index} is empty or not finite"));
        }
        match vectors.get_mut(index).filter(|slot| slot.is_empty()) {
            Some(slot) => *slot = item.embedding,
            None => return Err(format!("index {index} occurs twice or is not below {expected}")),
        }
    }
    Ok(vectors)
}

/// Reads the key from an environment variable. The error names the variable only.
fn key_from(variable: &str) -> Result<SecretString, EmbeddingError> {
    let key = std::env::var(variable).ok().map(|key| key.trim().to_owned());
    let usable = key.filter(|key| !key.is_empty() && HeaderValue::from_str(key).is_ok());
    usable.map(SecretString::from).ok_or_else(|| EmbeddingError::InvalidConfig {
        setting: "key_env",
        expected: "the name of an environment variable that holds a key",
        found: format!("{variable}, which is not set or does not hold one"),
    })
}

/// Reads a `Retry-After` header in seconds. A date, the other form, is rare and left to the
/// backoff.
fn seconds(value: &HeaderValue) -> Option<Duration> {
    let seconds: f64 = value.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn waits_double_are_spread_and_follow_the_endpoint() {
        let config = HttpConfig { retry_seconds: 2.0, ..HttpConfig::new("http://localhost", "m") };
        let client = Client::new(&config).unwrap();
        let longest = |attempt| (0..200).map(|_| client.wait(attempt, None)).max().unwrap().as_secs_f64();
        for (attempt, limit) in [(1, 2.0), (2, 4.0), (3, 8.0), (20, 60.0)] {
            let longest = longest(attempt);
            assert!(longest <= limit && longest > limit * 0.8, "{attempt}: {longest}");
        }
        assert_ne!(client.wait(1, None), client.wait(1, None));
        assert_eq!(client.wait(1, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(client.wait(1, Some(Duration::from_secs(7_000))), MAX_WAIT);
    }

    #[test]
    fn only_seconds_are_read_from_a_retry_after_header() {
        let read = |value: &'static str| seconds(&HeaderValue::from_static(value));
        assert_eq!(read(" 3 "), Some(Duration::from_secs(3)));
        for other in ["-1", "nan", "1e300", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
