//! Requests for recommendations, the cursors of their pages, and their answers, as values that an
//! application makes and reads.
//!
//! This crate must never compute an answer, perform I/O or read a clock.
//!
//! ```
//! use docent_requests::RecommendRequest;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let request = RecommendRequest::for_history(vec!["book-1".parse()?]).limit(5);
//! assert_eq!(request.user_id, None);
//! # Ok(()) }
//! ```

mod answer;
mod cursor;
mod experiments;
mod request;
mod similar;

pub use answer::{
    Answer, AudienceMember, Degradation, Recommendation, Shortfall, ShortfallReason, SimilarPage,
    SimilarResource,
};
pub use cursor::{Cursor, CursorError, MAX_SHOWN};
pub use docent_ranker::{MAX_BOOSTS, MAX_COST};
pub use experiments::{variant_for, with_variant};
pub use request::{MAX_IDS, MAX_LIMIT, RecommendRequest, Seen, limit_checked};
pub use similar::SimilarRequest;
