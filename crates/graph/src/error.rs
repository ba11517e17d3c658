/// Reasons why a graph, or edges for it, could not be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// The weight of an edge is not a positive, finite number.
    #[error("edge {from} -> {to} must have a positive, finite weight, but has {weight}")]
    InvalidWeight {
        /// Node at the start of the edge.
        from: u32,
        /// Node at the end of the edge.
        to: u32,
        /// Weight that was given.
        weight: f32,
    },
    /// An edge names a node that the graph does not have.
    #[error("edge {from} -> {to} leaves the graph, whose nodes are below {n_nodes}")]
    NodeOutOfRange {
        /// Node at the start of the edge.
        from: u32,
        /// Node at the end of the edge.
        to: u32,
        /// Number of nodes in the graph.
        n_nodes: u32,
    },
    /// A node number is the largest of its type, and the number of nodes would not fit into 32
    /// bits.
    #[error("node {0} is too large: nodes are numbered below {max}", max = u32::MAX)]
    NodeTooLarge(u32),
    /// An edge is of a kind without a name.
    #[error("edge {from} -> {to} is of kind {kind}, but only {n_kinds} kinds are named")]
    UnknownKind {
        /// Node at the start of the edge.
        from: u32,
        /// Node at the end of the edge.
        to: u32,
        /// Number of the kind that was given.
        kind: u8,
        /// Number of kinds that have a name.
        n_kinds: usize,
    },
    /// The graph has no room for another kind of edge.
    #[error("kind `{name}` is one too many: a graph has at most 256 kinds of edge")]
    TooManyKinds {
        /// Name that did not fit.
        name: String,
    },
    /// The name of a kind is empty or repeated.
    #[error("names of kinds must be unique and not empty, but `{name}` is not")]
    InvalidKindName {
        /// Name that was given.
        name: String,
    },
    /// A setting is outside its range.
    #[error("graph setting `{setting}` must be {expected}, but is {found}")]
    InvalidConfig {
        /// Name of the setting.
        setting: &'static str,
        /// Range of the setting in words.
        expected: &'static str,
        /// Value that was read.
        found: String,
    },
    /// The parts of the histories do not fit together.
    #[error("histories are damaged: {0}")]
    InvalidHistories(String),
    /// Saved parts do not fit together: they are damaged or belong to different graphs.
    #[error("saved graph is damaged: {0}")]
    InvalidParts(String),
}
