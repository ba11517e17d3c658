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

/// Returns the separator that the first line says, as `sep=;` of Excel does, and the length of that
/// line.
pub(crate) fn stated(head: &[u8]) -> Option<(usize, String)> {
    let line = head.split_inclusive(|byte| *byte == b'\n').next()?;
    // A tab as separator is no blank around the line.
    let text = std::str::from_utf8(line).ok()?.trim_end_matches(['\r', '\n']).trim_matches('"');
    let (name, separator) = text.split_at_checked(4)?;
    let is_one = separator.chars().count() == 1;
    (name.eq_ignore_ascii_case("sep=") && is_one).then(|| (line.len(), separator.to_owned()))
}

/// Returns the quote of the cells: `'` where every line has a cell between two of them and no line
/// has a `"`, and `"` otherwise.
pub(crate) fn quote(head: &[u8], separator: &str) -> u8 {
    let Ok(text) = std::str::from_utf8(head.get(..head.len().min(1 << 12)).unwrap_or_default()) else {
        return b'"';
    };
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let _header = lines.next();
    let rows: Vec<&str> = lines.take(LINES).collect();
    // The last line may be cut.
    let rows = if rows.len() > 2 { rows.get(..rows.len() - 1).unwrap_or_default() } else { &rows };
    let is_quoted = |cell: &str| cell.len() > 1 && cell.starts_with('\'') && cell.ends_with('\'');
    let all = rows.iter().all(|row| row.split(separator).any(|cell| is_quoted(cell.trim())));
    if !rows.is_empty() && all && !text.contains('"') { b'\'' } else { b'"' }
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
    fn the_first_line_of_excel_says_the_separator() {
        for (text, expected) in [
            ("sep=;\r\na;b\n", Some((7, ";"))),
            ("SEP=\t\na\tb\n", Some((6, "\t"))),
            ("\"sep=,\"\na,b\n", Some((8, ","))),
            ("sep=\n", None),
            ("separator;b\n", None),
        ] {
            assert_eq!(stated(text.as_bytes()), expected.map(|(n, sep)| (n, sep.to_owned())), "{text}");
        }
    }

    #[test]
    fn cells_are_within_single_quotes_if_every_line_has_some() {
        for (text, expected) in [
            ("a,b\n'1','x, y'\n'2','z'\n'3", b'\''),
            ("a,b\n'1',2\n3,4\n", b'"'),
            ("a,b\n1,rock 'n' roll\n2,it's\n", b'"'),
            ("a,b\n'1',\"2\"\n", b'"'),
            ("a,b\n", b'"'),
        ] {
            assert_eq!(quote(text.as_bytes(), ","), expected, "{text}");
        }
    }

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
