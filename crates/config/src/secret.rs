//! Passwords, which no output shows.

/// Keys whose values may hold a password.
const SECRETS: [&str; 1] = ["engine.database_url"];

/// Returns true if the value of a key may hold a password.
pub(crate) fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key)
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
