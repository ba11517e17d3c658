use thiserror::Error;

/// The reason why an [`InteractionMatrix`] cannot be built.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum MatrixError {
    /// A dense index lies outside the matrix.
    #[error("{what} index: expected a number less than {len}, got {index}")]
    OutOfRange {
        /// The axis: `user` or `item`.
        what: &'static str,
        /// The index that was read.
        index: usize,
        /// Length of the axis.
        len: usize,
    },
    /// A confidence is not a finite number greater than 0.
    #[error("confidence of user {user} and item {item}: expected a finite number greater than 0, got {got}")]
    InvalidConfidence {
        /// Dense user index.
        user: usize,
        /// Dense item index.
        item: usize,
        /// The value that was read.
        got: f32,
    },
}

/// A sparse matrix of confidences in compressed rows (CSR), of shape `[n_users, n_items]` under
/// dense indices. The transposed matrix has the shape `[n_items, n_users]`.
#[derive(Debug, Clone, PartialEq)]
pub struct InteractionMatrix {
    n_cols: usize,
    offsets: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl InteractionMatrix {
    /// Builds the matrix from `(user, item, confidence)` triples in any order. The confidences of
    /// repeated pairs are added.
    ///
    /// # Errors
    /// Returns [`MatrixError::OutOfRange`] for an index outside the shape and
    /// [`MatrixError::InvalidConfidence`] for a confidence that is not a finite number greater than
    /// 0.
    pub fn from_triples(
        n_rows: usize,
        n_cols: usize,
        triples: impl IntoIterator<Item = (u32, u32, f32)>,
    ) -> Result<Self, MatrixError> {
        let mut triples: Vec<(u32, u32, f32)> = triples.into_iter().collect();
        for &(row, col, value) in &triples {
            if row as usize >= n_rows {
                return Err(MatrixError::OutOfRange { what: "user", index: row as usize, len: n_rows });
            }
            if col as usize >= n_cols {
                return Err(MatrixError::OutOfRange { what: "item", index: col as usize, len: n_cols });
            }
            if !(value.is_finite() && value > 0.0) {
                let (user, item) = (row as usize, col as usize);
                return Err(MatrixError::InvalidConfidence { user, item, got: value });
            }
        }
        triples.sort_unstable_by_key(|&(row, col, _)| (row, col));
        triples.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2 += next.2;
            }
            same
        });
        Ok(Self::from_sorted(n_rows, n_cols, &triples))
    }

    fn from_sorted(n_rows: usize, n_cols: usize, triples: &[(u32, u32, f32)]) -> Self {
        Self {
            n_cols,
            offsets: offsets_of(n_rows, triples.iter().map(|triple| triple.0)),
            columns: triples.iter().map(|t| t.1).collect(),
            values: triples.iter().map(|t| t.2).collect(),
        }
    }

    /// Builds the matrix from its rows, each `(column, confidence)` in ascending order of columns
    /// that are less than `n_cols`, with confidences that are finite and greater than 0. They hold
    /// about `n_pairs` pairs.
    #[must_use]
    pub fn of_rows(n_cols: usize, n_pairs: usize, rows: impl IntoIterator<Item = Vec<(u32, f32)>>) -> Self {
        let (mut columns, mut values) = (Vec::with_capacity(n_pairs), Vec::with_capacity(n_pairs));
        let mut offsets = vec![0];
        for row in rows {
            columns.extend(row.iter().map(|pair| pair.0));
            values.extend(row.iter().map(|pair| pair.1));
            offsets.push(columns.len());
        }
        columns.shrink_to_fit();
        values.shrink_to_fit();
        Self { n_cols, offsets, columns, values }
    }

    /// Returns the number of rows (users).
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Returns the number of columns (items).
    #[must_use]
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// Returns the number of stored pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Returns true if no pair is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Returns the columns (ascending) and the confidences of one row, or empty slices for a row
    /// outside the matrix.
    #[must_use]
    pub fn row(&self, row: usize) -> (&[u32], &[f32]) {
        let range = match (self.offsets.get(row), self.offsets.get(row + 1)) {
            (Some(&start), Some(&end)) => start..end,
            _ => 0..0,
        };
        (self.columns.get(range.clone()).unwrap_or(&[]), self.values.get(range).unwrap_or(&[]))
    }

    /// Returns a weight for each row, `[n_rows]`: `n^-exponent` for a row of `n` pairs, scaled to a
    /// mean of 1 over all pairs.
    ///
    /// A positive exponent keeps the few users who like nearly everything from dominating a model.
    /// An exponent of 0 gives every row the same weight.
    #[must_use]
    pub fn activity_shares(&self, exponent: f32) -> Vec<f32> {
        let sizes: Vec<f32> = (0..self.n_rows()).map(|row| self.row(row).0.len() as f32).collect();
        let total: f32 = sizes.iter().filter(|n| **n > 0.0).map(|n| n.powf(1.0 - exponent)).sum();
        let scale = self.len() as f32 / total.max(f32::MIN_POSITIVE);
        sizes.into_iter().map(|n| if n > 0.0 { scale * n.powf(-exponent) } else { 1.0 }).collect()
    }

    /// Multiplies each row by its scale. `scales` is `[n_rows]`, finite and greater than 0.
    #[must_use]
    pub fn scaled(&self, scales: &[f32]) -> Self {
        let mut scaled = self.clone();
        for (bounds, scale) in self.offsets.windows(2).zip(scales) {
            if let [start, end] = *bounds
                && let Some(row) = scaled.values.get_mut(start..end)
            {
                row.iter_mut().for_each(|value| *value *= scale);
            }
        }
        scaled
    }

    /// Returns the transposed matrix, `[n_cols, n_rows]`.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let offsets = offsets_of(self.n_cols, self.columns.iter().copied());
        let mut next = offsets.clone();
        let (mut columns, mut values) = (vec![0; self.len()], vec![0.0; self.len()]);
        for row in 0..self.n_rows() {
            let (of_row, confidences) = self.row(row);
            for (&column, &confidence) in of_row.iter().zip(confidences) {
                let Some(at) = next.get_mut(column as usize) else { continue };
                if let Some(cell) = columns.get_mut(*at).zip(values.get_mut(*at)) {
                    (*cell.0, *cell.1) = (row as u32, confidence);
                }
                *at += 1;
            }
        }
        Self { n_cols: self.n_rows(), offsets, columns, values }
    }
}

