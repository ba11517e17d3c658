use docent::{Reason, ResourceId};
use serde::Serialize;
use utoipa::ToSchema;

/// Why something is in an answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReasonView {
    /// It says much the same as something the user liked.
    SimilarTo {
        /// What they liked.
        resource_id: String,
        /// How close, above 0 to 1.
        weight: f64,
    },
    /// People with like behaviour chose it.
    LikedBySimilarUsers,
    /// Something the user liked cites it.
    CitedBy {
        /// What they liked.
        resource_id: String,
    },
    /// It cites something the user liked.
    Cites {
        /// What they liked.
        resource_id: String,
    },
    /// It is linked to something the user liked in another way.
    LinkedTo {
        /// What they liked.
        resource_id: String,
        /// The kind of the link.
        link_kind: String,
    },
    /// It is by an author of something the user liked.
    SameAuthor {
        /// What they liked.
        resource_id: String,
    },
    /// Many people chose it.
    Popular,
    /// It is new.
    New,
    /// Nobody has interacted with it yet, and its place was kept for such: whether anybody likes it is to be found out.
    Exploration,
    /// It is about a field that the user follows.
    MatchesDomain {
        /// The field.
        domain: String,
    },
}

impl From<Reason<ResourceId>> for ReasonView {
    fn from(reason: Reason<ResourceId>) -> Self {
        match reason {
            Reason::SimilarTo { resource, weight } => {
                Self::SimilarTo { resource_id: resource.into(), weight }
            }
            Reason::LikedBySimilarUsers => Self::LikedBySimilarUsers,
            Reason::CitedBy { resource } => Self::CitedBy { resource_id: resource.into() },
            Reason::Cites { resource } => Self::Cites { resource_id: resource.into() },
            Reason::LinkedTo { resource, kind } => {
                Self::LinkedTo { resource_id: resource.into(), link_kind: kind }
            }
            Reason::SameAuthor { resource } => Self::SameAuthor { resource_id: resource.into() },
            Reason::Popular => Self::Popular,
            Reason::New => Self::New,
            Reason::Exploration => Self::Exploration,
            Reason::MatchesDomain { domain } => Self::MatchesDomain { domain },
        }
    }
}
