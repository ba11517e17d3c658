//! Guarantees to users of the crate.

mod fixtures;
mod learning;
mod robustness;
mod saving;
mod start;
