//! One request: sent, tried again where that can help, and its answer checked.

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

/// However long the endpoint asks for, or the waiting has grown.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const LARGEST_ANSWER_BYTES: u64 = 256 << 20;
const MESSAGE_CHARS: usize = 200;

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

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    input: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    index: Option<usize>,
    embedding: Vec<f32>,
}

/// How an attempt failed, and whether another may do better.
struct Failure {
    error: HttpError,
    again: bool,
    /// When the endpoint asks to come back.
    after: Option<Duration>,
}

impl Client {
    pub(super) fn new(config: &HttpConfig) -> Result<Self, EmbeddingError> {
        let key = config.key_env.as_deref().map(key_from).transpose()?;
        let agent = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs_f64(config.timeout_seconds)))
            .http_status_as_error(false)
            // What is sent, and the key with it, goes nowhere else.
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

    /// One vector for each text, in their order and as long as the endpoint made it.
    pub(super) fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, HttpError> {
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(texts, attempt) {
                Ok(vectors) => return Ok(vectors),
                Err(failure) => failure,
            };
            if !failure.again || attempt >= self.attempts {
                return Err(failure.error);
            }
            let wait = self.wait(attempt, failure.after);
            tracing::warn!(error = %failure.error, ?wait, "texts will be sent again for embedding");
            thread::sleep(wait);
            attempt += 1;
        }
    }

    fn attempt(&self, texts: &[&str], attempt: u32) -> Result<Vec<Vec<f32>>, Failure> {
        let unreachable = |error: ureq::Error| Failure {
            again: !matches!(error, ureq::Error::BadUri(_) | ureq::Error::Http(_)),
            error: HttpError::Unreachable {
                url: self.url.clone(),
                attempts: attempt,
                reason: error.to_string(),
            },
            after: None,
        };
        let mut request = self.agent.post(&self.url);
        if let Some(key) = self.authorization() {
            request = request.header(header::AUTHORIZATION, key);
        }
        let question = Question { model: &self.model, input: texts, dimensions: self.dimensions };
        let mut answer = request.send_json(&question).map_err(unreachable)?;
        let status = answer.status().as_u16();
        let after = answer.headers().get(header::RETRY_AFTER).and_then(retry_after);
        let body = answer.body_mut().with_config().limit(LARGEST_ANSWER_BYTES).read_to_vec();
        let body = body.map_err(unreachable)?;
        if !(200..300).contains(&status) {
            let error = HttpError::Status {
                url: self.url.clone(),
                status,
                attempts: attempt,
                message: self.message(status, &body),
            };
            return Err(Failure { error, again: status == 429 || status >= 500, after });
        }
        self.checked(&body, texts.len()).map_err(|reason| Failure {
            error: HttpError::Malformed { url: self.url.clone(), reason },
            again: false,
            after: None,
        })
    }

    /// Marked as sensitive, so that nobody who logs headers prints it.
    fn authorization(&self) -> Option<HeaderValue> {
        let bearer = format!("Bearer {}", self.key.as_ref()?.expose_secret());
        let mut value = HeaderValue::from_str(&bearer).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

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
        printable.take(MESSAGE_CHARS).collect()
    }

    fn checked(&self, body: &[u8], expected: usize) -> Result<Vec<Vec<f32>>, String> {
        let answer: Answer = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if answer.data.len() != expected {
            return Err(format!("{} vectors for {expected} texts", answer.data.len()));
        }
        let mut vectors = vec![Vec::new(); expected];
        for (place, item) in answer.data.into_iter().enumerate() {
            let index = item.index.unwrap_or(place);
            if item.embedding.is_empty() || item.embedding.iter().any(|x| !x.is_finite()) {
                return Err(format!("embedding {index} is empty or holds what is no number"));
            }
            match vectors.get_mut(index).filter(|slot| slot.is_empty()) {
                Some(slot) => *slot = item.embedding,
                None => return Err(format!("index {index} is there twice or beyond {expected} texts")),
            }
        }
        Ok(vectors)
    }

    /// Exponential backoff with full jitter, unless the endpoint says how long.
    fn wait(&self, attempt: u32, after: Option<Duration>) -> Duration {
        let longest = self.retry_seconds * 2f64.powi(attempt.min(16) as i32 - 1);
        let jitter = Duration::from_secs_f64(longest * rand::rng().random::<f64>());
        after.unwrap_or(jitter).min(LONGEST_WAIT)
    }
}

fn key_from(variable: &str) -> Result<SecretString, EmbeddingError> {
    let key = std::env::var(variable).ok().map(|key| key.trim().to_owned());
    let usable = key.filter(|key| !key.is_empty() && HeaderValue::from_str(key).is_ok());
    usable.map(SecretString::from).ok_or_else(|| EmbeddingError::InvalidConfig {
        setting: "key_env",
        expected: "the name of an environment variable that holds a key",
        found: format!("{variable}, where there is none"),
    })
}

/// Seconds; a date is rare, and is left to the backoff.
fn retry_after(value: &HeaderValue) -> Option<Duration> {
    let seconds: f64 = value.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_is_spread_and_heeds_what_the_endpoint_asks() {
        let config = HttpConfig { retry_seconds: 2.0, ..HttpConfig::new("http://localhost", "m") };
        let client = Client::new(&config).unwrap();
        let longest = |attempt| (0..200).map(|_| client.wait(attempt, None)).max().unwrap().as_secs_f64();
        for (attempt, limit) in [(1, 2.0), (2, 4.0), (3, 8.0), (20, 60.0)] {
            let longest = longest(attempt);
            assert!(longest <= limit && longest > limit * 0.8, "{attempt}: {longest}");
        }
        assert_ne!(client.wait(1, None), client.wait(1, None));
        assert_eq!(client.wait(1, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(client.wait(1, Some(Duration::from_secs(7_000))), LONGEST_WAIT);
    }

    #[test]
    fn only_seconds_are_read_of_what_the_endpoint_asks() {
        let read = |value: &'static str| retry_after(&HeaderValue::from_static(value));
        assert_eq!(read(" 3 "), Some(Duration::from_secs(3)));
        for other in ["-1", "nan", "1e300", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
