//! What the end-to-end tests share: a PostgreSQL of their own, and real data where it is there.

pub mod movielens;
#[cfg(unix)]
mod postgres;

#[cfg(unix)]
pub use postgres::Postgres;
