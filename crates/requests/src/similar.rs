use std::collections::BTreeSet;

use docent_domain::{DomainError, ResourceId};
use docent_ranker::Filter;

use crate::{Cursor, CursorError, MAX_IDS, RecommendRequest, limit_checked};

/// A request for the resources that are most similar to one.
///
/// ```
/// use docent_requests::SimilarRequest;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let request = SimilarRequest::new("book-1".parse()?).limit(5);
/// let request = request.filter("language = 'en'".parse()?);
/// assert_eq!(request.limit, 5);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SimilarRequest {
    /// Resource that the others are compared with.
    pub resource_id: ResourceId,
    /// Maximum number of resources, 1 to [`MAX_LIMIT`](crate::MAX_LIMIT).
    pub limit: usize,
    /// Condition that every resource must meet.
    pub filter: Option<Filter>,
    /// Resources to leave out, at most [`MAX_IDS`].
    pub exclude: Vec<ResourceId>,
    /// If true, resources whose publication date is in the future are included; in place of the
    /// configuration's.
    pub include_unpublished: Option<bool>,
    /// [`SimilarPage::next_cursor`](crate::SimilarPage::next_cursor) of an earlier page of the same
    /// request.
    pub cursor: Option<Cursor>,
}

impl SimilarRequest {
    /// Creates a request for 20 resources.
    #[must_use]
    pub fn new(resource_id: ResourceId) -> Self {
        let (filter, exclude, include_unpublished, cursor) = (None, Vec::new(), None, None);
        Self { resource_id, limit: 20, filter, exclude, include_unpublished, cursor }
    }

    /// Sets the number of resources, 1 to [`MAX_LIMIT`](crate::MAX_LIMIT).
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Sets the filter that similar resources must pass.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Sets the resources to leave out.
    #[must_use]
    pub fn exclude(mut self, exclude: Vec<ResourceId>) -> Self {
        self.exclude = exclude;
        self
    }

    /// Continues the list of an earlier page with the same options.
    #[must_use]
    pub fn cursor(mut self, cursor: Cursor) -> Self {
        self.cursor = Some(cursor);
        self
    }

    /// Checks the limit and the number of ids.
    ///
    /// # Errors
    /// [`DomainError`] for a limit out of range or too many ids.
    pub fn check(&self) -> Result<(), DomainError> {
        limit_checked(self.limit)?;
        let got = self.exclude.len();
        if got > MAX_IDS {
            return Err(DomainError::TooLong { field: "exclude", limit: MAX_IDS, got });
        }
        Ok(())
    }

    /// Returns the row ids of the resources on earlier pages.
    ///
    /// # Errors
    /// [`CursorError::OfAnotherRequest`] if the cursor belongs to another request.
    pub fn shown(&self) -> Result<BTreeSet<i64>, CursorError> {
        let request = self.as_recommendation();
        let shown = self.cursor.as_ref().map(|cursor| cursor.shown_for(&request)).transpose()?;
        Ok(shown.cloned().unwrap_or_default())
    }

    /// Returns the cursor behind the page with which `shown` are the row ids of all pages.
    #[must_use]
    pub fn cursor_after(&self, shown: BTreeSet<i64>) -> Option<Cursor> {
        Cursor::after(&self.as_recommendation(), shown)
    }

    /// Returns the request for recommendations with the same options, which its cursors belong to.
    fn as_recommendation(&self) -> RecommendRequest {
        RecommendRequest {
            exclude: self.exclude.clone(),
            filter: self.filter.clone(),
            include_unpublished: self.include_unpublished,
            include_seen: true,
            ..RecommendRequest::for_history(vec![self.resource_id.clone()])
        }
    }
}
