//! Rows of vectors in eight bits.

use pulp::Arch;

/// Largest magnitude of a code.
const MAX_CODE: f32 = 127.0;

/// Largest magnitude of a code of a query: the products of two codes with it fit into 32 bits.
const MAX_QUERY_CODE: f32 = 32_767.0;

/// Codes that are multiplied together, so that sums of their products fit into 32 bits.
const BLOCK: usize = 256;

/// Vectors `[n, dim]` as one byte a number, with one scale a vector: a quarter of the memory, and
/// of the time that a scan of all of them takes.
///
/// The error of a number is at most the largest magnitude of its vector over 254.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QuantisedRows {
    dim: usize,
    /// `[n, dim]`
    codes: Vec<i8>,
    /// `[n]`
    scales: Vec<f32>,
}

impl QuantisedRows {
    /// Rounds vectors `[n, dim]`.
    #[must_use]
    pub fn of(rows: &[f32], dim: usize) -> Self {
        let n = rows.len().checked_div(dim).unwrap_or_default();
        let (mut codes, mut scales) = (Vec::with_capacity(n * dim), Vec::with_capacity(n));
        for row in rows.chunks_exact(dim.max(1)).take(n) {
            let (scale, to_code) = steps(row, MAX_CODE);
            scales.push(scale);
            codes.extend(row.iter().map(|x| (x * to_code).round() as i8));
        }
        Self { dim, codes, scales }
    }

    /// Replaces the content of `scores` by the products `[n]` of a `query` `[dim]` with all.
    /// All are 0 for a query of another length.
    pub fn dot_all(&self, query: &[f32], scores: &mut Vec<f32>) {
        scores.clear();
        scores.resize(self.scales.len(), 0.0);
        if query.len() != self.dim || query.is_empty() {
            return;
        }
        let (query_scale, to_code) = steps(query, MAX_QUERY_CODE);
        let query: Vec<i16> = query.iter().map(|x| (x * to_code).round() as i16).collect();
        Arch::new().dispatch(
            #[inline(always)]
            || {
                let rows = self.codes.chunks_exact(self.dim).zip(&self.scales);
                for ((codes, scale), score) in rows.zip(scores.iter_mut()) {
                    *score = product(&query, codes) * scale * query_scale;
                }
            },
        );
    }
}

/// Returns the size of a step of the codes of a vector, and its inverse.
fn steps(vector: &[f32], max_code: f32) -> (f32, f32) {
    let largest = vector.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    if largest > 0.0 { (largest / max_code, max_code / largest) } else { (0.0, 0.0) }
}

/// Always inlined, so that it is compiled for the instructions of the caller.
#[inline(always)]
fn product(query: &[i16], codes: &[i8]) -> f32 {
    let mut sum = 0.0;
    for (query, codes) in query.chunks(BLOCK).zip(codes.chunks(BLOCK)) {
        let of_block: i32 = query.iter().zip(codes).map(|(q, code)| i32::from(*q) * i32::from(*code)).sum();
        sum += of_block as f32;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dot;

    #[test]
    fn products_differ_from_exact_ones_by_the_steps_of_the_codes() {
        for dim in [1, 7, 64, 192, 300] {
            let number = |at: usize| ((at * 7919) % 2003) as f32 / 1000.0 - 1.0;
            let rows: Vec<f32> = (0..50 * dim).map(number).collect();
            let query: Vec<f32> = (0..dim).map(|at| number(at * 31 + 5)).collect();
            let mut scores = vec![9.0];
            QuantisedRows::of(&rows, dim).dot_all(&query, &mut scores);
            assert_eq!(scores.len(), 50);
            for (row, score) in rows.chunks_exact(dim).zip(&scores) {
                let largest = row.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
                let sum: f32 = query.iter().map(|x| x.abs()).sum();
                let bound = largest / 250.0 * sum + 1e-3;
                assert!((dot(&query, row) - score).abs() < bound, "{dim}: {} {score}", dot(&query, row));
            }
        }
    }

    #[test]
    fn the_largest_codes_do_not_overflow() {
        let rows = [vec![1.0; 4096], vec![-1.0; 4096]].concat();
        let mut scores = Vec::new();
        QuantisedRows::of(&rows, 4096).dot_all(&[1.0; 4096], &mut scores);
        assert!(scores.iter().zip([4096.0, -4096.0]).all(|(a, b)| (a - b).abs() < 1.0), "{scores:?}");
    }

    #[test]
    fn zeros_and_queries_of_another_length_score_0() {
        let mut scores = Vec::new();
        let rows = QuantisedRows::of(&[0.0, 0.0, 1.0, 2.0], 2);
        rows.dot_all(&[0.0, 0.0], &mut scores);
        assert_eq!(scores, [0.0, 0.0]);
        rows.dot_all(&[1.0, 1.0], &mut scores);
        assert_eq!(scores[0], 0.0);
        rows.dot_all(&[1.0], &mut scores);
        assert_eq!(scores, [0.0, 0.0]);
    }
}
