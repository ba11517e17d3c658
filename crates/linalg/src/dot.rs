//! Dot products of one pair of vectors and of one vector with many.

use pulp::Arch;

/// Number of independent partial sums over long vectors.
///
/// A single running sum is a chain of dependent additions, and the compiler may not reorder it
/// because float addition is not associative. Independent sums fill several vector registers.
const LANES: usize = 32;

/// Number of partial sums over the part of a vector that does not fill [`LANES`].
const SHORT_LANES: usize = 8;

/// Returns the dot product of `a` and `b` over their common length.
///
/// The products are added up in another order than one after another: against a sequential sum the
/// result differs by rounding.
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    dot_in_lanes(a, b)
}

/// Writes `scores[i] = query . rows[i]` for rows `[n, query.len()]`, with the widest vector
/// instructions that the processor has.
///
/// The shorter of `rows` and `scores` decides how many are written. An empty query writes nothing.
pub fn dot_rows(query: &[f32], rows: &[f32], scores: &mut [f32]) {
    if query.is_empty() {
        return;
    }
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (row, score) in rows.chunks_exact(query.len()).zip(scores) {
                *score = dot_in_lanes(query, row);
            }
        },
    );
}

/// Replaces the content of `scores` by the products of a query with each of `rows`, which need not
/// lie beside each other.
pub fn dot_each(query: &[f32], rows: &[&[f32]], scores: &mut Vec<f32>) {
    scores.resize(rows.len(), 0.0);
    // Moved into the closure: of one that borrows, the call is compiled for any processor.
    let scores = scores.as_mut_slice();
    Arch::new().dispatch(
        #[inline(always)]
        move || {
            for (row, score) in rows.iter().zip(scores) {
                *score = dot_in_lanes(query, row);
            }
        },
    );
}

/// Always inlined, so that it is compiled for the instructions of each caller. No caller may use
/// fused multiply-add: it rounds once instead of twice, and bits would depend on the processor.
#[inline(always)]
fn dot_in_lanes(a: &[f32], b: &[f32]) -> f32 {
    let len = a.len().min(b.len());
    let (a_blocks, a_rest) = a[..len].as_chunks::<LANES>();
    let (b_blocks, b_rest) = b[..len].as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let mut short = [0.0f32; SHORT_LANES];
    for lane in 0..SHORT_LANES {
        short[lane] = (sums[lane] + sums[lane + 2 * SHORT_LANES])
            + (sums[lane + SHORT_LANES] + sums[lane + 3 * SHORT_LANES]);
    }
    let (a_blocks, a_rest) = a_rest.as_chunks::<SHORT_LANES>();
    let (b_blocks, b_rest) = b_rest.as_chunks::<SHORT_LANES>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..SHORT_LANES {
            short[lane] += a[lane] * b[lane];
        }
    }
    let mut width = SHORT_LANES / 2;
    while width > 0 {
        for lane in 0..width {
            short[lane] += short[lane + width];
        }
        width /= 2;
    }
    short[0] + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}
