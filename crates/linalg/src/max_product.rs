//! Rows of largest product with a query.

use std::ops::Range;

use pulp::Arch;

use crate::{TopK, dot, dot_each, top_k};

/// Largest magnitude of a code of a row.
const MAX_CODE: f32 = 127.0;

/// Largest magnitude of a code of a query: the products of two codes with it fit into 32 bits.
const MAX_QUERY_CODE: f32 = 32_767.0;

/// Codes that are multiplied together, so that sums of their products fit into 32 bits.
const CODES: usize = 256;

/// Share of the squares of all rows that the head holds: the dimensions that are read of every row.
const SHARE_OF_HEAD: f64 = 0.9;
/// Number that the dimensions of the head are a multiple of.
const HEAD_STEP: usize = 32;

/// Rows that are scored at a time.
const BLOCK: usize = 256;

/// One in this many rows is found beyond those that are asked for, and this many, before exact
/// products choose among them: codes are rounded.
const SPARE: usize = 4;

/// Finds the rows of a matrix `[n, dim]` of largest product with a query, by codes of one byte a
/// number.
///
/// Reads the codes one row after another, in descending order of norm, and ends where the product
/// of both norms is too small (Teflioudi and Gemulla 2016, "Exact and approximate maximum inner
/// product search with LEMP"). If few dimensions hold most of the rows, it reads these of each row,
/// and the others only if the product of what is left of both may bring the row into the answer (Li
/// et al. 2017, "FEXIPRO"). Misses nothing but by rounding.
///
/// Takes `dim + 16` bytes a row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MaxProductIndex {
    /// Dimensions of the rows, those with the largest squares first, `[dim]`.
    dimensions: Vec<u32>,
    /// Row at each place, `[n]`.
    order: Vec<u32>,
    /// Norms of the rows by place, descending, `[n]`.
    norms: Vec<f32>,
    /// Norms of what is left of the rows after the first dimensions, by place, `[n]`.
    tail_norms: Vec<f32>,
    /// Size of a step of the codes, by place, `[n]`.
    steps: Vec<f32>,
    /// Number of dimensions that are read of each row.
    head: usize,
    /// Codes of these by place, `[n, head]`.
    heads: Vec<i8>,
    /// Codes of the others by place, `[n, dim - head]`.
    tails: Vec<i8>,
}

impl MaxProductIndex {
    /// Makes the index of rows `[n, dim]`.
    #[must_use]
    pub fn of(rows: &[f32], dim: usize) -> Self {
        let n = rows.len().checked_div(dim).unwrap_or_default();
        let norms = rows.chunks_exact(dim.max(1)).take(n).map(norm);
        let mut order: Vec<(f32, u32)> = norms.zip(0u32..).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let (dimensions, head) = longest_first(rows, dim);
        let mut index = Self {
            dimensions,
            head,
            heads: Vec::with_capacity(n * head),
            tails: Vec::with_capacity(n * (dim - head)),
            ..Self::default()
        };
        for (norm_of_row, row) in order {
            let start = row as usize * dim;
            let Some(numbers) = rows.get(start..start + dim) else { continue };
            let numbers = index.in_order(numbers);
            let (step, to_code) = steps(&numbers, MAX_CODE);
            let mut codes = numbers.iter().map(|x| (x * to_code).round() as i8);
            index.heads.extend(codes.by_ref().take(head));
            index.tails.extend(codes);
            index.steps.push(step);
            index.norms.push(norm_of_row);
            index.tail_norms.push(norm(numbers.get(head..).unwrap_or_default()));
            index.order.push(row);
        }
        index
    }

    /// Returns the numbers of a vector, `[dim]`, in the order of the dimensions.
    fn in_order(&self, vector: &[f32]) -> Vec<f32> {
        self.dimensions.iter().filter_map(|at| vector.get(*at as usize).copied()).collect()
    }

