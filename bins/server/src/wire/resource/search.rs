use docent::DomainError;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ResourceSummary;

const MAX_QUERY_BYTES: usize = 1_000;

/// Parameters of a search.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Text to find in titles and names of authors, case-insensitive, at most 1,000 bytes. All
    /// resources match if absent.
    #[param(value_type = String, required = false, max_length = 1000)]
    query: Option<String>,
    /// `next_cursor` of the previous page.
    #[param(value_type = i64, required = false)]
    pub cursor: Option<i64>,
    /// Maximum number of resources per page.
    #[param(value_type = i64, required = false, minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<i64>,
}

impl SearchQuery {
    /// Returns the text to search for; an empty text matches everything.
    ///
    /// # Errors
    /// Returns an error if the text is longer than 1,000 bytes or contains U+0000, which PostgreSQL
    /// rejects.
    pub fn text(&mut self) -> Result<String, DomainError> {
        let text = self.query.take().unwrap_or_default();
        if text.len() > MAX_QUERY_BYTES {
            return Err(DomainError::TooLong { field: "query", limit: MAX_QUERY_BYTES, got: text.len() });
        }
        if text.contains('\0') {
            let (field, got) = ("query".into(), "text with that character".into());
            return Err(DomainError::OutOfRange {
                field,
                expected: "text without the character U+0000",
                got,
            });
        }
        Ok(text)
    }
}

/// Page of search results.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResourcePage {
    /// Matching resources, in the order in which they were first ingested.
    resources: Vec<ResourceSummary>,
    /// Value of `cursor` for the next page; null on the last page.
    #[schema(required = true)]
    next_cursor: Option<i64>,
}

impl From<docent::ResourcePage> for ResourcePage {
    fn from(page: docent::ResourcePage) -> Self {
        Self { resources: page.resources.into_iter().map(Into::into).collect(), next_cursor: page.next }
    }
}
