//! Values of cells: numbers, times, ratings, names of events, lists.

pub(crate) mod events;
pub(crate) mod list;
pub(crate) mod number;
pub(crate) mod rating;
pub(crate) mod rating_column;
pub(crate) mod time;

use serde_json::Value;

use docent_rows::Cell;

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

/// Returns the text of a cell that is text, a number or true or false.
pub(crate) fn scalar(cell: Cell<'_>) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text.to_owned()),
        Cell::Json(Value::Number(number)) => Some(number.to_string()),
        Cell::Json(Value::Bool(flag)) => Some(flag.to_string()),
        Cell::Json(_) => None,
    }
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
