//! Values of cells: numbers, times, ratings, names of events, lists.

pub(crate) mod events;
pub(crate) mod number;
pub(crate) mod rating;
pub(crate) mod rating_column;
pub(crate) mod time;

use docent_rows::Cell;
pub(crate) use docent_rows::{scalar, texts};

/// Returns true for the words that programs write where there is no value.
pub(crate) fn is_missing(text: &str) -> bool {
    matches!(
        text,
        "" | "NaN"
            | "nan"
            | "NaT"
            | "NULL"
            | "Null"
            | "null"
            | "None"
            | "NA"
            | "N/A"
            | "n/a"
            | "#N/A"
            | "<NA>"
            | "undefined"
            | "\\N"
    )
}

/// Keys of the name of an object in a list, and of the id of a resource.
pub(crate) const NAMES: &[&str] = &["name", "title", "id", "_id"];
pub(crate) const IDS: &[&str] = &["id", "_id", "item_id", "product_id", "resource_id", "sku", "name"];

/// Returns how often something happened: 0, 1 or another whole number, or yes, true and the like.
pub(crate) fn happened(text: &str) -> Option<f64> {
    match is_true(text) {
        Some(happened) => Some(f64::from(u8::from(happened))),
        // Every cell comes here, most of them texts.
        None if !text.starts_with(|c: char| c.is_ascii_digit()) => None,
        None => text.parse().ok().filter(|times: &f64| *times >= 0.0 && times.fract() == 0.0),
    }
}

/// Reads true or false, in words or as 1 and 0.
pub(crate) fn is_true(text: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 6]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_one_of(["true", "1", "1.0", "yes", "y", "t"]) {
        return Some(true);
    }
    is_one_of(["false", "0", "0.0", "no", "n", "f"]).then_some(false)
}

/// Returns a cell for an error message, cut where it is long.
pub(crate) fn shown(cell: Cell<'_>) -> String {
    const MAX: usize = 60;
    let text = match cell {
        Cell::Text(text) => format!("\"{text}\""),
        Cell::Json(value) => value.to_string(),
    };
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("{} ...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
