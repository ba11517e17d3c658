//! Behaviour that an application which embeds the engine relies on.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, missing_docs, reason = "tests")]

mod cached_users;
mod embedders;
mod experiments;
mod explanations;
#[path = "../../../snapshot/tests/mirror/faulty.rs"]
mod faulty;
mod feedback;
mod impressions;
mod library;
#[path = "../../../snapshot/tests/mirror/memory.rs"]
mod memory;
mod models;
mod monitoring;
mod object_store;
mod prepared_users;
mod requests;
mod serving;
mod settings;
mod untimed;
mod untrained;
mod upkeep;
