//! Scaling, sums, norms and cosines of dense vectors.

use crate::dot;

/// Adds `factor * source` to `target` over their common length (BLAS `axpy`).
#[inline]
pub fn add_scaled(target: &mut [f32], factor: f32, source: &[f32]) {
    for (target, source) in target.iter_mut().zip(source) {
        *target += factor * source;
    }
}

/// Multiplies every number of `vector` by `factor`.
#[inline]
pub fn scale(vector: &mut [f32], factor: f32) {
    for x in vector {
        *x *= factor;
    }
}

/// Scales `vector` to unit norm and returns true.
///
/// Returns false, and leaves the vector unchanged, when its norm is not finite or is below
/// [`f32::MIN_POSITIVE`]. The squares are added up in 64 bits, where those of any finite `f32`
/// neither overflow nor vanish.
pub fn normalise(vector: &mut [f32]) -> bool {
    let squares: f64 = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let norm = squares.sqrt();
    if !norm.is_finite() || norm < f64::from(f32::MIN_POSITIVE) {
        return false;
    }
    for x in vector {
        *x = (f64::from(*x) / norm) as f32;
    }
    true
}

/// Returns the cosine `a . b / (|a| |b|)` of two vectors.
///
/// Returns 0 when the lengths differ, when a vector has no direction, and when the numbers are too
/// large or not finite.
#[must_use]
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    if a.len() != b.len() {
        return 0.0;
    }
    let norms = (f64::from(dot(a, a)) * f64::from(dot(b, b))).sqrt();
    let cosine = f64::from(dot(a, b)) / norms;
    if cosine.is_finite() { cosine } else { 0.0 }
}