/// Returns the offsets at which rows begin, `[n_rows + 1]`, by the row of each entry.
fn offsets_of(n_rows: usize, rows: impl Iterator<Item = u32>) -> Vec<usize> {
    let mut offsets = vec![0; n_rows + 1];
    for row in rows {
        if let Some(next) = offsets.get_mut(row as usize + 1) {
            *next += 1;
        }
    }
    sum_up(&mut offsets);
    offsets
}

/// Turns the sizes of rows, each in the place after its own, into the offsets at which they begin;
/// returns their sum.
pub(crate) fn sum_up(sizes: &mut [usize]) -> usize {
    let mut total = 0;
    for size in sizes {
        total += *size;
        *size = total;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_pairs_given_twice_are_summed() {
        let rows =
            InteractionMatrix::from_triples(2, 3, [(1, 2, 1.0), (0, 1, 2.0), (1, 0, 1.0), (1, 2, 0.5)])
                .unwrap();
        assert_eq!(rows.row(0), ([1].as_slice(), [2.0].as_slice()));
        assert_eq!(rows.row(1), ([0, 2].as_slice(), [1.0, 1.5].as_slice()));
        assert_eq!(rows.row(7), ([].as_slice(), [].as_slice()));
        let by_item = rows.transposed();
        assert_eq!((by_item.n_rows(), by_item.n_cols()), (3, 2));
        assert_eq!(by_item.row(2), ([1].as_slice(), [1.5].as_slice()));
        assert_eq!(by_item.transposed(), rows);
    }

    #[test]
    fn a_row_with_more_pairs_weighs_less_by_the_exponent() {
        let pairs = [(0, 0, 1.0), (1, 0, 1.0), (1, 1, 1.0), (1, 2, 1.0), (1, 3, 2.0)];
        let rows = InteractionMatrix::from_triples(3, 4, pairs).unwrap();
        assert_eq!(rows.activity_shares(0.0), [1.0, 1.0, 1.0]);
        // 1^-.5 and 4^-.5, scaled so that one pair of the first and four of the second sum to five.
        let shares = rows.activity_shares(0.5);
        assert_eq!(shares, [5.0 / 3.0, 5.0 / 6.0, 1.0]);
        assert_eq!(rows.scaled(&shares).row(1).1, [5.0 / 6.0, 5.0 / 6.0, 5.0 / 6.0, 10.0 / 6.0]);
    }

    #[test]
    fn indices_outside_the_shape_and_bad_confidences_are_refused() {
        for (triple, expected) in [
            ((2, 0, 1.0), MatrixError::OutOfRange { what: "user", index: 2, len: 2 }),
            ((0, 3, 1.0), MatrixError::OutOfRange { what: "item", index: 3, len: 3 }),
            ((0, 0, 0.0), MatrixError::InvalidConfidence { user: 0, item: 0, got: 0.0 }),
        ] {
            assert_eq!(InteractionMatrix::from_triples(2, 3, [triple]), Err(expected));
        }
    }
}
