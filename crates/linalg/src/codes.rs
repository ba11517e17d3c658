//! Rows as codes of one byte a number, and their products with a query.

use pulp::Arch;

use crate::dot;

/// Largest magnitude of a code of a row.
const MAX_CODE: f32 = 127.0;

/// Largest magnitude of a code of a query: the products of two codes with it fit into 32 bits.
const MAX_QUERY_CODE: f32 = 32_767.0;

/// Codes that are multiplied together, so that sums of their products fit into 32 bits.
const CODES: usize = 256;

/// Part of a bound that is added for the rounding of the sums themselves.
const ROUNDING: f32 = 1e-5;

/// Rows `[n, dim]` as codes of one byte a number: `x = step * code + residual`, with a step of its
/// own for each row.
///
/// Takes `dim + 12` bytes a row, a quarter of the row, and is read as much faster.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CodedRows {
    dim: usize,
    /// Codes, `[n, dim]`.
    codes: Vec<i8>,
    /// Step of each row, `[n]`.
    steps: Vec<f32>,
    /// Norm of each row, `[n]`.
    norms: Vec<f32>,
    /// Norm of the residual of each row, `[n]`.
    residuals: Vec<f32>,
}

impl CodedRows {
    /// Makes an empty matrix of rows of length `dim`.
    #[must_use]
    pub fn new(dim: usize) -> Self {
        Self { dim, ..Self::default() }
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Returns true if there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns the norms of the rows, `[n]`.
    #[must_use]
    pub fn norms(&self) -> &[f32] {
        &self.norms
    }

    /// Adds a row `[dim]` behind the last one. Numbers beyond `dim` are left out, and missing ones
    /// are 0.
    pub fn push(&mut self, row: &[f32]) {
        let at = self.len();
        self.codes.resize((at + 1) * self.dim, 0);
        self.steps.push(0.0);
        self.norms.push(0.0);
        self.residuals.push(0.0);
        self.set(at, row);
    }

    /// Replaces a row by another one, `[dim]`; does nothing beyond the last row.
    pub fn set(&mut self, at: usize, row: &[f32]) {
        let Some(codes) = self.codes.get_mut(at * self.dim..(at + 1) * self.dim) else { return };
        let (step, to_code) = steps(row, MAX_CODE);
        codes.fill(0);
        let mut residual = 0.0f32;
        for (code, x) in codes.iter_mut().zip(row) {
            *code = (x * to_code).round() as i8;
            residual += (x - step * f32::from(*code)).powi(2);
        }
        if let Some(slot) = self.steps.get_mut(at) {
            *slot = step;
        }
        if let Some(slot) = self.norms.get_mut(at) {
            *slot = dot(row, row).sqrt();
        }
        if let Some(slot) = self.residuals.get_mut(at) {
            *slot = residual.sqrt();
        }
    }
}

/// A query as codes of two bytes a number.
#[derive(Debug, Clone)]
pub struct CodedQuery {
    codes: Vec<i16>,
    step: f32,
    norm: f32,
    /// Norm of what the codes leave out.
    residual: f32,
}

impl CodedQuery {
    /// Makes the codes of a query `[dim]`.
    #[must_use]
    pub fn of(query: &[f32]) -> Self {
        let (step, to_code) = steps(query, MAX_QUERY_CODE);
        let codes: Vec<i16> = query.iter().map(|x| (x * to_code).round() as i16).collect();
        let residual = query.iter().zip(&codes).map(|(x, code)| (x - step * f32::from(*code)).powi(2));
        Self { residual: residual.sum::<f32>().sqrt(), codes, step, norm: dot(query, query).sqrt() }
    }

    /// Returns the norm of the query.
    #[must_use]
    pub fn norm(&self) -> f32 {
        self.norm
    }

    /// Replaces the content of `products` by the rounded products of the query with the rows from
    /// `start`, at most `count`. Rows of another length than the query have none.
    pub fn products(&self, rows: &CodedRows, start: usize, count: usize, products: &mut Vec<f32>) {
        products.clear();
        let dim = rows.dim;
        let end = start.saturating_add(count).min(rows.len());
        if dim == 0 || dim != self.codes.len() || start >= end {
            return;
        }
        let codes = rows.codes.get(start * dim..end * dim).unwrap_or(&[]);
        let steps = rows.steps.get(start..end).unwrap_or(&[]);
        products.resize(steps.len(), 0.0);
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (row, product) in codes.chunks_exact(dim).zip(products.iter_mut()) {
                    *product = product_of(&self.codes, row);
                }
            },
        );
        for (product, step) in products.iter_mut().zip(steps) {
            *product *= step * self.step;
        }
    }

    /// Returns a number that the rounded product with a row differs by at most from
    /// [`dot`]; infinity beyond the last row.
    ///
    /// With `q = q' + dq` and `x = x' + dx`, where `q'` and `x'` are those of the codes, the
    /// difference is `q' . dx + dq . x`, at most `|q'| |dx| + |dq| |x|` by Cauchy and Schwarz.
    #[inline]
    #[must_use]
    pub fn error(&self, rows: &CodedRows, at: usize) -> f32 {
        match (rows.residuals.get(at), rows.norms.get(at)) {
            (Some(residual), Some(norm)) => {
                (self.norm + self.residual) * residual + (self.residual + ROUNDING * self.norm) * norm
            }
            _ => f32::INFINITY,
        }
    }
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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_rounded_product_is_within_its_error(
            rows in prop::collection::vec(prop::collection::vec(-2.0f32..2.0, 300), 1..6),
            query in prop::collection::vec(-3.0f32..3.0, 300),
        ) {
            let mut coded = CodedRows::new(300);
            rows.iter().for_each(|row| coded.push(row));
            coded.set(0, rows.last().map_or(&[], Vec::as_slice));
            let (coded_query, mut products) = (CodedQuery::of(&query), Vec::new());
            coded_query.products(&coded, 0, 10, &mut products);
            prop_assert_eq!(products.len(), rows.len());
            let held = rows.last().into_iter().chain(rows.iter().skip(1));
            for ((at, row), product) in held.enumerate().zip(products) {
                let (exact, error) = (dot(&query, row), coded_query.error(&coded, at));
                prop_assert!((exact - product).abs() <= error, "{exact} {product} {error}");
                prop_assert!(error < 0.02 * dot(&query, &query).sqrt() * dot(row, row).sqrt());
            }
        }
    }

    #[test]
    fn rows_of_zeros_have_products_of_0_and_a_query_of_another_length_has_none() {
        let mut rows = CodedRows::new(3);
        rows.push(&[0.0; 3]);
        let mut products = vec![7.0];
        CodedQuery::of(&[1.0, 2.0, 3.0]).products(&rows, 0, 9, &mut products);
        assert_eq!((products.as_slice(), rows.len(), rows.norms()), ([0.0].as_slice(), 1, [0.0].as_slice()));
        CodedQuery::of(&[1.0]).products(&rows, 0, 9, &mut products);
        assert_eq!(products, []);
        CodedQuery::of(&[1.0, 2.0, 3.0]).products(&rows, 1, 9, &mut products);
        assert_eq!(products, []);
    }
}
