//! Holds a graph of typed, weighted links between resources in memory and finds what is near a set
//! of nodes.
//!
//! Nodes are dense `u32` numbers given by the caller; edges are directed, and each is of a kind
//! with a name. This crate must never see users, texts or files, and it never blocks: everything
//! runs on the calling thread, except [`co_interaction_edges`] and [`similarity_edges`], which use
//! all threads of rayon's pool.
//!
//! ```
//! use docent_graph::{Edge, Graph, GraphBuilder, PprConfig, kinds};
//!
//! let mut builder = GraphBuilder::new(4);
//! builder.link(0, 1, kinds::CITATION, 1.0)?;
//! builder.link(1, 2, kinds::CITATION, 1.0)?;
//! builder.link(2, 3, "shelved together", 0.5)?;
//! let mut graph: Graph = builder.build()?;
//!
//! let near: Vec<u32> = graph
//!     .personalised_pagerank(&[(0, 1.0)], &PprConfig::default())?
//!     .into_iter()
//!     .map(|(node, _score)| node)
//!     .collect();
//! assert_eq!(near, [1, 2, 3]);
//!
//! let citation = graph.intern_kind(kinds::CITATION)?;
//! graph.add_edge(Edge { from: 0, to: 7, kind: citation, weight: 1.0 })?;
//! assert_eq!(graph.links_between(7, 0).count(), 1);
//! # Ok::<(), docent_graph::GraphError>(())
//! ```
#![forbid(unsafe_code)]

mod adjacency;
mod builder;
mod co_interaction;
mod error;
mod graph;
mod links;
mod pagerank;
mod parts;
mod pending_links;
mod similarity;

pub use builder::GraphBuilder;
pub use co_interaction::{CoInteractionConfig, co_interaction_edges};
pub use error::GraphError;
pub use graph::{Edge, Graph};
pub use links::{Direction, Link};
pub use pagerank::PprConfig;
pub use parts::GraphParts;
pub use pending_links::{PendingLink, PendingLinks};
pub use similarity::{SimilarityConfig, similarity_edges};

/// Names of the kinds of edge that the engine creates itself; teams add their own beside them.
pub mod kinds {
    /// A resource that cites another one.
    pub const CITATION: &str = "citation";
    /// Two resources that share an author.
    pub const CO_AUTHORSHIP: &str = "co_authorship";
    /// Two resources that share subjects.
    pub const SUBJECT_SIMILARITY: &str = "subject_similarity";
    /// Two resources that share rare words.
    pub const TEXT_SIMILARITY: &str = "text_similarity";
    /// A resource that follows another one in time, such as the next part of a series.
    pub const TEMPORAL: &str = "temporal";
    /// Two resources that the same users interact with.
    pub const CO_INTERACTION: &str = "co_interaction";
}
