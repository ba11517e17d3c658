//! End-to-end tests of the server: the real binary, real HTTP, real signals. Every response is
//! validated against the OpenAPI document.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod access;
mod answers;
mod browsers;
mod changes;
mod client;
mod connections;
mod contract;
mod durability;
mod files;
mod given_lists;
mod harness;
mod histories;
mod hostile;
mod idempotency;
mod keys;
mod lifecycle;
mod limits;
mod logs;
mod merged_users;
mod models;
mod monitoring;
mod openapi;
mod operations;
mod refusals;
mod requests;
mod retention;
mod schema;
mod series;
mod stopping;
mod taking_back;
mod tls;
mod user_tokens;
mod wire;
