use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Properties of a candidate that exclusions, filters and boosts refer to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// Dense key of the candidate.
    pub key: u32,
    /// True if the resource is hidden or deleted.
    pub hidden: bool,
    /// Id that the caller gave the resource.
    pub id: &'a str,
    /// Topics, genres or tags.
    pub subjects: &'a [Arc<str>],
    /// Names of the authors or makers.
    pub authors: &'a [Arc<str>],
    /// Origin, such as a journal or a shop.
    pub source: Option<&'a str>,
    /// Language of the text.
    pub language: Option<&'a str>,
    /// Time of publication.
    pub published_at: Option<DateTime<Utc>>,
    /// Overall quality in `[0, 1]`, if known.
    pub quality: Option<f64>,
    /// Attributes of the resource, in ascending order of their paths.
    pub attributes: &'a [Attribute],
}

/// One value of a resource's attributes. A list becomes several values with the same path; a value
/// inside an object has the path of the object, a dot and its own name.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// Names joined by dots, such as `shelf.row`.
    pub path: Arc<str>,
    /// Value at the path.
    pub value: AttributeValue,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValue {
    /// A text, compared without regard to case.
    Text(Arc<str>),
    /// A finite number.
    Number(f64),
    /// A truth value.
    Flag(bool),
}
