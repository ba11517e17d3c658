//! What users of the crate may rely on.

mod fixtures;
mod learning;
mod robustness;
mod saving;
mod start;
