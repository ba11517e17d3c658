//! The expression language of filters and boosts, which compare fields of a resource with values.
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
//! A field with several values matches a comparison if one of them does. A field without a value
//! matches no comparison, not even `!=` and `NOT IN`; `NOT` of such a comparison is true.

pub(crate) mod condition;
mod error;
mod lexer;
pub(crate) mod node;
mod parse;
mod value;

use std::{fmt, str::FromStr};

use docent_domain::DomainError;

use self::node::Node;
pub use self::{
    error::FilterError,
    parse::{MAX_DEPTH, MAX_EXPRESSION_BYTES},
};
use crate::Facts;

/// Maximum cost of the filter of a request, and of all its boosts together: the number of values
/// that they name, where a span of numbers counts as 8 and one of texts or times as 64. Each value
/// is a set of resources that has to be joined with the others.
pub const MAX_COST: usize = 2_048;
/// Maximum number of boosts in one request.
pub const MAX_BOOSTS: usize = 10;
/// Smallest factor of a boost.
pub const MIN_BOOST_FACTOR: f64 = 0.1;
/// Largest factor of a boost.
pub const MAX_BOOST_FACTOR: f64 = 10.0;

/// A checked expression that a resource matches or does not match. Parse it from text.
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

impl Filter {
    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    /// Returns the cost of finding all resources that match; see [`MAX_COST`].
    #[must_use]
    pub fn cost(&self) -> usize {
        self.root.cost()
    }

    /// Reads an expression, which `parse` has read into a tree.
    fn checked(field: &'static str, text: &str, root: Node) -> Result<Self, FilterError> {
        let cost = root.cost();
        if cost > MAX_COST {
            let part = root.costliest().map(|condition| condition.field.to_string()).unwrap_or_default();
            return Err(FilterError::TooCostly { field, cost, part });
        }
        Ok(Self { text: text.to_owned(), root })
    }

    /// Returns true if the resource with these facts matches the expression.
    #[must_use]
    pub fn accepts(&self, facts: &Facts<'_>) -> bool {
        self.root.matches(facts)
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::checked("filter", text, parse::filter(text)?)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A factor for the scores of the resources that match an expression, as in
/// `subjects = "horror" ^ 1.5`. Parse it from text.
#[derive(Debug, Clone, PartialEq)]
pub struct Boost {
    filter: Filter,
    factor: f64,
}

impl Boost {
    /// Returns the expression that resources match whose score is multiplied.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Returns the factor for the score of a resource that matches the expression.
    #[must_use]
    pub fn strength(&self) -> f64 {
        self.factor
    }

    /// Returns the factor for the score of a resource, which is 1 if it does not match the
    /// expression.
    #[must_use]
    pub fn factor(&self, facts: &Facts<'_>) -> f64 {
        if self.filter.accepts(facts) { self.factor } else { 1.0 }
    }
}

impl FromStr for Boost {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let (root, factor) = parse::boost(text)?;
        if !(MIN_BOOST_FACTOR..=MAX_BOOST_FACTOR).contains(&factor) {
            let (field, expected) = ("boost".to_owned(), "a factor from 0.1 to 10");
            return Err(DomainError::OutOfRange { field, expected, got: factor.to_string() }.into());
        }
        Ok(Self { filter: Filter::checked("boost", text, root)?, factor })
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
