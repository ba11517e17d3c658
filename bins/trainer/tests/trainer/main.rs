//! The trainer as a program: importers, strict imports, exit codes, signals.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod citeulike;
mod data;
mod evaluate;
mod evaluate_ordered;
mod factors;
mod formats;
mod import_checks;
mod killed;
mod logs;
mod metrics_file;
mod models;
mod program;
mod recommend;
mod schedule;
mod store;
mod strict;
mod training;
