//! Cursors: continuation of a list on the next page.
//!
//! A cursor carries the resources of all earlier pages by their row ids in the store, which never
//! change. So the pages of a list are disjoint even if interactions, ingests, a new model or
//! another server come between them.

use std::{collections::BTreeSet, fmt, fmt::Write, str::FromStr};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use docent_domain::{Component, UserId};
use thiserror::Error;

use crate::RecommendRequest;

/// Maximum number of resources in one list, over all its pages.
pub const MAX_SHOWN: usize = 1_000;

const VERSION: u8 = 1;
const REQUEST_BYTES: usize = 8;
const CHECK_BYTES: usize = 4;
/// Maximum length of an encoded row id, with seven bits in each byte.
const MAX_VARINT_BYTES: usize = 9;
const MAX_BYTES: usize = 1 + REQUEST_BYTES + MAX_SHOWN * MAX_VARINT_BYTES + CHECK_BYTES;

/// Position in a list of recommendations, to request the next page. Its text form is opaque and may
/// change between versions: pass it back as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Digest of the request.
    request: [u8; REQUEST_BYTES],
    /// Row ids of the resources on earlier pages.
    shown: BTreeSet<i64>,
}

/// Reason to refuse a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CursorError {
    /// The text is not that of a cursor, or of one from another version.
    #[error("cursor: expected the next_cursor of an answer, unchanged")]
    Malformed,
    /// The cursor belongs to another user or to other options.
    #[error("cursor: expected one for the same user and the same options; only the limit may differ")]
    OfAnotherRequest,
}

impl Cursor {
    /// Returns the cursor after an answer. `shown` are the row ids of the answer and of the pages
    /// before it. Returns `None` once the list has its maximum length.
    #[must_use]
    pub fn after(request: &RecommendRequest, shown: BTreeSet<i64>) -> Option<Self> {
        (shown.len() < MAX_SHOWN).then(|| Self { request: digest(request), shown })
    }

    /// Returns the row ids of the resources on earlier pages of the same request.
    ///
    /// # Errors
    /// [`CursorError::OfAnotherRequest`] if the cursor belongs to another request.
    pub fn shown_for(&self, request: &RecommendRequest) -> Result<&BTreeSet<i64>, CursorError> {
        if self.request == digest(request) { Ok(&self.shown) } else { Err(CursorError::OfAnotherRequest) }
    }
}

/// Returns a digest of every option that affects the list; the limit only affects its pages.
fn digest(request: &RecommendRequest) -> [u8; REQUEST_BYTES] {
    let RecommendRequest {
        user_id,
        history,
        negatives,
        limit: _,
        strategy,
        diversity,
        novelty,
        min_quality,
        exclude,
        weights,
        seen,
        include_seen,
        include_unpublished,
        filter,
        boosts,
        records_impressions: _,
        cursor: _,
    } = request;
    let user_id = user_id.as_ref().map(UserId::as_str).unwrap_or_default();
    let exclude: BTreeSet<&str> = exclude.iter().map(|id| id.as_str()).collect();
    let boosts: Vec<String> = boosts.iter().map(ToString::to_string).collect();
    let preferences = [diversity, novelty, min_quality].map(|preference| preference.map(|p| p.value()));
    let weights = weights.map(|weights| Component::ALL.map(|component| weights.get(component)));
    let filter = filter.as_ref().map(ToString::to_string);
    // Debug quotes texts, so that different requests never have the same text.
    let mut written = String::new();
    let _never_fails = write!(
        written,
        "{user_id:?} {strategy} {preferences:?} {exclude:?} {weights:?} {include_seen} {filter:?} {boosts:?}"
    );
    if !history.is_empty() {
        let _never_fails = write!(written, " {history:?}");
    }
    if seen.is_some() || include_unpublished.is_some() {
        let _never_fails = write!(written, " {seen:?} {include_unpublished:?}");
    }
    if !negatives.is_empty() {
        let _never_fails = write!(written, " not {negatives:?}");
    }
    first_bytes(written.as_bytes())
}

fn first_bytes<const N: usize>(hashed: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    blake3::Hasher::new().update(hashed).finalize_xof().fill(&mut bytes);
    bytes
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![VERSION];
        bytes.extend(self.request);
        let mut last = 0;
        for &row in &self.shown {
            push_varint(&mut bytes, row.abs_diff(last));
            last = row;
        }
        bytes.extend(first_bytes::<CHECK_BYTES>(&bytes));
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        parse(text).ok_or(CursorError::Malformed)
    }
}

