use std::sync::Arc;

use chrono::{DateTime, Utc};

/// What the filters need to know of a candidate.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// The dense key of the candidate.
    pub key: u32,
    /// Hidden or deleted.
    pub hidden: bool,
    /// The caller's own id.
    pub id: &'a str,
    /// What it is about.
    pub subjects: &'a [Arc<str>],
    /// Who made it.
    pub authors: &'a [Arc<str>],
    /// Where it comes from.
    pub source: Option<&'a str>,
    /// The language of its text.
    pub language: Option<&'a str>,
    /// When it appeared.
    pub published_at: Option<DateTime<Utc>>,
    /// Its own quality, where known.
    pub quality: Option<f64>,
    /// Whatever else is known of it, ordered by path.
    pub attributes: &'a [Attribute],
}

/// One value of a resource's attributes. A list is several with the same path; a value inside an object has the path of
/// the object, a dot and its own name.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// Names joined by dots.
    pub path: Arc<str>,
    /// What it holds.
    pub value: AttributeValue,
}

/// What an attribute can hold.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValue {
    /// Text.
    Text(Arc<str>),
    /// A finite number.
    Number(f64),
    /// True or false.
    Flag(bool),
}
