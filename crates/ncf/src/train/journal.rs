//! Keeps the best epoch of a table without copying the table.

/// Remembers the rows of a table as they were at the last *mark*. The cost depends on the rows
/// changed since then, not on the size of the table.
pub(crate) struct RowJournal {
    width: usize,
    /// Mark at which each row was last saved; 0 if never
    saved_at: Vec<u32>,
    mark: u32,
    /// Rows changed since the mark
    rows: Vec<u32>,
    /// `[rows.len(), width]`, their values at the mark
    values: Vec<f32>,
}

impl RowJournal {
    /// Creates the journal of a table `[n_rows, width]`, marked at the current state of the table.
    pub fn new(n_rows: usize, width: usize) -> Self {
        Self { width, saved_at: vec![0; n_rows], mark: 1, rows: Vec::new(), values: Vec::new() }
    }

    /// Saves a row unless it changed since the mark. Callers must call this before every change of
    /// a row.
    pub fn before_change(&mut self, row: u32, values: &[f32]) {
        if let Some(saved_at) = self.saved_at.get_mut(row as usize)
            && *saved_at != self.mark
        {
            *saved_at = self.mark;
            self.rows.push(row);
            self.values.extend_from_slice(values);
        }
    }

    /// Marks the current state of the table as the one to go back to.
    pub fn mark(&mut self) {
        self.mark += 1;
        self.rows.clear();
        self.values.clear();
    }

    /// Returns the rows changed since the mark, with their values at the mark.
    pub fn saved(&self) -> impl Iterator<Item = (u32, &[f32])> {
        self.rows.iter().copied().zip(self.values.chunks_exact(self.width))
    }
}
