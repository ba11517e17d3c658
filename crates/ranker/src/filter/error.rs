use docent_domain::DomainError;
use thiserror::Error;

/// Why an expression is refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FilterError {
    /// It is not of the language, or compares a field with a value of another type.
    #[error("{field}: at position {position}: expected {expected}, got {got}")]
    Malformed {
        /// `filter` or `boost`.
        field: &'static str,
        /// Where, in characters from 1.
        position: usize,
        /// What may stand there.
        expected: String,
        /// What stands there.
        got: String,
    },
    /// It is too long, or its factor out of range.
    #[error(transparent)]
    Invalid(#[from] DomainError),
}

/// What is shown of what was read.
const SHOWN_CHARACTERS: usize = 32;

impl FilterError {
    /// At a byte of the text.
    pub(super) fn at(field: &'static str, text: &str, byte: usize, expected: impl Into<String>) -> Self {
        let (before, rest) = text.split_at_checked(byte).unwrap_or((text, ""));
        let position = before.chars().count() + 1;
        Self::Malformed { field, position, expected: expected.into(), got: shown(rest) }
    }
}

fn shown(rest: &str) -> String {
    let is_apart = |c: char| c.is_whitespace() || "(),".contains(c);
    let word: String = rest.chars().take_while(|&c| !is_apart(c)).take(SHOWN_CHARACTERS).collect();
    match (word.is_empty(), rest.chars().next()) {
        (_, None) => "the end".into(),
        (true, Some(apart)) => format!("{apart:?}"),
        (false, _) => format!("\"{word}\""),
    }
}
