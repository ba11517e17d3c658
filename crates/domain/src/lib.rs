//! Defines the data types of Docent and the rules that govern them: ids, resources, users'
//! profiles, interactions and their strengths, scores and experiments.
//!
//! This crate must never perform I/O, read a clock, draw random numbers, or depend on a database, a
//! web framework or a model. Time is always an argument, so the same input gives the same output.
//! Wire formats and database rows are types of other crates, which convert them at their boundary.
//!
//! ```
//! use chrono::DateTime;
//! use docent_domain::{Interaction, InteractionRules, NewInteraction, ResourceId, UserId};
//!
//! let (ada, book) = (UserId::new("ada")?, ResourceId::new("book-7")?);
//! let read = NewInteraction::view(&ada, &book, DateTime::UNIX_EPOCH)
//!     .dwell_seconds(300.0)?
//!     .scroll_depth(0.5)?;
//! let interaction = Interaction::first(&read, &InteractionRules::default())?;
//! assert_eq!(interaction.strength.value(), 0.45);
//! assert!(interaction.is_positive());
//! # Ok::<(), docent_domain::DomainError>(())
//! ```

mod attributes;
mod error;
mod experiment;
mod feedback;
mod history;
mod ids;
mod interaction;
mod interaction_type;
mod matrix;
mod new_interaction;
mod phrase;
mod profile;
mod repeated_key;
mod resource;
mod resource_change;
mod rules;
mod score;
mod standing;
mod stats;
mod strength;
mod unit_interval;
mod weights;

pub use attributes::{MAX_ATTRIBUTE_DEPTH, MAX_ATTRIBUTE_KEYS, MAX_ATTRIBUTE_VALUES, MAX_ATTRIBUTES_BYTES};
pub use error::DomainError;
pub use experiment::{Assignment, Experiment, Experiments, Variant};
pub use feedback::{Feedback, Impression, NOT_USEFUL_FACTOR, USEFUL_STRENGTH};
pub use history::{Event, Histories, Micros, as_set, decayed, scattered};
pub use ids::{MAX_ID_BYTES, ResourceId, UserId};
pub use interaction::Interaction;
pub use interaction_type::InteractionType;
pub use matrix::{InteractionMatrix, MatrixError};
pub use new_interaction::NewInteraction;
pub use phrase::has_phrase;
pub use profile::{
    COLD_START_BELOW, DEFAULT_EXPLORATION, MAX_EXCLUDED_SOURCES, MAX_PREFERRED_AUTHORS, MAX_RESEARCH_DOMAINS,
    PREFERRED_AUTHORS_DAYS, PREFERRED_SOURCE_FACTOR, Profile, RELEARN_AUTHORS_EVERY, preferred_authors,
};
pub use repeated_key::repeated_key;
pub use resource::{
    Link, MAX_TEXT_BYTES, MAX_TITLE_BYTES, Resource, UNKNOWN_QUALITY, UNKNOWN_RECENCY, recency,
};
pub use resource_change::{ResourceChange, merged};
pub use rules::{CountRule, InteractionRules, Signals};
pub use score::{Component, ComponentScores, Strategy};
pub use standing::Standing;
pub use stats::{gini, median, slope};
pub use strength::{POSITIVE_THRESHOLD, SIGNAL_STRENGTH, Strength, confidence};
pub use unit_interval::UnitInterval;
pub use weights::Weights;
