//! The language in which a request says what it wants: fields of a resource compared with values.
//!
//! ```text
//! expression := all ("OR" all)*
//! all        := one ("AND" one)*
//! one        := "NOT" one | "(" expression ")" | comparison
//! comparison := field ("=" | "!=" | "<" | "<=" | ">" | ">=") value
//!             | field ["NOT"] "IN" ( "(" member ("," member)* ")" | range )
//! member     := value | range
//! range      := value ".." [value] | ".." value
//! field      := "id" | "subjects" | "authors" | "source" | "language" | "published_at" | "quality"
//!             | "attributes" ("." name)+
//! value      := text in quotes | number | date | "true" | "false"
//! boost      := expression "^" number
//! ```
//!
//! A field that holds several values meets a comparison where one of them does. No comparison with a field that holds
//! none is true, `!=` and `NOT IN` neither; `NOT` of it is.

mod condition;
mod error;
mod parse;
mod value;

use std::{fmt, str::FromStr};

pub use error::FilterError;

use self::condition::Condition;
use crate::Facts;
use docent_domain::DomainError;

/// Longest expression, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 4_000;
/// How deep brackets and `NOT` may be nested.
pub const MAX_DEPTH: usize = 32;
/// Most boosts of one request.
pub const MAX_BOOSTS: usize = 10;
/// The least and the greatest factor of a boost.
pub const FACTORS: (f64, f64) = (0.1, 10.0);

/// A checked expression that each resource meets or does not.
///
/// ```
/// use docent_ranker::{Facts, Filter};
/// let filter: Filter = "quality >= 0.5 AND NOT language = 'de'".parse()?;
/// assert!(filter.accepts(&Facts { quality: Some(0.5), ..Facts::default() }));
/// # Ok::<(), docent_ranker::FilterError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    text: String,
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Any(Vec<Node>),
    All(Vec<Node>),
    Not(Box<Node>),
    Is(Condition),
}

impl Node {
    fn holds(&self, facts: &Facts<'_>) -> bool {
        match self {
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(facts)),
            Self::All(nodes) => nodes.iter().all(|node| node.holds(facts)),
            Self::Not(node) => !node.holds(facts),
            Self::Is(condition) => condition.holds(facts),
        }
    }
}

impl Filter {
    /// Whether a resource meets the expression.
    #[must_use]
    pub fn accepts(&self, facts: &Facts<'_>) -> bool {
        self.root.holds(facts)
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Ok(Self { text: text.to_owned(), root: parse::filter(text)? })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A factor for the scores of what meets an expression, as in `subjects = "horror" ^ 1.5`.
#[derive(Debug, Clone, PartialEq)]
pub struct Boost {
    filter: Filter,
    factor: f64,
}

impl Boost {
    /// By what the score of a resource is multiplied: 1 where it does not meet the expression.
    #[must_use]
    pub fn factor(&self, facts: &Facts<'_>) -> f64 {
        if self.filter.accepts(facts) { self.factor } else { 1.0 }
    }

    /// Whether it raises what it is for, rather than lower it.
    #[must_use]
    pub fn raises(&self) -> bool {
        self.factor > 1.0
    }
}

impl FromStr for Boost {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let (root, factor) = parse::boost(text)?;
        let (least, most) = FACTORS;
        if !(least..=most).contains(&factor) {
            let (field, expected) = ("boost".to_owned(), "a factor from 0.1 to 10");
            return Err(DomainError::OutOfRange { field, expected, got: factor.to_string() }.into());
        }
        Ok(Self { filter: Filter { text: text.to_owned(), root }, factor })
    }
}

impl fmt::Display for Boost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.filter.fmt(f)
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
