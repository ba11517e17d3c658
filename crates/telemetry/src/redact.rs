/// Returns an error message as one line without parts that may contain a password: excerpts of a
/// configuration file, and the user information of an address.
#[must_use]
pub fn redacted(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_excerpt(line));
    let words: Vec<String> = lines.flat_map(str::split_whitespace).map(without_user).collect();
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
            ("no answer from http://h/v1", "no answer from http://h/v1"),
            ("ada@example.org is no address", "ada@example.org is no address"),
        ] {
            assert_eq!(redacted(text), expected);
        }
    }
}
