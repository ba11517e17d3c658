//! Counts what users choose after an item, and before it: a directed item-by-item matrix of ordered
//! histories.
//!
//! A user is scored by the rows of their newest items, which count the more the newer they are
//! ([`docent_domain::decayed`]). On product reviews this alone beats published neural models of
//! sequences.
//!
//! This crate knows dense indices only: it must never see ids, files or the clock. It works on
//! rayon's pool, and the result does not depend on the number of threads.
//!
//! ```
//! use docent_domain::{Event, Histories};
//! use docent_transitions::{TransitionsConfig, transitions};
//!
//! // Two users choose item 1 after item 0.
//! let events = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(user, item)| (user, Event::of(item)));
//! let histories = Histories::new(2, 3, events, true)?;
//! let weights = transitions(&histories, &TransitionsConfig::default())?;
//! assert!(weights.weight(0, 1) > weights.weight(1, 0));
//! assert_eq!(weights.weight(0, 2), 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod config;
mod count;

pub use config::{TransitionsConfig, TransitionsError};
pub use count::transitions;
