//! The files as they were recognised, and the counts of an import, as text.

use std::fmt::Write;

use chrono::SecondsFormat;
use docent_formats::FileProfile;

use super::check::{Checked, MAX_REPORTED};
/// Positives that training needs.
const MIN_POSITIVES: u64 = 10;

/// Returns the report of a dry run.
pub fn text(profiles: &[FileProfile], checked: &Checked) -> String {
    let mut out = files(profiles);
    out += &notes(profiles, checked);
    out += &counts(checked);
    out
}

/// Returns the layout and the columns of each file.
pub fn files(profiles: &[FileProfile]) -> String {
    let mut out = String::new();
    for profile in profiles {
        let layout = profile.layout.as_ref().map_or_else(|| "not read".to_owned(), ToString::to_string);
        let encoding = profile.encoding.map(|name| format!(", {name}")).unwrap_or_default();
        let rows: Vec<String> = profile.rows.iter().map(|(kind, n)| format!("{n} rows of {kind}")).collect();
        let _ = writeln!(
            out,
            "{}: {layout}{encoding}, {}; {}",
            profile.path.display(),
            profile.compression,
            rows.join(", ")
        );
        let mut lines = vec![["column", "is", "filled", "values"].map(str::to_owned).to_vec()];
        for (_, column) in &profile.columns {
            lines.push(vec![
                column.name.clone(),
                column.role.clone(),
                column.filled.to_string(),
                column.values.clone(),
            ]);
        }
        out += &aligned(&lines);
        out.push('\n');
    }
    out
}

/// Lays out cells in columns, two blanks apart and two from the left.
fn aligned(lines: &[Vec<String>]) -> String {
    let width = |column: usize| {
        lines
            .iter()
            .filter_map(|line| line.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let mut out = String::new();
    for line in lines {
        let cells: Vec<String> =
            line.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column))).collect();
        let _ = writeln!(out, "  {}", cells.join("  ").trim_end());
    }
    out
}

/// Returns what was recognised and should be known, a line each.
pub fn notes(profiles: &[FileProfile], checked: &Checked) -> String {
    let mut out = String::new();
    for note in profiles.iter().flat_map(|profile| &profile.notes) {
        let _ = writeln!(out, "note: {note}");
    }
    if let Some(first) = &checked.first_repeated {
        let _ = writeln!(
            out,
            "note: rows that repeat the id of an earlier resource: {} (the first: {first}); the last row of each \
             stands, and nothing of the others is joined to it",
            checked.repeated
        );
    }
    if checked.has_no_catalogue {
        let _ = writeln!(
            out,
            "note: neither the files nor the store have resources, so {} are made from the ids of the interactions; \
             import their titles and texts later",
            checked.items.len()
        );
    }
    out
}

fn counts(checked: &Checked) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "\nThe import would have:");
    let made = if checked.has_no_catalogue { checked.items.len() } else { 0 };
    let _ = writeln!(out, "  resources:    {} ({made} made from ids)", checked.resources.len() + made);
    let _ = writeln!(out, "  links:        {}", checked.links);
    let by_type: Vec<String> =
        checked.interactions.iter().map(|(kind, n)| format!("{kind} {}", n.all)).collect();
    let all: u64 = checked.interactions.values().map(|n| n.all).sum();
    let positive: u64 = checked.interactions.values().map(|n| n.positive).sum();
    let types = if by_type.is_empty() { String::new() } else { format!(" ({})", by_type.join(", ")) };
    let _ = writeln!(out, "  interactions: {all}{types}");
    let _ = writeln!(out, "  positive:     {positive}");
    let _ = writeln!(out, "  users:        {}", checked.users.len());
    if let Some((first, last)) = checked.times {
        let [first, last] = [first, last].map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true));
        let _ = writeln!(out, "  times:        {first} to {last}");
    }
    if checked.untimed > 0 {
        let _ = writeln!(out, "  without time: {}", checked.untimed);
    }
    let _ = writeln!(out, "  bad lines:    {}", checked.n_problems);
    if checked.n_problems > MAX_REPORTED as u64 {
        let _ = writeln!(out, "                the first {MAX_REPORTED} are reported above");
    }
    let verdict = if positive >= MIN_POSITIVES {
        format!("training would have {positive} positives of {} users", checked.users.len())
    } else {
        format!("training needs at least {MIN_POSITIVES} positives and would have {positive}")
    };
    let _ = writeln!(out, "\n{verdict}, besides what the store has.");
    out
}
