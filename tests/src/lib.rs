//! What the end-to-end tests share: a PostgreSQL of their own, and real data where it is there.

mod dump;
pub mod movielens;
#[cfg(unix)]
mod postgres;

pub use dump::dump;
#[cfg(unix)]
pub use postgres::Postgres;
