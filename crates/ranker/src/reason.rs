/// A reason for a recommendation, as data. `R` identifies a resource: a dense key inside the
/// engine, the caller's id outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason<R> {
    /// Its text is similar to that of a resource the user liked.
    SimilarTo {
        /// Resource that the user liked.
        resource: R,
        /// Similarity of the two, in `(0, 1]`.
        weight: f64,
    },
    /// Users with similar interactions chose it.
    LikedBySimilarUsers,
    /// Users often choose it after a resource that the user liked recently.
    OftenNextAfter {
        /// Resource that the user liked.
        resource: R,
    },
    /// A resource that the user liked cites it.
    CitedBy {
        /// Resource that the user liked.
        resource: R,
    },
    /// It cites a resource that the user liked.
    Cites {
        /// Resource that the user liked.
        resource: R,
    },
    /// A link of another kind connects it with a resource that the user liked.
    LinkedTo {
        /// Resource that the user liked.
        resource: R,
        /// Kind of the link.
        kind: String,
    },
    /// It shares an author with a resource that the user liked.
    SameAuthor {
        /// Resource that the user liked.
        resource: R,
    },
    /// Many users chose it.
    Popular,
    /// It was published recently.
    New,
    /// No user has interacted with it yet; it is shown to learn whether users like it.
    Exploration,
    /// It belongs to a research domain that the user follows.
    MatchesDomain {
        /// Name of the domain.
        domain: String,
    },
}

impl<R> Reason<R> {
    /// Maps the resource of the reason, or returns `None` if `map` does.
    pub fn try_map<S>(self, map: impl FnOnce(R) -> Option<S>) -> Option<Reason<S>> {
        Some(match self {
            Self::SimilarTo { resource, weight } => Reason::SimilarTo { resource: map(resource)?, weight },
            Self::OftenNextAfter { resource } => Reason::OftenNextAfter { resource: map(resource)? },
            Self::CitedBy { resource } => Reason::CitedBy { resource: map(resource)? },
            Self::Cites { resource } => Reason::Cites { resource: map(resource)? },
            Self::LinkedTo { resource, kind } => Reason::LinkedTo { resource: map(resource)?, kind },
            Self::SameAuthor { resource } => Reason::SameAuthor { resource: map(resource)? },
            Self::LikedBySimilarUsers => Reason::LikedBySimilarUsers,
            Self::Popular => Reason::Popular,
            Self::New => Reason::New,
            Self::Exploration => Reason::Exploration,
            Self::MatchesDomain { domain } => Reason::MatchesDomain { domain },
        })
    }
}
