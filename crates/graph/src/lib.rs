//! Typed, weighted links between resources, and what is near a few of them.
//!
//! Nodes are dense `u32` numbers given by the caller; edges are directed and of a kind with a name. This crate knows
//! nothing of users, texts or files, and never blocks: everything happens in memory on the calling thread, except
//! [`co_interaction_edges`] and [`similarity_edges`], which use all threads.
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
mod similarity;

pub use builder::GraphBuilder;
pub use co_interaction::{CoInteractionConfig, co_interaction_edges};
pub use error::GraphError;
pub use graph::{Edge, Graph};
pub use links::{Direction, Link};
pub use pagerank::PprConfig;
pub use parts::GraphParts;
pub use similarity::{SimilarityConfig, similarity_edges};

/// Names of the kinds of edge that the engine itself makes; teams add their own beside them.
pub mod kinds {
    /// One resource cites the other.
    pub const CITATION: &str = "citation";
    /// The two share an author.
    pub const CO_AUTHORSHIP: &str = "co_authorship";
    /// The two share subjects.
    pub const SUBJECT_SIMILARITY: &str = "subject_similarity";
    /// The two share rare words.
    pub const TEXT_SIMILARITY: &str = "text_similarity";
    /// The one follows the other in time, as parts of a series do.
    pub const TEMPORAL: &str = "temporal";
    /// The same people interact with both.
    pub const CO_INTERACTION: &str = "co_interaction";
}
