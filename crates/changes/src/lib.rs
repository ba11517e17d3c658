//! The log of changes: what transactions changed, written within them, and followed by every other
//! process on the same PostgreSQL database.
//!
//! A process that serves keeps users, sums and the catalogue in memory. [`write()`] adds a row to
//! the log in the transaction that changes them, and a [`Feed`] gives the rows of every committed
//! transaction once, in no order that matters: neither a transaction that commits late nor a lost
//! connection hides one. `NOTIFY` only wakes a feed earlier. On SQLite nothing is written, because
//! one process serves.
//!
//! This crate must never know what is kept in memory. The log names users by hash only.

mod changed;
#[cfg(feature = "postgres")]
mod feed;
#[cfg(not(feature = "postgres"))]
mod no_feed;
mod position;
#[cfg(feature = "postgres")]
mod session;
mod total;
mod user_hash;

pub use changed::{Changed, write};
#[cfg(feature = "postgres")]
pub use feed::Feed;
#[cfg(not(feature = "postgres"))]
pub use no_feed::Feed;
pub use position::Position;
pub use total::ResourceTotal;
pub use user_hash::{hash_of_user, user_reference};

/// News of a [`Feed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// Committed changes since the last call.
    Changes(Changed),
    /// Changes may be missing: everything must be read again, and followed from there with
    /// [`Feed::resume`].
    Lost,
}
