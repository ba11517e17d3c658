//! The server as its callers meet it: the real binary, real HTTP, real signals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod answers;
mod contract;
mod deploy;
mod durability;
mod harness;
mod idempotency;
mod lifecycle;
mod logs;
mod models;
mod monitoring;
mod operations;
mod refusals;
mod requests;
mod retention;
mod schema;
mod series;
mod stopping;
