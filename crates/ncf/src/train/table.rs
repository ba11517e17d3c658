//! Embedding tables in training, with sparse updates.
//!
//! A dense optimiser would read and write every row of the tables and of both moments in each step.
//! A batch touches a few hundred of perhaps a million rows, so gradients and updates are limited to
//! those rows.

use std::borrow::Cow;

use super::adam;
use super::journal::RowJournal;
use crate::weights::Table;

impl Table {
    /// Returns a table of zeros. The operating system provides zero pages on first use, so rows
    /// that are never touched take no memory.
    pub fn zeros(n_rows: usize, width: usize) -> Self {
        Self { width, values: vec![0.0; n_rows * width] }
    }

    pub fn row_mut(&mut self, row: u32) -> &mut [f32] {
        let start = row as usize * self.width;
        &mut self.values[start..start + self.width]
    }

    /// Copies the rows into one array, `[rows.len(), width]`.
    pub fn gather(&self, rows: &[u32]) -> Vec<f32> {
        let mut gathered = Vec::with_capacity(rows.len() * self.width);
        rows.iter().for_each(|&row| gathered.extend_from_slice(self.row(row)));
        gathered
    }
}

/// A table with an Adam state for each row.
///
/// This is lazy Adam: a row without a gradient keeps its value and its moments. The bias correction
/// counts the updates **of the row**, so that the first update of a rare row is as large as that of
/// a frequent one.
pub(crate) struct TrainedTable<'a> {
    pub table: Table,
    /// `[n_rows, width]`, the values that weight decay pulls back to
    start: Cow<'a, [f32]>,
    first_moment: Table,
    second_moment: Table,
    /// Updates of each row
    steps: Vec<u32>,
    journal: RowJournal,
}

impl<'a> TrainedTable<'a> {
    /// Creates a table with the values `start` `[n_rows, width]`.
    pub fn new(width: usize, start: Cow<'a, [f32]>) -> Self {
        let n_rows = start.len() / width.max(1);
        Self {
            table: Table { width, values: start.to_vec() },
            start,
            first_moment: Table::zeros(n_rows, width),
            second_moment: Table::zeros(n_rows, width),
            steps: vec![0; n_rows],
            journal: RowJournal::new(n_rows, width),
        }
    }

    /// Updates distinct `rows` by `gradient` `[rows.len(), width]`. Returns false if a value is no
    /// longer finite.
    pub fn apply(&mut self, learning_rate: f32, weight_decay: f32, rows: &[u32], gradient: &[f32]) -> bool {
        let mut finite = true;
        for (&row, row_gradient) in rows.iter().zip(gradient.chunks_exact(self.table.width)) {
            self.journal.before_change(row, self.table.row(row));
            self.decay(learning_rate * weight_decay, row);
            let step = &mut self.steps[row as usize];
            *step = step.saturating_add(1);
            finite &= adam::update(
                learning_rate,
                *step,
                self.table.row_mut(row),
                row_gradient,
                self.first_moment.row_mut(row),
                self.second_moment.row_mut(row),
            );
        }
        finite
    }

    /// Marks the current values as those that [`TrainedTable::into_best`] returns.
    pub fn mark_best(&mut self) {
        self.journal.mark();
    }

    /// Returns the table as it was at the last mark.
    pub fn into_best(mut self) -> Table {
        for (row, values) in self.journal.saved() {
            self.table.row_mut(row).copy_from_slice(values);
        }
        self.table
    }

    /// Moves a row towards its start: `w ← w - share · (w - start)`. Decoupled from the gradient,
    /// as in AdamW (Loshchilov and Hutter 2019, <https://arxiv.org/abs/1711.05101>).
    fn decay(&mut self, share: f32, row: u32) {
        if share == 0.0 {
            return;
        }
        let width = self.table.width;
        let start = &self.start[row as usize * width..][..width];
        let values = self.table.row_mut(row).iter_mut().zip(start);
        values.for_each(|(value, from)| *value -= share * (*value - from));
    }
}

#[cfg(test)]
mod tests {
    use super::TrainedTable;

    #[test]
    fn rows_without_gradient_keep_every_bit() {
        let start: Vec<f32> = (0..12).map(|value| value as f32 * 0.1).collect();
        let mut trained = TrainedTable::new(3, start.as_slice().into());
        assert!(trained.apply(0.1, 0.5, &[2], &[1.0, -1.0, 0.5]));
        for row in [0, 1, 3] {
            assert_eq!(trained.table.row(row), &start[row as usize * 3..][..3]);
        }
        assert_ne!(trained.table.row(2), &start[6..9]);
    }

    #[test]
    fn the_table_goes_back_to_its_last_mark() {
        let mut trained = TrainedTable::new(1, vec![0.0; 3].into());
        trained.apply(0.1, 0.0, &[0, 1], &[1.0, 1.0]);
        trained.mark_best();
        let marked = trained.table.clone();
        trained.apply(0.1, 0.0, &[1, 2], &[1.0, 1.0]);
        trained.apply(0.1, 0.0, &[1], &[1.0]);
        assert_ne!(trained.table, marked);
        assert_eq!(trained.into_best(), marked);
    }

    #[test]
    fn decay_pulls_back_to_the_start() {
        let mut trained = TrainedTable::new(1, vec![2.0].into());
        trained.table.values = vec![4.0];
        trained.apply(0.1, 1.0, &[0], &[0.0]);
        assert!((trained.table.values[0] - 3.8).abs() < 1e-6);
    }
}
