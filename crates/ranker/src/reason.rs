/// Why something is recommended, as data. `R` names a resource: a dense key inside, the caller's id outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason<R> {
    /// Close to something the user liked.
    SimilarTo {
        /// What they liked.
        resource: R,
        /// How close, in `(0, 1]`.
        weight: f64,
    },
    /// People with like behaviour chose it.
    LikedBySimilarUsers,
    /// Something the user liked cites it.
    CitedBy {
        /// What they liked.
        resource: R,
    },
    /// It cites something the user liked.
    Cites {
        /// What they liked.
        resource: R,
    },
    /// Linked to something the user liked in another way.
    LinkedTo {
        /// What they liked.
        resource: R,
        /// The kind of link.
        kind: String,
    },
    /// By an author of something the user liked.
    SameAuthor {
        /// What they liked.
        resource: R,
    },
    /// Many people chose it.
    Popular,
    /// It is new.
    New,
    /// Nobody has interacted with it yet: shown to find out whether anybody likes it.
    Exploration,
    /// It is about a field the user follows.
    MatchesDomain {
        /// The field.
        domain: String,
    },
}

impl<R> Reason<R> {
    /// The same reason with its resource named otherwise; `None` where the name is not known.
    pub fn try_map<S>(self, name: impl FnOnce(R) -> Option<S>) -> Option<Reason<S>> {
        Some(match self {
            Self::SimilarTo { resource, weight } => Reason::SimilarTo { resource: name(resource)?, weight },
            Self::CitedBy { resource } => Reason::CitedBy { resource: name(resource)? },
            Self::Cites { resource } => Reason::Cites { resource: name(resource)? },
            Self::LinkedTo { resource, kind } => Reason::LinkedTo { resource: name(resource)?, kind },
            Self::SameAuthor { resource } => Reason::SameAuthor { resource: name(resource)? },
            Self::LikedBySimilarUsers => Reason::LikedBySimilarUsers,
            Self::Popular => Reason::Popular,
            Self::New => Reason::New,
            Self::Exploration => Reason::Exploration,
            Self::MatchesDomain { domain } => Reason::MatchesDomain { domain },
        })
    }
}
