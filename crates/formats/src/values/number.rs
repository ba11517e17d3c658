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

/// Meaning of a comma in the numbers of a column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Comma {
    /// Nothing says it: a number that can be read in two ways is refused.
    #[default]
    Unknown,
    /// The decimal point.
    Decimal,
    /// A mark between thousands.
    Thousands,
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
pub(crate) fn read(name: &str, cell: Option<Cell<'_>>, comma: Comma) -> Result<Option<f64>, String> {
    let text = match cell {
        None => return Ok(None),
        Some(Cell::Json(Value::Number(number))) => return Ok(number.as_f64()),
        Some(Cell::Text(text)) if is_missing(text.trim()) => return Ok(None),
        Some(Cell::Text(text)) => text,
        Some(other) => return Err(format!("{name}: expected a number such as 4.5, got {}", shown(other))),
    };
    match (written(text), comma) {
        (Some(Written::Plain(number) | Written::Comma(number)), _) => Ok(Some(number)),
        (Some(Written::Either { decimal, .. }), Comma::Decimal) => Ok(Some(decimal)),
        (Some(Written::Either { thousands, .. }), Comma::Thousands) => Ok(Some(thousands)),
        (Some(Written::Either { decimal, thousands }), Comma::Unknown) => Err(format!(
            "{name}: \"{text}\" can be {decimal} or {thousands}; say --decimal , for the first and --decimal . for \
             the second"
        )),
        (None, _) => Err(format!("{name}: expected a number such as 4.5, got {}", shown(Cell::Text(text)))),
    }
}

/// Returns true if a comma of a number stands between thousands, as in `1,234,567` or `1,234.5`.
pub(crate) fn has_thousands(text: &str) -> bool {
    text.matches(',').count() > 1
        || text.find(',').zip(text.find('.')).is_some_and(|(comma, dot)| comma < dot)
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
        let read = |text, comma| read("rating", Some(Cell::Text(text)), comma);
        assert_eq!(read("1,234", Comma::Decimal), Ok(Some(1.234)));
        assert_eq!(read("1,234", Comma::Thousands), Ok(Some(1234.0)));
        assert!(read("1,234", Comma::Unknown).is_err_and(|why| why.contains("can be 1.234 or 1234")));
        assert_eq!(read("NaN", Comma::Unknown), Ok(None));
        assert_eq!(
            read("many", Comma::Unknown),
            Err("rating: expected a number such as 4.5, got \"many\"".to_owned())
        );
    }
}
