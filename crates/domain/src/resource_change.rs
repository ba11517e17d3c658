use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::{Link, Resource};

/// A change of some fields of a resource. `None` keeps a field; an inner `None` clears it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResourceChange {
    /// Title to set. A blank one is refused.
    pub title: Option<String>,
    /// Text to set.
    pub text: Option<String>,
    /// Authors to set.
    pub authors: Option<Vec<String>>,
    /// Subjects to set.
    pub subjects: Option<Vec<String>>,
    /// Source to set or to clear.
    pub source: Option<Option<String>>,
    /// Language to set or to clear.
    pub language: Option<Option<String>>,
    /// Address to set or to clear.
    pub url: Option<Option<String>>,
    /// Time of publication to set or to clear.
    pub published_at: Option<Option<DateTime<Utc>>>,
    /// Quality to set or to clear.
    pub quality: Option<Option<f64>>,
    /// Attributes to merge by [`merged`], or to clear.
    pub attributes: Option<Option<Map<String, Value>>>,
    /// Links to set.
    pub links: Option<Vec<Link>>,
    /// True hides the resource, false shows it again.
    pub hidden: Option<bool>,
}

impl ResourceChange {
    /// Returns the resource with the changed fields. The caller checks the result.
    ///
    /// ```
    /// use docent_domain::{Resource, ResourceChange};
    ///
    /// let book = Resource { text: "A novel.".into(), ..Resource::new("b".parse()?, "Book") };
    /// let change = ResourceChange { hidden: Some(true), ..ResourceChange::default() };
    /// assert_eq!(change.apply(book.clone()), Resource { hidden: true, ..book });
    /// # Ok::<(), docent_domain::DomainError>(())
    /// ```
    #[must_use]
    pub fn apply(&self, resource: Resource) -> Resource {
        let change = self.clone();
        Resource {
            id: resource.id,
            title: change.title.unwrap_or(resource.title),
            text: change.text.unwrap_or(resource.text),
            authors: change.authors.unwrap_or(resource.authors),
            subjects: change.subjects.unwrap_or(resource.subjects),
            source: change.source.unwrap_or(resource.source),
            language: change.language.unwrap_or(resource.language),
            url: change.url.unwrap_or(resource.url),
            published_at: change.published_at.unwrap_or(resource.published_at),
            quality: change.quality.unwrap_or(resource.quality),
            attributes: match change.attributes {
                None => resource.attributes,
                Some(None) => Map::new(),
                Some(Some(changed)) => merged(resource.attributes, changed),
            },
            links: change.links.unwrap_or(resource.links),
            hidden: change.hidden.unwrap_or(resource.hidden),
        }
    }
}

/// Merges `changed` into `known` as a JSON merge patch does (RFC 7396): null removes a key, objects
/// are merged, and any other value replaces the known one.
#[must_use]
pub fn merged(mut known: Map<String, Value>, changed: Map<String, Value>) -> Map<String, Value> {
    for (key, value) in changed {
        let value = match value {
            Value::Null => {
                known.remove(&key);
                continue;
            }
            Value::Object(changed) => {
                let inner = match known.remove(&key) {
                    Some(Value::Object(inner)) => inner,
                    _ => Map::new(),
                };
                Value::Object(merged(inner, changed))
            }
            other => other,
        };
        known.insert(key, value);
    }
    known
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    /// Examples of RFC 7396, appendix A, between objects.
    #[test]
    fn attributes_are_merged_as_a_json_merge_patch() {
        for (known, changed, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            assert_eq!(merged(object(known.clone()), object(changed)), object(expected), "{known}");
        }
    }

    #[test]
    fn absent_fields_are_kept_and_null_clears() {
        let mut book = Resource::new("b".parse().unwrap(), "Book");
        (book.source, book.quality) = (Some("shelf".into()), Some(0.5));
        book.attributes = object(json!({"pages": 3}));
        assert_eq!(ResourceChange::default().apply(book.clone()), book);
        let change = ResourceChange {
            source: Some(None),
            quality: Some(Some(0.7)),
            attributes: Some(None),
            ..ResourceChange::default()
        };
        let changed = change.apply(book.clone());
        let expected = Resource { source: None, quality: Some(0.7), attributes: Map::new(), ..book };
        assert_eq!(changed, expected);
    }
}
