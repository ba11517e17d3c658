/// Separators that are looked for, the most telling first.
const CANDIDATES: [&str; 5] = ["::", "\t", ";", ",", "|"];
/// Lines that the separator is guessed from.
const LINES: usize = 50;

/// Returns the separator that a name or the text itself says.
pub(crate) fn named(separator: &str) -> String {
    match separator {
        "tab" | "\\t" => "\t",
        "comma" => ",",
        "semicolon" => ";",
        "pipe" => "|",
        "space" => " ",
        other => other,
    }
    .to_owned()
}

/// Returns the separator of a text: that of the header which splits the most of the other lines
/// into as many cells. A text of one column is separated by commas.
pub(crate) fn detect(head: &[u8]) -> String {
    let mut lines: Vec<&[u8]> = head.split(|byte| *byte == b'\n').collect();
    if lines.len() > 1 {
        // The last line may be cut.
        lines.pop();
    }
    let lines: Vec<&[u8]> =
        lines.into_iter().filter(|line| !line.trim_ascii().is_empty()).take(LINES).collect();
    let Some((header, rows)) = lines.split_first() else { return ",".to_owned() };
    let mut best: Option<((usize, bool, usize), &str)> = None;
    for separator in CANDIDATES {
        let expected = n_cells(header, separator);
        if expected < 2 {
            continue;
        }
        let fitting = rows.iter().filter(|row| n_cells(row, separator) == expected).count();
        // Text holds commas and pipes, but hardly tabs and double colons.
        let rank = (fitting, matches!(separator, "::" | "\t"), expected);
        if best.is_none_or(|(most, _)| rank > most) {
            best = Some((rank, separator));
        }
    }
    best.map_or(",", |(_, separator)| separator).to_owned()
}

/// Counts the cells of a line. Separators in quotes do not count.
fn n_cells(line: &[u8], separator: &str) -> usize {
    let (mut cells, mut at, mut is_quoted) = (1, 0, false);
    while let Some(byte) = line.get(at) {
        if *byte == b'"' {
            is_quoted = !is_quoted;
        } else if *byte == b'\\' && is_quoted {
            at += 1;
        } else if !is_quoted && line.get(at..).is_some_and(|rest| rest.starts_with(separator.as_bytes())) {
            cells += 1;
            at += separator.len() - 1;
        }
        at += 1;
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_that_of_the_header_which_fits_most_rows() {
        for (text, expected) in [
            ("id,title\na,One; two\n", ","),
            ("id;title;year\na;One, two;1999\nb;Three, four;2000\n", ";"),
            ("u;rating;at\nx;4,5;31.12.2023\n", ";"),
            ("1::Les Mis (1995)::Drama|Musical\n2::A, b::Comedy|Crime\n", "::"),
            ("196\t242\t3\t881250949\n", "\t"),
            ("1|Toy Story (1995)|01-Jan-1995||http://x?a,b|0|0\n2|B, c|01-Jan-1995||u|0|1\n", "|"),
            ("\"a;b\",\"c\"\n\"1;2\",\"3\"\n", ","),
            ("id\na\nb\n", ","),
            ("", ","),
        ] {
            assert_eq!(detect(text.as_bytes()), expected, "{text}");
        }
    }
}
