use std::fmt;

use docent::storage::{ImportReport, UpsertOutcome};

/// Counts of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub new: u64,
    pub repeated: u64,
    pub known: u64,
    pub bad_lines: u64,
}

impl Summary {
    pub fn add_resource(&mut self, outcome: UpsertOutcome) {
        match outcome {
            UpsertOutcome::Created => self.created += 1,
            UpsertOutcome::Updated => self.updated += 1,
            UpsertOutcome::Unchanged => self.unchanged += 1,
        }
    }

    /// Returns true if no record went in, not even one that was known.
    pub fn is_empty(&self) -> bool {
        let Self { created, updated, unchanged, new, repeated, known, bad_lines: _ } = self;
        created + updated + unchanged + new + repeated + known == 0
    }

    pub fn add_interactions(&mut self, report: &ImportReport) {
        self.new += report.new;
        self.repeated += report.repeated;
        self.known += report.already_known;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { created, updated, unchanged, new, repeated, known, bad_lines } = self;
        writeln!(f, "resources:    {created} new, {updated} updated, {unchanged} unchanged")?;
        writeln!(f, "interactions: {new} new, {repeated} repeated, {known} known")?;
        write!(f, "bad lines:    {bad_lines}")
    }
}
