//! Metrics of single users as CSV: one row per user and model, or per case and model.

use std::path::Path;

use docent_benchmarks::{ModelReport, Report};
use docent_formats::{FormatError, PerUserWriter};

/// Writes the metrics of all measured models. A user with several cases has as many rows of each
/// model.
pub fn write(path: &Path, report: &Report) -> Result<(), FormatError> {
    let measured: Vec<&ModelReport> = report.models.iter().filter(|model| model.skipped.is_none()).collect();
    // Models of one protocol have the same metrics.
    let columns = measured.first().map_or(&[][..], |model| &model.by_case);
    let mut writer = PerUserWriter::create(path, columns.iter().map(|(name, _)| name.as_str()))?;
    for model in measured {
        for (case, user) in report.case_users.iter().enumerate() {
            let values = model.by_case.iter().map(|(_, values)| values.get(case).copied().flatten());
            writer.row(user, model.name, values)?;
        }
    }
    writer.finish()
}
