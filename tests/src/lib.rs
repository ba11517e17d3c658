//! Support of the end-to-end tests: a PostgreSQL for each test, and real data where it is
//! installed.

mod dump;
pub mod movielens;
pub mod system;

#[cfg(unix)]
pub use docent_test_support::Postgres;
pub use dump::dump;
