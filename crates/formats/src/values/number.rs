use serde_json::Value;

use super::{is_missing, shown};
use docent_rows::Cell;

/// A number as it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Written {
    /// `4.5`, `1e3`, or `1.234,5`, which has one reading.
    Plain(f64),
    /// `4,5`: a decimal comma.
    Comma(f64),
    /// `1,234`: a decimal comma, or a comma between thousands.
    Either { decimal: f64, thousands: f64 },
}

/// Reads a number; `None` if the text is none.
pub(crate) fn written(text: &str) -> Option<Written> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return Some(Written::Plain(number)).filter(|_| number.is_finite());
    }
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || "+-,".contains(c))
        && text.chars().skip(1).all(|c| c.is_ascii_digit() || ",.".contains(c));
    if !is_number {
        return None;
    }
    match (text.rfind(','), text.rfind('.')) {
        (Some(comma), Some(dot)) => {
            let (thousands, decimal) = if comma > dot { (".", ",") } else { (",", ".") };
            text.replace(thousands, "").replace(decimal, ".").parse().ok().map(Written::Plain)
        }
        (Some(comma), None) if text.matches(',').count() == 1 => {
            let decimal = text.replace(',', ".").parse().ok()?;
            if text.len() - comma - 1 == 3 && comma > 0 {
                Some(Written::Either { decimal, thousands: text.replace(',', "").parse().ok()? })
            } else {
                Some(Written::Comma(decimal))
            }
        }
        (Some(_), None) => text.replace(',', "").parse().ok().map(Written::Plain),
        _ => None,
    }
}

/// Reads the number of a cell; `None` where there is no value.
///
/// `has_commas` says that the column has decimal commas.
pub(crate) fn read(name: &str, cell: Option<Cell<'_>>, has_commas: bool) -> Result<Option<f64>, String> {
    let text = match cell {
        None => return Ok(None),
        Some(Cell::Json(Value::Number(number))) => return Ok(number.as_f64()),
        Some(Cell::Text(text)) if is_missing(text.trim()) => return Ok(None),
        Some(Cell::Text(text)) => text,
        Some(other) => return Err(format!("{name}: expected a number such as 4.5, got {}", shown(other))),
    };
    match written(text) {
        Some(Written::Plain(number) | Written::Comma(number)) => Ok(Some(number)),
        Some(Written::Either { decimal, .. }) if has_commas => Ok(Some(decimal)),
        Some(Written::Either { decimal, thousands }) => Err(format!(
            "{name}: \"{text}\" can be {decimal} or {thousands}; expected a number with a decimal point"
        )),
        None => Err(format!("{name}: expected a number such as 4.5, got {}", shown(Cell::Text(text)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_points_or_commas() {
        for (text, expected) in [
            ("4.5", Some(Written::Plain(4.5))),
            ("-3,5", Some(Written::Comma(-3.5))),
            ("4,0", Some(Written::Comma(4.0))),
            ("1.234,5", Some(Written::Plain(1234.5))),
            ("1,234.5", Some(Written::Plain(1234.5))),
            ("1,234,567", Some(Written::Plain(1_234_567.0))),
            ("1.433221332e9", Some(Written::Plain(1_433_221_332.0))),
            ("1,234", Some(Written::Either { decimal: 1.234, thousands: 1234.0 })),
            ("tea", None),
            ("4,5 stars", None),
            ("inf", None),
        ] {
            assert_eq!(written(text), expected, "{text}");
        }
    }

    #[test]
    fn a_number_that_can_be_read_in_two_ways_is_refused_with_both() {
        let read = |text, has_commas| read("rating", Some(Cell::Text(text)), has_commas);
        assert_eq!(read("1,234", true), Ok(Some(1.234)));
        assert!(read("1,234", false).is_err_and(|why| why.contains("can be 1.234 or 1234")));
        assert_eq!(read("NaN", false), Ok(None));
        assert_eq!(
            read("many", false),
            Err("rating: expected a number such as 4.5, got \"many\"".to_owned())
        );
    }
}
