//! Linear algebra kernels that several crates share: dot products, vector scaling, selection of
//! the best `k`, and the Cholesky factorisation.
//!
//! Every function is pure and runs on the calling thread. This crate must never do I/O, start
//! threads, or know what a row represents: it sees slices of numbers only. Matrices are row-major,
//! and their shapes are written as `[n_rows, dim]`.
//!
//! [`dot`], [`dot_rows`] and [`dot_each`] add up the products of a pair of vectors in one
//! fixed order, so a pair has the same dot product, bit for bit, by each of them and on every
//! processor.
//!
//! ```
//! use docent_linalg::{CholeskySolver, dot_rows, top_k};
//!
//! let rows = [1.0, 0.0, 0.6, 0.8, 0.0, 1.0];
//! let mut scores = [0.0; 3];
//! dot_rows(&[0.0, 1.0], &rows, &mut scores);
//! assert_eq!(top_k((0u32..).zip(scores), 2), [(2, 1.0), (1, 0.8)]);
//!
//! // Solves [[4, 2], [2, 3]] x = [8, 8].
//! let (mut system, mut side) = ([4.0, 2.0, 2.0, 3.0], [8.0, 8.0]);
//! let mut solver = CholeskySolver::new(2);
//! if let Some(factor) = solver.factor(&mut system) {
//!     factor.solve(&mut side);
//! }
//! assert!((side[0] - 1.0).abs() < 1e-6 && (side[1] - 2.0).abs() < 1e-6);
//! ```
#![forbid(unsafe_code)]

mod cholesky;
mod dot;
mod max_product;
mod select;
mod sparse_rows;
mod vector;

pub use cholesky::{CholeskyFactor, CholeskySolver};
pub use dot::{dot, dot_each, dot_rows};
pub use max_product::MaxProductIndex;
pub use select::{TopK, best_first, keep_best, ranks_by_sum, select_best, top_k, top_k_where};
pub use sparse_rows::{InvalidRows, SparseRows, SparseScores, largest};
pub use vector::{add_scaled, cosine, normalise, scale};
