//! From scored candidates to an answer: hybrid score, novelty, diversity, exploration, and the filters of what is never recommended.
//!
//! Pure: no clock, no I/O, no model. The caller gathers candidates and their component scores; [`rank`] decides what is
//! shown and in which order. Same input, same output.
//!
//! ```
//! use docent_domain::{ComponentScores, Weights};
//! use docent_ranker::{Candidate, RankOptions, rank};
//! let candidate = |key, content| Candidate {
//!     key,
//!     scores: ComponentScores { content: Some(content), ..ComponentScores::default() },
//!     vector: None,
//!     views: 0,
//!     boost: 1.0,
//! };
//! let options = RankOptions { limit: 2, ..RankOptions::default() };
//! let ranking = rank(&[candidate(7, 0.2), candidate(8, 0.9), candidate(9, 0.5)], &options);
//! assert_eq!(ranking.iter().map(|r| r.key).collect::<Vec<_>>(), [8, 9]);
//! ```

mod contributions;
mod diversity;
mod exclusion;
mod exploration;
mod facts;
mod filter;
mod hybrid;
mod novelty;
mod ranking;
mod reason;

pub use contributions::Contributions;
pub use diversity::{cosine, mmr};
pub use exclusion::{Exclusion, Exclusions, quality_fence};
pub use exploration::Exploration;
pub use facts::{Attribute, AttributeValue, Facts};
pub use filter::{Boost, FACTORS, Filter, FilterError, MAX_BOOSTS, MAX_DEPTH, MAX_EXPRESSION_BYTES};
pub use hybrid::{HybridScore, hybrid_score};
pub use novelty::{NOVEL_ABOVE, novelty, with_novelty};
pub use ranking::{Candidate, RankOptions, Ranked, rank};
pub use reason::Reason;
