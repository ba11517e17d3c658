//! Keeping the best epoch without copying tables.

/// Remembers what rows were at the last *mark*, at the cost of the rows changed since, not of the table.
pub(crate) struct RowJournal {
    width: usize,
    /// Mark at which the row was last saved; 0 is never.
    saved_at: Vec<u32>,
    mark: u32,
    rows: Vec<u32>,
    values: Vec<f32>,
}

impl RowJournal {
    /// A journal of a table of `n_rows` rows of `width` values, with its mark at the table as it is now.
    pub fn new(n_rows: usize, width: usize) -> Self {
        Self { width, saved_at: vec![0; n_rows], mark: 1, rows: Vec::new(), values: Vec::new() }
    }

    /// Must be told of every row before it changes.
    pub fn before_change(&mut self, row: u32, values: &[f32]) {
        if let Some(saved_at) = self.saved_at.get_mut(row as usize)
            && *saved_at != self.mark
        {
            *saved_at = self.mark;
            self.rows.push(row);
            self.values.extend_from_slice(values);
        }
    }

    /// The table as it is now is the one to go back to.
    pub fn mark(&mut self) {
        self.mark += 1;
        self.rows.clear();
        self.values.clear();
    }

    /// The changed rows and what they were at the mark.
    pub fn saved(&self) -> impl Iterator<Item = (u32, &[f32])> {
        self.rows.iter().copied().zip(self.values.chunks_exact(self.width))
    }
}