fn parse(text: &str) -> Option<Cursor> {
    if text.len() > MAX_BYTES.div_ceil(3) * 4 {
        return None;
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let (checked, check) = bytes.split_last_chunk::<CHECK_BYTES>().map(|(rest, check)| (rest, *check))?;
    let rest = checked.strip_prefix(&[VERSION]).filter(|_| first_bytes(checked) == check)?;
    let (request, mut rest) = rest.split_first_chunk::<REQUEST_BYTES>()?;
    let (mut shown, mut last) = (BTreeSet::new(), 0_i64);
    while !rest.is_empty() {
        let step = take_varint(&mut rest)?;
        last = last.checked_add_unsigned(step)?;
        if step == 0 || !shown.insert(last) || shown.len() >= MAX_SHOWN {
            return None;
        }
    }
    Some(Cursor { request: *request, shown })
}

/// Appends a number in LEB128: seven bits in each byte, the lowest first.
fn push_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..MAX_VARINT_BYTES {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use docent_domain::{Strategy, UnitInterval, Weights};

    use super::*;

    fn request() -> RecommendRequest {
        RecommendRequest::new("ada".parse().unwrap())
    }

    fn shown() -> BTreeSet<i64> {
        (1..400).map(|n| n * n * 7).chain([i64::MAX]).collect()
    }

    #[test]
    fn a_cursor_carries_what_was_shown_to_the_same_request() {
        let cursor = Cursor::after(&request(), shown()).unwrap();
        let read: Cursor = cursor.to_string().parse().unwrap();
        assert_eq!(read.shown_for(&RecommendRequest { limit: 3, ..request() }), Ok(&shown()));
    }

    #[test]
    fn a_cursor_of_another_user_or_other_options_is_refused() {
        let cursor = Cursor::after(&request(), shown()).unwrap();
        let preference = UnitInterval::new("x", 0.5).ok();
        for other in [
            RecommendRequest::new("bob".parse().unwrap()),
            RecommendRequest { strategy: Strategy::Content, ..request() },
            RecommendRequest { diversity: preference, ..request() },
            RecommendRequest { novelty: preference, ..request() },
            RecommendRequest { min_quality: preference, ..request() },
            RecommendRequest { exclude: vec!["x".parse().unwrap()], ..request() },
            RecommendRequest { weights: Some(Weights::default()), ..request() },
            RecommendRequest { include_seen: true, ..request() },
            RecommendRequest { seen: Some(crate::Seen::Positive), ..request() },
            RecommendRequest { include_unpublished: Some(true), ..request() },
            RecommendRequest { history: vec!["x".parse().unwrap()], ..request() },
            RecommendRequest { negatives: vec!["x".parse().unwrap()], ..request() },
            RecommendRequest { filter: Some("quality > 0.5".parse().unwrap()), ..request() },
            RecommendRequest { boosts: vec!["quality > 0.5 ^ 2".parse().unwrap()], ..request() },
        ] {
            assert_eq!(cursor.shown_for(&other), Err(CursorError::OfAnotherRequest), "{other:?}");
        }
    }

    #[test]
    fn a_cursor_that_was_changed_anywhere_is_refused() {
        let text = Cursor::after(&request(), shown()).unwrap().to_string();
        for (place, _) in text.char_indices() {
            let other = if text[place..].starts_with('A') { "B" } else { "A" };
            let changed = format!("{}{other}{}", &text[..place], &text[place + 1..]);
            assert_eq!(changed.parse::<Cursor>(), Err(CursorError::Malformed), "{place}");
            assert_eq!(text[..place].parse::<Cursor>(), Err(CursorError::Malformed), "{place}");
        }
        for text in ["", "x", "not a cursor", "ééé", &"A".repeat(1_000_000)] {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError::Malformed));
        }
    }

    #[test]
    fn a_list_ends_before_its_cursor_grows_too_long() {
        let most: BTreeSet<i64> = (1..MAX_SHOWN as i64).map(|n| n * 1_000).collect();
        let text = Cursor::after(&request(), most.clone()).unwrap().to_string();
        assert!(text.len() < 3_000, "{}", text.len());
        assert!(text.parse::<Cursor>().is_ok());
        assert_eq!(Cursor::after(&request(), most.into_iter().chain([0]).collect()), None);
    }
}
