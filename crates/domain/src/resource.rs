use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::{DomainError, ResourceId, attributes};

/// Quality assumed for a resource without one.
pub const UNKNOWN_QUALITY: f64 = 0.5;
/// Recency assumed for a resource without a publication date.
pub const UNKNOWN_RECENCY: f64 = 0.5;
/// Maximum length of a title, in bytes.
pub const MAX_TITLE_BYTES: usize = 2_000;
/// Maximum length of a text, in bytes.
pub const MAX_TEXT_BYTES: usize = 1_000_000;
const MAX_LIST: usize = 200;
const MAX_NAME_BYTES: usize = 500;
const MAX_LINKS: usize = 1_000;

/// A resource that can be recommended.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Id that the caller gave the resource.
    pub id: ResourceId,
    /// Title, as shown in lists.
    pub title: String,
    /// Abstract, description or full text. It may be empty.
    pub text: String,
    /// Names of the authors or makers.
    pub authors: Vec<String>,
    /// Topics, genres or tags.
    pub subjects: Vec<String>,
    /// Origin, such as a journal, a shop or a feed.
    pub source: Option<String>,
    /// Language of the text, as an IETF tag such as `en`.
    pub language: Option<String>,
    /// Address of the resource.
    pub url: Option<String>,
    /// Time of publication.
    pub published_at: Option<DateTime<Utc>>,
    /// Overall quality in `[0, 1]`.
    pub quality: Option<f64>,
    /// Attributes of your own, which filters can refer to.
    pub attributes: Map<String, Value>,
    /// True for a resource that is kept but never recommended.
    pub hidden: bool,
    /// Links to other resources, which may not exist yet.
    pub links: Vec<Link>,
}

/// A typed, weighted link from one resource to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Id of the resource that the link points to.
    pub target: ResourceId,
    /// Kind of the link: `citation`, `co_authorship`, `subject_similarity`, `temporal`, or a kind
    /// of your own.
    pub kind: String,
    /// Weight of the link, greater than 0.
    pub weight: f64,
}

impl Resource {
    /// Creates a resource with an id and a title; all other fields are empty.
    #[must_use]
    pub fn new(id: ResourceId, title: impl Into<String>) -> Self {
        Self {
            id,
            title: title.into(),
            text: String::new(),
            authors: Vec::new(),
            subjects: Vec::new(),
            source: None,
            language: None,
            url: None,
            published_at: None,
            quality: None,
            attributes: Map::new(),
            hidden: false,
            links: Vec::new(),
        }
    }

    /// Checks the length and the range of every field.
    ///
    /// # Errors
    /// Returns an error for the first field that breaks a rule.
    pub fn check(&self) -> Result<(), DomainError> {
        if self.title.trim().is_empty() {
            return Err(DomainError::Missing { field: "title", why: "that is not blank" });
        }
        text_of("title", MAX_TITLE_BYTES, &self.title)?;
        text_of("text", MAX_TEXT_BYTES, &self.text)?;
        text_of("url", MAX_TITLE_BYTES, self.url.as_deref().unwrap_or_default())?;
        text_of("source", MAX_NAME_BYTES, self.source.as_deref().unwrap_or_default())?;
        text_of("language", 35, self.language.as_deref().unwrap_or_default())?;
        for (field, names) in [("authors", &self.authors), ("subjects", &self.subjects)] {
            at_most(field, MAX_LIST, names.len())?;
            names.iter().try_for_each(|name| text_of(field, MAX_NAME_BYTES, name))?;
        }
        if let Some(quality) = self.quality
            && !(0.0..=1.0).contains(&quality)
        {
            return Err(DomainError::out_of_range("quality", "a number from 0 to 1", quality));
        }
        attributes::check(&self.attributes)?;
        at_most("links", MAX_LINKS, self.links.len())?;
        self.links.iter().try_for_each(Link::check)
    }
}

impl Link {
    fn check(&self) -> Result<(), DomainError> {
        if self.kind.is_empty() || self.kind.len() > 64 || !self.kind.chars().all(is_kind_character) {
            let expected = "1 to 64 characters of a-z, 0-9 and _";
            return Err(DomainError::out_of_range("links.kind", expected, format!("{:?}", self.kind)));
        }
        // The graph stores weights in single precision, where this one must neither vanish nor
        // overflow.
        if !((self.weight as f32).is_finite() && self.weight as f32 > 0.0) {
            return Err(DomainError::out_of_range(
                "links.weight",
                "a number from 1e-45 to 3e38",
                self.weight,
            ));
        }
        Ok(())
    }
}

fn is_kind_character(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

fn at_most(field: &'static str, limit: usize, got: usize) -> Result<(), DomainError> {
    if got > limit { Err(DomainError::TooLong { field, limit, got }) } else { Ok(()) }
}

/// Checks that every database can store the text: PostgreSQL refuses the character U+0000.
pub(crate) fn text_of(field: &'static str, limit: usize, text: &str) -> Result<(), DomainError> {
    if text.contains('\0') {
        return Err(DomainError::out_of_range(
            field,
            "text without the character U+0000",
            "text that contains it",
        ));
    }
    at_most(field, limit, text.len())
}

/// Returns the recency at `now`, in `[0, 1]`: `0.5^(age_days / 365)` of the publication date, or
/// [`UNKNOWN_RECENCY`] without one. A date in the future counts as `now`.
#[must_use]
pub fn recency(published_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> f64 {
    published_at.map_or(UNKNOWN_RECENCY, |published| {
        let age_days = (now - published).as_seconds_f64().max(0.0) / 86_400.0;
        0.5_f64.powf(age_days / 365.0)
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn resource() -> Resource {
        Resource::new(ResourceId::new("r").unwrap(), "A title")
    }

    #[test]
    fn recency_halves_each_year() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for (days, expected) in [(0, 1.0), (365, 0.5), (730, 0.25), (-10, 1.0)] {
            assert!((recency(Some(now - TimeDelta::days(days)), now) - expected).abs() < 1e-12);
        }
        assert_eq!(recency(None, now), 0.5);
    }

    #[test]
    fn a_resource_is_checked_field_by_field() {
        assert_eq!(resource().check(), Ok(()));
        type Break = fn(&mut Resource);
        let broken: [(&str, Break); 8] = [
            ("text", |r| r.text = "a\0b".into()),
            ("title", |r| r.title = "  ".into()),
            ("title", |r| r.title = "x".repeat(MAX_TITLE_BYTES + 1)),
            ("quality", |r| r.quality = Some(1.5)),
            ("subjects", |r| r.subjects = vec!["s".into(); 201]),
            ("links.kind", |r| r.links = vec![link("Not A Name", 1.0)]),
            ("links.weight", |r| r.links = vec![link("citation", f64::NAN)]),
            ("links.weight", |r| r.links = vec![link("citation", 1e39)]),
        ];
        for (field, breaks) in broken {
            let mut bad = resource();
            breaks(&mut bad);
            assert!(bad.check().is_err_and(|e| e.to_string().starts_with(field)), "{field}");
        }
    }

    fn link(kind: &str, weight: f64) -> Link {
        Link { target: ResourceId::new("other").unwrap(), kind: kind.into(), weight }
    }
}
