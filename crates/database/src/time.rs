//! Times as stored: whole microseconds since 1970, UTC.

use chrono::{DateTime, Utc};

use crate::error::{Result, StorageError};

/// Converts a time to microseconds since 1970.
pub fn to_micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// Reads a time of a row.
///
/// # Errors
/// [`StorageError::Corrupt`] for a time beyond the calendar.
pub fn from_micros(table: &'static str, id: impl ToString, micros: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| {
        StorageError::corrupt(table, id, format!("{micros} microseconds are beyond the calendar"))
    })
}

/// Reads a nullable time of a row.
///
/// # Errors
/// As [`from_micros`].
pub fn from_micros_null(
    table: &'static str,
    id: impl ToString,
    micros: Option<i64>,
) -> Result<Option<DateTime<Utc>>> {
    micros.map(|micros| from_micros(table, id, micros)).transpose()
}

/// Returns the time with the precision of the store, so that times before and after a round trip
/// are equal.
pub fn stored(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(to_micros(at)).unwrap_or(at)
}
