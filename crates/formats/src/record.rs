use docent_domain::{Link, NewInteraction, Resource, ResourceId};

use crate::Location;

/// One entry of a data set.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Record {
    /// A link that stands apart from its resource.
    Link {
        /// Resource that the link starts from.
        source: ResourceId,
        /// Target, kind and weight.
        link: Link,
    },
    /// A resource and its links.
    Resource {
        /// The resource with the links that its record lists.
        resource: Resource,
        /// True if the record lists all links of the resource. Otherwise the resource keeps the
        /// links that it already has.
        has_all_links: bool,
    },
    /// An interaction of a user with a resource.
    Interaction(NewInteraction),
}

/// A record and the line that it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// Record that was read.
    pub record: Record,
    /// Line of the record.
    pub location: Location,
    /// Title of the resource of an interaction, if the line has it.
    pub title: Option<String>,
}

impl Located {
    /// Returns a record of a line without a title.
    #[must_use]
    pub fn new(record: Record, location: Location) -> Self {
        Self { record, location, title: None }
    }
}
