//! Dense vectors.

const LANES: usize = 16;

/// Dot product over the common length. Independent partial sums let the compiler use vector registers, which a single
/// running sum forbids (float addition is not associative).
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// `target += scale * source`.
#[inline]
pub(crate) fn add_scaled(target: &mut [f32], scale: f32, source: &[f32]) {
    for (target, source) in target.iter_mut().zip(source) {
        *target += scale * source;
    }
}

/// Scales `vector` to unit norm in place; false, and the vector left as it is, when its norm is zero or not finite.
pub(crate) fn normalise(vector: &mut [f32]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_and_huge_vectors_are_normalised_and_zero_is_not() {
        for scale in [1e-30, 1.0, 1e30] {
            let mut vector = [3.0 * scale, 4.0 * scale];
            assert!(normalise(&mut vector));
            assert!((vector[0] - 0.6).abs() < 1e-6 && (vector[1] - 0.8).abs() < 1e-6);
        }
        assert!(!normalise(&mut [0.0, 0.0]));
        assert!(!normalise(&mut [f32::NAN, 1.0]));
        assert!(!normalise(&mut []));
    }
}
