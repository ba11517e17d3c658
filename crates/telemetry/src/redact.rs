/// Parts of the names of parameters that sign a request or let its bearer in, in lower case.
const SECRETS: [&str; 7] = ["sig", "token", "key", "password", "passwd", "secret", "credential"];

/// Returns an error message as one line without parts that may contain a password: excerpts of a
/// configuration file, the user information of an address, and signatures, tokens and the like in
/// its query.
#[must_use]
pub fn redacted(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_excerpt(line));
    let words = lines.flat_map(str::split_whitespace);
    let words: Vec<String> = words.map(|word| without_secrets(&without_user(word))).collect();
    words.join(" ")
}

/// Recognises an excerpt such as `2 | database_url = "..."`, and the line that points at a place in
/// it.
fn is_excerpt(line: &str) -> bool {
    line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().starts_with('|')
}

/// Removes the user information from an address.
fn without_user(word: &str) -> String {
    match (word.split_once("://"), word.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://...@{host}"),
        _ => word.to_owned(),
    }
}

/// Removes the values of secret parameters from the query of an address.
fn without_secrets(word: &str) -> String {
    let Some((path, query)) = word.split_once('?') else { return word.to_owned() };
    let mut shown = Vec::new();
    for parameter in query.split('&') {
        match parameter.split_once('=') {
            Some((name, _)) if is_secret(name) => shown.push(format!("{name}=...")),
            _ => shown.push(parameter.to_owned()),
        }
    }
    format!("{path}?{}", shown.join("&"))
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn passwords_go_and_the_rest_stays() {
        let toml = "docent.toml: TOML parse error at line 2, column 9\n  |\n2 | url = \"postgres://u:s3cret@h/d\n  |         ^\n\
                    invalid basic string\n in TOML source string\n";
        for (text, expected) in [
            (
                toml,
                "docent.toml: TOML parse error at line 2, column 9 invalid basic string in TOML source string",
            ),
            (
                "found string \"postgres://u:s3@cret@h:1/d?x=1\", expected u64",
                "found string \"postgres://...@h:1/d?x=1\", expected u64",
            ),
            (
                "GET https://b.h/k?X-Amz-Credential=AK%2F1&X-Amz-Date=2026&X-Amz-Signature=abc failed",
                "GET https://b.h/k?X-Amz-Credential=...&X-Amz-Date=2026&X-Amz-Signature=... failed",
            ),
            ("https://a.h/c?sv=1&sig=a%2Bb=&se=2", "https://a.h/c?sv=1&sig=...&se=2"),
            ("/v1?x=1&access_token=abc", "/v1?x=1&access_token=..."),
            ("postgres://u:p@h/d?password=s3cret", "postgres://...@h/d?password=..."),
            ("is it away? sig=1 says so", "is it away? sig=1 says so"),
            ("no answer from http://h/v1", "no answer from http://h/v1"),
            ("ada@example.org is no address", "ada@example.org is no address"),
        ] {
            assert_eq!(redacted(text), expected);
        }
    }
}
