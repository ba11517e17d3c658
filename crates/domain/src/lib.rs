//! The words of Docent and the rules that govern them: ids, resources, interactions, profiles, scores.
//!
//! This crate is pure: it knows no database, no network, no clock and no model. Time is always an argument.
//! Wire formats and database rows are other crates' types, converted at their boundary.
//!
//! ```
//! use docent_domain::{InteractionRules, InteractionType, Signals};
//! let rules = InteractionRules::default();
//! let signals = Signals { dwell_seconds: Some(300.0), scroll_depth: Some(0.5), ..Signals::default() };
//! let strength = rules.strength(&InteractionType::View, &signals).unwrap();
//! assert!((strength.value() - 0.45).abs() < 1e-9);
//! assert!(strength.is_positive());
//! ```

mod error;
mod experiment;
mod feedback;
mod ids;
mod interaction;
mod matrix;
mod profile;
mod resource;
mod score;
mod stats;

pub use error::DomainError;
pub use experiment::{Assignment, Experiment, Experiments, Variant};
pub use feedback::{Feedback, Impression, NOT_USEFUL_FACTOR, USEFUL_STRENGTH};
pub use ids::{MAX_ID_BYTES, ResourceId, UserId};
pub use interaction::{
    Interaction, InteractionRules, InteractionType, NewInteraction, POSITIVE_THRESHOLD, Signals, Strength,
    confidence,
};
pub use matrix::{InteractionMatrix, MatrixError};
pub use profile::{
    COLD_START_BELOW, DEFAULT_EXPLORATION, MAX_EXCLUDED_SOURCES, MAX_RESEARCH_DOMAINS, PREFERRED_AUTHORS,
    PREFERRED_AUTHORS_DAYS, PREFERRED_SOURCE_FACTOR, Preference, Profile, RELEARN_AUTHORS_EVERY,
    preferred_authors,
};
pub use resource::{
    Link, MAX_TEXT_BYTES, MAX_TITLE_BYTES, Resource, UNKNOWN_QUALITY, UNKNOWN_RECENCY, recency,
};
pub use score::{Component, ComponentScores, Strategy, Weights};
pub use stats::{gini, median};
