use docent::ResourceId;
use serde::Serialize;
use utoipa::ToSchema;

/// Reason why a resource is in the list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// The text resembles that of a resource the user liked.
    SimilarTo {
        /// Id of the resource the user liked.
        resource_id: String,
        /// Similarity of the two texts, above 0 and at most 1.
        weight: f64,
    },
    /// Users with similar behaviour chose it.
    LikedBySimilarUsers,
    /// Users often choose it after a resource the user liked recently.
    OftenNextAfter {
        /// Id of the resource the user liked.
        resource_id: String,
    },
    /// A resource the user liked cites it.
    CitedBy {
        /// Id of the resource the user liked.
        resource_id: String,
    },
    /// It cites a resource the user liked.
    Cites {
        /// Id of the resource the user liked.
        resource_id: String,
    },
    /// A link of another kind connects it to a resource the user liked.
    LinkedTo {
        /// Id of the resource the user liked.
        resource_id: String,
        /// Kind of the link.
        link_kind: String,
    },
    /// It shares an author with a resource the user liked.
    SameAuthor {
        /// Id of the resource the user liked.
        resource_id: String,
    },
    /// Many users chose it.
    Popular,
    /// It was published recently.
    New,
    /// No user has interacted with it yet; a place of the list is reserved for such resources.
    Exploration,
    /// Its subject is a domain the user follows.
    MatchesDomain {
        /// Domain of the user.
        domain: String,
    },
}

impl From<docent::Reason<ResourceId>> for Reason {
    fn from(reason: docent::Reason<ResourceId>) -> Self {
        use docent::Reason as Engine;
        match reason {
            Engine::SimilarTo { resource, weight } => {
                Self::SimilarTo { resource_id: resource.into(), weight }
            }
            Engine::LikedBySimilarUsers => Self::LikedBySimilarUsers,
            Engine::OftenNextAfter { resource } => Self::OftenNextAfter { resource_id: resource.into() },
            Engine::CitedBy { resource } => Self::CitedBy { resource_id: resource.into() },
            Engine::Cites { resource } => Self::Cites { resource_id: resource.into() },
            Engine::LinkedTo { resource, kind } => {
                Self::LinkedTo { resource_id: resource.into(), link_kind: kind }
            }
            Engine::SameAuthor { resource } => Self::SameAuthor { resource_id: resource.into() },
            Engine::Popular => Self::Popular,
            Engine::New => Self::New,
            Engine::Exploration => Self::Exploration,
            Engine::MatchesDomain { domain } => Self::MatchesDomain { domain },
        }
    }
}
