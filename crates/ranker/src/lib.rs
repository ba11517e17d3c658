//! Turns scored candidates into an answer: hybrid score, filters, novelty, diversity and
//! exploration.
//!
//! The caller gathers candidates and computes their component scores; [`Exclusions`] says which of
//! them must not be recommended, and [`rank`] chooses and orders the rest. This crate must never
//! perform I/O, read a clock, load a model, or keep state between calls: the same input gives the
//! same output.
//!
//! ```
//! use docent_domain::ComponentScores;
//! use docent_ranker::{Candidate, RankOptions, rank};
//!
//! fn candidate(key: u32, content: f64) -> Candidate<'static> {
//!     let scores = ComponentScores { content: Some(content), ..ComponentScores::default() };
//!     let (popularity, is_untried, is_unchosen) = (0, true, false);
//!     Candidate { key, scores, vector: None, popularity, is_untried, is_unchosen, boost: 1.0 }
//! }
//!
//! let options = RankOptions { limit: 2, ..RankOptions::default() };
//! let ranking = rank(&[candidate(7, 0.2), candidate(8, 0.9), candidate(9, 0.5)], &options);
//! assert_eq!(ranking.iter().map(|ranked| ranked.key).collect::<Vec<_>>(), [8, 9]);
//! ```

mod attributes;
mod candidate;
mod contributions;
mod diversity;
mod exclusion;
mod exploration;
mod facts;
mod filter;
mod hybrid;
mod novelty;
mod postings;
mod ranking;
mod reason;
mod unit_map;

pub use attributes::flatten;
pub use candidate::{Candidate, Ranked};
pub use contributions::Contributions;
pub use diversity::mmr;
pub use docent_linalg::cosine;
pub use exclusion::{Exclusion, Exclusions, is_among, quality_fence};
pub use exploration::Exploration;
pub use facts::{Attribute, AttributeValue, Facts};
pub use filter::{
    Boost, Filter, FilterError, MAX_BOOST_FACTOR, MAX_BOOSTS, MAX_COST, MAX_DEPTH, MAX_EXPRESSION_BYTES,
    MIN_BOOST_FACTOR,
};
pub use hybrid::{AVERAGE_SCORE, HybridScore, HybridWeights, hybrid_score};
pub use novelty::{NOVEL_ABOVE, novelty, with_novelty};
pub use postings::{Library, Postings};
pub use ranking::{RankOptions, best_first, may_be_picked, median_popularity, pick, rank};
pub use reason::Reason;
pub use unit_map::{UnitMap, best_of, to_unit};
