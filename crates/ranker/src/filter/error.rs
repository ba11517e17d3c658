use docent_domain::DomainError;
use thiserror::Error;

/// The reason why an expression is refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The expression is not well formed, or compares a field with a value of another type.
    #[error("{field}: at position {position}: expected {expected}, got {got}")]
    Malformed {
        /// Name of the parameter: `filter` or `boost`.
        field: &'static str,
        /// Position of the error, in characters from 1.
        position: usize,
        /// Description of what is valid at the position.
        expected: String,
        /// Word that was read at the position.
        got: String,
    },
    /// The expression names more values than one request may.
    #[error("{field}: costs {cost}, expected at most {max}: shorten the conditions on {part}", max = super::MAX_COST)]
    TooCostly {
        /// Name of the parameter: `filter` or `boost`.
        field: &'static str,
        /// Cost of the expression; see [`MAX_COST`](super::MAX_COST).
        cost: usize,
        /// Field of the costliest condition.
        part: String,
    },
    /// The expression is too long, or its factor is out of range.
    #[error(transparent)]
    Invalid(#[from] DomainError),
}

/// Maximum number of characters of the input that an error shows.
const MAX_SHOWN_CHARACTERS: usize = 32;

impl FilterError {
    /// Reports an error at a byte offset of `text`.
    pub(super) fn at(field: &'static str, text: &str, byte: usize, expected: impl Into<String>) -> Self {
        let (before, rest) = text.split_at_checked(byte).unwrap_or((text, ""));
        let position = before.chars().count() + 1;
        Self::Malformed { field, position, expected: expected.into(), got: shown(rest) }
    }
}

fn shown(rest: &str) -> String {
    let word: String = rest.chars().take_while(|&c| !is_separator(c)).take(MAX_SHOWN_CHARACTERS).collect();
    match (word.is_empty(), rest.chars().next()) {
        (_, None) => "the end".into(),
        (true, Some(separator)) => format!("{separator:?}"),
        (false, _) => format!("\"{word}\""),
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || "(),".contains(c)
}
