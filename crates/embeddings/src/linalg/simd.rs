//! Many dot products at once, by the widest vector instructions that the machine has.

use pulp::Arch;

const LANES: usize = 32;

/// `scores[i] = query . vectors[i]` for vectors of the query's length that lie one behind the other. As many are scored as
/// both hold.
pub(crate) fn dot_each(query: &[f32], vectors: &[f32], scores: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (vector, score) in vectors.chunks_exact(query.len().max(1)).zip(scores) {
                *score = lanes_dot(query, vector);
            }
        },
    );
}

/// `scores[i] = query . vectors[ids[i]]` for vectors of the query's length; `scores` takes the length of `ids`.
pub(crate) fn dot_some(query: &[f32], vectors: &[f32], ids: &[u32], scores: &mut Vec<f32>) {
    scores.resize(ids.len(), 0.0);
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (&id, score) in ids.iter().zip(scores.iter_mut()) {
                let start = id as usize * query.len();
                *score = lanes_dot(query, &vectors[start..start + query.len()]);
            }
        },
    );
}

/// Compiled anew for each set of instructions. Independent partial sums let the compiler use vector registers, which a
/// single running sum forbids (float addition is not associative). A vector scores the same bit for bit by either function.
#[inline(always)]
fn lanes_dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0] + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_and_some_score_alike_at_any_length() {
        for len in [1usize, 2, 31, 32, 33, 128, 131] {
            let query: Vec<f32> = (0..len).map(|i| 1.0 - i as f32 * 0.25).collect();
            let vectors: Vec<f32> = (0..3 * len).map(|i| (i % 7) as f32 * 0.5).collect();
            let expected: Vec<f32> = vectors
                .chunks_exact(len)
                .map(|vector| vector.iter().zip(&query).map(|(a, b)| a * b).sum())
                .collect();
            let mut each = [0.0; 3];
            dot_each(&query, &vectors, &mut each);
            let near = |found: f32, expected: f32| (found - expected).abs() <= expected.abs() * 1e-5 + 1e-5;
            assert!(each.iter().zip(&expected).all(|(a, b)| near(*a, *b)), "{len}: {each:?} {expected:?}");
            let mut some = Vec::new();
            dot_some(&query, &vectors, &[2, 0], &mut some);
            assert_eq!(some, [each[2], each[0]]);
        }
    }
}
