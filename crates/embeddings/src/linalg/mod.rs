//! The little linear algebra that embedding needs: unit vectors, sparse times dense, truncated SVD.

mod simd;
mod sparse;
mod svd;
mod vector;

pub(crate) use simd::{dot_each, dot_some};
pub(crate) use sparse::CsrMatrix;
pub(crate) use svd::{RightSingularVectors, truncated_svd};
pub use vector::dot;
pub(crate) use vector::{add_scaled, normalise};
