//! Bodies of the fuzz targets: what Docent does with bytes that it has no reason to trust.
//!
//! Each target takes any bytes. It must return, in bounded time and memory; it panics if a rule is
//! broken. `fuzz/` gives them to libFuzzer, and a test gives them the committed corpus. This crate
//! must never generate inputs.
//!
//! ```
//! for (name, target) in docent_fuzzing::TARGETS {
//!     println!("{name}");
//!     target(b"no input that anyone expects");
//! }
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken rule is a panic")]
#![allow(clippy::print_stdout, reason = "the example prints")]

#[cfg(feature = "bodies")]
mod bodies;
mod expressions;
mod imports;
mod protocols;
mod scratch;
mod snapshots;
/// Types of HTTP bodies. They belong to the server, which is a program and no library.
#[cfg(feature = "bodies")]
#[path = "../../../bins/server/src/wire/mod.rs"]
#[allow(dead_code, unused_imports, missing_docs, reason = "the server uses the rest")]
mod wire;

/// Function of a target, which takes any bytes.
pub type Target = fn(&[u8]);

/// The targets by name, which is that of their folder in `fuzz/corpus`.
pub const TARGETS: &[(&str, Target)] = &[
    ("manifest", snapshots::manifest),
    ("tensors", snapshots::tensors),
    ("filter", expressions::filter),
    ("cursor", expressions::cursor),
    ("import", imports::import),
    ("protocols", protocols::protocols),
    #[cfg(feature = "bodies")]
    ("bodies", bodies::bodies),
];

/// Returns the target with a name.
///
/// # Panics
/// Panics if no target has the name.
#[must_use]
pub fn target(name: &str) -> Target {
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("{name}: expected the name of a target")).1
}