    /// Returns the `k` rows of largest product with a `query` `[dim]` among those that `accept`
    /// returns true for, with their products, best first, ties by row. `rows` are those of
    /// [`MaxProductIndex::of`]. Empty for a query of another length.
    ///
    /// `accept` is called only for rows that may enter the answer.
    #[must_use]
    pub fn best(
        &self,
        query: &[f32],
        rows: &[f32],
        k: usize,
        accept: &dyn Fn(u32) -> bool,
    ) -> Vec<(u32, f32)> {
        let near = self.near(query, k + k / SPARE + SPARE, accept);
        let dim = query.len();
        let starts = near.iter().map(|(row, _)| *row as usize * dim);
        let found: Vec<&[f32]> = starts.map(|start| rows.get(start..start + dim).unwrap_or(&[])).collect();
        let mut exact = Vec::new();
        dot_each(query, &found, &mut exact);
        top_k(near.iter().map(|(index, _)| *index).zip(exact), k)
    }

    /// Returns what [`MaxProductIndex::best`] does, by the codes alone: some of the last places may
    /// be taken by the next best rows, and products are rounded.
    #[must_use]
    pub fn near(&self, query: &[f32], k: usize, accept: &dyn Fn(u32) -> bool) -> Vec<(u32, f32)> {
        let mut best = TopK::new(k);
        let dim = self.dimensions.len();
        if query.len() != dim || dim == 0 || k == 0 {
            return Vec::new();
        }
        let query = self.in_order(query);
        let (step, to_code) = steps(&query, MAX_QUERY_CODE);
        let codes: Vec<i16> = query.iter().map(|x| (x * to_code).round() as i16).collect();
        let (head, tail) = codes.split_at(self.head.min(dim));
        let (norm_of_query, norm_of_tail) = (norm(&query), norm(query.get(head.len()..).unwrap_or_default()));
        let (mut products, mut left) = ([0.0f32; BLOCK], Vec::with_capacity(BLOCK));
        for start in (0..self.order.len()).step_by(BLOCK) {
            let block = start..self.order.len().min(start + BLOCK);
            let threshold = best.threshold();
            let largest = self.norms.get(start).copied().unwrap_or_default();
            if largest * norm_of_query < threshold {
                break;
            }
            products_of(head, &self.heads, block.clone(), &mut products);
            left.clear();
            for (place, product) in block.clone().zip(products) {
                let Some((row_step, norm_of_row)) = self.steps.get(place).zip(self.tail_norms.get(place))
                else {
                    continue;
                };
                let most = product * row_step * step + norm_of_row * norm_of_tail;
                // The threshold is not a number as long as every score may enter.
                if most >= threshold || threshold.is_nan() {
                    left.push((place, product));
                }
            }
            add_products(tail, &self.tails, &mut left);
            for &(place, product) in &left {
                let Some((row, row_step)) = self.order.get(place).zip(self.steps.get(place)) else {
                    continue;
                };
                let score = product * row_step * step;
                let may_enter = score >= best.threshold() || best.threshold().is_nan();
                if may_enter && accept(*row) {
                    best.push(*row, score);
                }
            }
        }
        best.into_sorted()
    }
}

/// Returns the dimensions of rows `[n, dim]` in descending order of their sums of squares, and the
/// length of the head: all of them unless less than half will do.
fn longest_first(rows: &[f32], dim: usize) -> (Vec<u32>, usize) {
    let mut squares = vec![0.0f64; dim];
    for row in rows.chunks_exact(dim.max(1)) {
        for (sum, x) in squares.iter_mut().zip(row) {
            *sum += f64::from(x * x);
        }
    }
    let mut dimensions: Vec<(f64, u32)> = squares.into_iter().zip(0u32..).collect();
    dimensions.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let enough = SHARE_OF_HEAD * dimensions.iter().map(|(squares, _)| squares).sum::<f64>();
    let mut sum = 0.0;
    let before = dimensions.iter().take_while(|(squares, _)| {
        sum += squares;
        sum < enough
    });
    let head = (before.count() + 1).next_multiple_of(HEAD_STEP);
    let head = if head * 2 <= dim { head } else { dim };
    (dimensions.into_iter().map(|(_, dimension)| dimension).collect(), head)
}

/// Writes the products of a query with the codes of a range of rows, `[n, query.len()]`.
fn products_of(query: &[i16], codes: &[i8], rows: Range<usize>, products: &mut [f32]) {
    let width = query.len();
    let codes = codes.get(rows.start * width..rows.end * width).unwrap_or_default();
    Arch::new().dispatch(
        #[inline(always)]
        move || {
            for (row, product) in codes.chunks_exact(width).zip(products) {
                *product = product_of(query, row);
            }
        },
    );
}

