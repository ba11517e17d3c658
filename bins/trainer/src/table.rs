//! Tables for terminals.

/// Renders a header and rows, columns two blanks apart. The first column is aligned to the left,
/// the others to the right.
pub fn render(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|name| name.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
    let lines = std::iter::once(&header).chain(rows).map(|cells| line(cells, &widths));
    lines.collect::<Vec<_>>().join("\n")
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut padded = Vec::with_capacity(cells.len());
    for (column, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        padded.push(if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") });
    }
    padded.join("  ").trim_end().to_owned()
}
