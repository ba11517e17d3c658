//! What can go wrong with a graph.

/// Errors of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// The weight of an edge is not a positive, finite number.
    #[error("edge {from} -> {to} must have a positive, finite weight, but has {weight}")]
    InvalidWeight {
        /// Where the edge starts.
        from: u32,
        /// Where it ends.
        to: u32,
        /// The weight given.
        weight: f32,
    },
    /// An edge names a node that the graph does not have.
    #[error("edge {from} -> {to} leaves the graph, whose nodes are below {n_nodes}")]
    NodeOutOfRange {
        /// Where the edge starts.
        from: u32,
        /// Where it ends.
        to: u32,
        /// Number of nodes.
        n_nodes: u32,
    },
    /// A node number cannot be used, because the count of nodes has to fit into 32 bits too.
    #[error("node {0} is too large: nodes are numbered below {max}", max = u32::MAX)]
    NodeTooLarge(u32),
    /// An edge is of a kind that has no name.
    #[error("edge {from} -> {to} is of kind {kind}, but only {n_kinds} kinds are named")]
    UnknownKind {
        /// Where the edge starts.
        from: u32,
        /// Where it ends.
        to: u32,
        /// The kind given.
        kind: u8,
        /// Number of named kinds.
        n_kinds: usize,
    },
    /// There are more kinds of edge than a graph can tell apart.
    #[error("kind `{name}` is one too many: a graph tells 256 kinds of edge apart")]
    TooManyKinds {
        /// The name for which there was no room.
        name: String,
    },
    /// A kind has no name, or two kinds have the same.
    #[error("names of kinds must be different and not empty, but `{name}` is not")]
    InvalidKindName {
        /// The name given.
        name: String,
    },
    /// A setting lies outside its range.
    #[error("graph setting `{setting}` must be {expected}, but is {found}")]
    InvalidConfig {
        /// Name of the field.
        setting: &'static str,
        /// The range that it must lie in.
        expected: &'static str,
        /// What was given.
        found: String,
    },
    /// Histories do not fit together.
    #[error("histories are damaged: {0}")]
    InvalidHistories(String),
    /// Saved parts do not fit together: they are damaged or belong to different graphs.
    #[error("saved graph is damaged: {0}")]
    InvalidParts(String),
}
