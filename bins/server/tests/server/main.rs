//! The server as its callers meet it: the real binary, real HTTP, real signals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod answers;
mod contract;
mod durability;
mod harness;
mod idempotency;
mod lifecycle;
mod models;
mod monitoring;
mod operations;
mod refusals;
mod requests;
