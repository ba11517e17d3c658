//! Passwords and secrets, which no output shows.

use std::fmt;

use figment::value::{Dict, Value};
use serde::{Deserialize, Serialize};

/// Key whose value may hold a password.
const ADDRESS: &str = "engine.database_url";
/// Key whose value is a password.
const PASSWORD: &str = "kafka.sasl.password";
/// Table whose values are secrets as a whole.
const SECRETS: &str = "access.token_keys";

/// Secret of the configuration. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Returns the secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Returns true if the value of a key may hold a password or a secret.
pub(crate) fn is_secret(key: &str) -> bool {
    [ADDRESS, PASSWORD].contains(&key)
        || key.strip_prefix(SECRETS).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Returns the value of a key as outputs may show it.
pub(crate) fn shown(key: &str, value: &Value) -> Value {
    match value {
        Value::String(_, text) if key == ADDRESS => redacted(text).into(),
        Value::Dict(_, secrets) if key == SECRETS => {
            secrets.keys().map(|name| (name.clone(), Value::from("***"))).collect::<Dict>().into()
        }
        _ if is_secret(key) => Value::from("***"),
        _ => value.clone(),
    }
}

/// Returns a text without the passwords of the addresses in it: `postgres://USER:***@HOST/...`. A
/// parameter `password=...` of an address is hidden too.
pub(crate) fn redacted(text: &str) -> String {
    let text = match text.split_once("://") {
        None => text.to_owned(),
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            None => text.to_owned(),
            Some((user, host)) => match user.split_once(':') {
                None => text.to_owned(),
                Some((user, _)) => format!("{scheme}://{user}:***@{host}"),
            },
        },
    };
    let Some(start) = text.find("password=") else { return text };
    let (before, value) = text.split_at(start + "password=".len());
    let rest = value.find('&').and_then(|end| value.get(end..)).unwrap_or_default();
    format!("{before}***{rest}")
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn passwords_are_hidden_and_the_rest_stays() {
        for (text, expected) in [
            ("sqlite://docent.db", "sqlite://docent.db"),
            ("postgres://u:s3cret@h:5432/d", "postgres://u:***@h:5432/d"),
            ("postgres://u:s3@cret/:@h/d?x=1", "postgres://u:***@h/d?x=1"),
            ("postgres://u@h/d", "postgres://u@h/d"),
            ("postgres://h/d?user=u&password=s3cret&x=1", "postgres://h/d?user=u&password=***&x=1"),
            ("postgres://h/d?password=s3cret", "postgres://h/d?password=***"),
            ("often", "often"),
        ] {
            assert_eq!(redacted(text), expected);
        }
    }
}