/// Adds the products of a query with the codes `[n, query.len()]` of some rows, `(row, product)`.
fn add_products(query: &[i16], codes: &[i8], rows: &mut [(usize, f32)]) {
    let width = query.len();
    if query.is_empty() {
        return;
    }
    Arch::new().dispatch(
        #[inline(always)]
        move || {
            for (row, product) in rows {
                *product +=
                    product_of(query, codes.get(*row * width..(*row + 1) * width).unwrap_or_default());
            }
        },
    );
}

fn norm(vector: &[f32]) -> f32 {
    dot(vector, vector).sqrt()
}

/// Returns the size of a step of the codes of a vector, and its inverse.
fn steps(vector: &[f32], max_code: f32) -> (f32, f32) {
    let largest = vector.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    if largest > 0.0 { (largest / max_code, max_code / largest) } else { (0.0, 0.0) }
}

/// Always inlined, so that it is compiled for the instructions of the caller. The sum of a block
/// fits into 32 bits, and checks of that would keep the compiler from adding many at a time.
#[inline(always)]
fn product_of(query: &[i16], codes: &[i8]) -> f32 {
    let mut sum = 0.0;
    for (query, codes) in query.chunks(CODES).zip(codes.chunks(CODES)) {
        let products = query.iter().zip(codes).map(|(q, code)| i32::from(*q).wrapping_mul(i32::from(*code)));
        sum += products.fold(0i32, i32::wrapping_add) as f32;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top_k_where;

    /// Rows whose numbers fall off, some of them large, and with repeats.
    fn rows(n: usize, dim: usize) -> Vec<f32> {
        let number = |at: usize| ((at * 7919 + at / dim * 13) % 2003) as f32 / 1000.0 - 1.0;
        let size = |row: usize| if row.is_multiple_of(7) { 4.0 } else { 1.0 / (1 + row % 5) as f32 };
        (0..n * dim).map(|at| number(at) * size(at / dim) / (1 + at % dim) as f32).collect()
    }

    #[test]
    fn the_best_are_those_of_an_exact_search() {
        for (n, dim, k) in [(500, 7, 20), (500, 64, 20), (500, 192, 50), (300, 300, 10), (5, 70, 10)] {
            let rows = rows(n, dim);
            let index = MaxProductIndex::of(&rows, dim);
            for (seed, query) in rows.chunks_exact(dim).enumerate().step_by(37) {
                let accept = |row: u32| !(row as usize + seed).is_multiple_of(3);
                let exact = (0u32..).zip(rows.chunks_exact(dim).map(|row| dot(query, row)));
                let expected = top_k_where(exact, k, accept);
                assert_eq!(index.best(query, &rows, k, &accept), expected, "{n} {dim} {seed}");
            }
        }
    }

    #[test]
    fn the_filter_is_asked_only_for_rows_that_may_enter() {
        let rows = rows(5_000, 96);
        let asked = std::cell::Cell::new(0);
        let index = MaxProductIndex::of(&rows, 96);
        let query = rows.get(..96).unwrap_or_default();
        let found = index.best(query, &rows, 10, &|_| {
            asked.set(asked.get() + 1);
            true
        });
        assert!(found.len() == 10 && asked.get() < 500, "{}", asked.get());
    }

    #[test]
    fn codes_of_the_largest_magnitude_do_not_overflow_and_zeros_score_0() {
        let large = [vec![1.0; 4096], vec![-1.0; 4096], vec![0.0; 4096]].concat();
        let found = MaxProductIndex::of(&large, 4096).best(&[1.0; 4096], &large, 3, &|_| true);
        assert_eq!(found, [(0, 4096.0), (2, 0.0), (1, -4096.0)]);
        assert_eq!(MaxProductIndex::of(&[], 3).best(&[1.0; 3], &[], 3, &|_| true), []);
        assert_eq!(MaxProductIndex::of(&large, 4096).best(&[1.0], &large, 3, &|_| true), []);
    }
}
