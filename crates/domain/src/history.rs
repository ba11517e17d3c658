use std::num::NonZeroU64;

use crate::{InteractionMatrix, MatrixError, matrix::sum_up};

/// One item of a history, with the confidence that the user likes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// Dense item index.
    pub item: u32,
    /// Confidence, finite and greater than 0; 1 where all positives count alike.
    pub confidence: f32,
    /// Time, where it is known.
    pub time: Option<Micros>,
}

/// Microseconds since 1970. An optional one takes no more memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(NonZeroU64);

impl Micros {
    /// Takes microseconds since 1970; [`i64::MIN`] becomes the next larger number.
    #[must_use]
    pub fn new(since_1970: i64) -> Self {
        // In this form the order stays, and only the least number is 0.
        Self(NonZeroU64::new(since_1970.cast_unsigned() ^ SIGN).unwrap_or(NonZeroU64::MIN))
    }

    /// Returns the microseconds since 1970.
    #[must_use]
    pub fn get(self) -> i64 {
        (self.0.get() ^ SIGN).cast_signed()
    }
}

const SIGN: u64 = 1 << 63;

impl Event {
    /// Makes an event of confidence 1 without a time.
    #[must_use]
    pub fn of(item: u32) -> Self {
        Self { item, confidence: 1.0, time: None }
    }
}

/// The histories of many users under dense indices, each oldest first.
///
/// A history may hold an item several times, as a session does.
#[derive(Debug, Clone, PartialEq)]
pub struct Histories {
    n_items: usize,
    offsets: Vec<usize>,
    events: Vec<Event>,
    is_ordered: bool,
}

impl Histories {
    /// Collects histories from `(user, event)` pairs, which are walked twice and never copied. The
    /// events of a user come oldest first where `is_ordered`; else their order says nothing, and
    /// nothing may be learned from it.
    ///
    /// # Errors
    /// [`MatrixError::OutOfRange`] for a user of `n_users` or more and an item of `n_items` or
    /// more; [`MatrixError::InvalidConfidence`] for a confidence that is not a finite number
    /// greater than 0.
    pub fn new(
        n_users: usize,
        n_items: usize,
        events: impl IntoIterator<Item = (u32, Event), IntoIter: Clone>,
        is_ordered: bool,
    ) -> Result<Self, MatrixError> {
        let events = events.into_iter();
        let mut offsets = vec![0; n_users + 1];
        for (user, Event { item, confidence, .. }) in events.clone() {
            let (row, column) = (user as usize, item as usize);
            let Some(end) = offsets.get_mut(row + 1) else {
                return Err(MatrixError::OutOfRange { what: "user", index: row, len: n_users });
            };
            *end += 1;
            if column >= n_items {
                return Err(MatrixError::OutOfRange { what: "item", index: column, len: n_items });
            }
            if !(confidence.is_finite() && confidence > 0.0) {
                return Err(MatrixError::InvalidConfidence { user: row, item: column, got: confidence });
            }
        }
        let total = sum_up(&mut offsets);
        let mut next = offsets.clone();
        let mut placed = vec![Event::of(0); total];
        for (user, event) in events {
            let Some(at) = next.get_mut(user as usize) else { continue };
            if let Some(slot) = placed.get_mut(*at) {
                *slot = event;
            }
            *at += 1;
        }
        Ok(Self { n_items, offsets, events: placed, is_ordered })
    }

    /// Makes histories without order or times of a matrix, `[n_users, n_items]`.
    #[must_use]
    pub fn of_matrix(matrix: &InteractionMatrix) -> Self {
        let mut offsets = vec![0];
        let mut events = Vec::with_capacity(matrix.len());
        for user in 0..matrix.n_rows() {
            let (items, confidences) = matrix.row(user);
            let of_user = items.iter().zip(confidences);
            events.extend(of_user.map(|(&item, &confidence)| Event { item, confidence, time: None }));
            offsets.push(events.len());
        }
        Self { n_items: matrix.n_cols(), offsets, events, is_ordered: false }
    }

    /// Returns the number of users.
    #[must_use]
    pub fn n_users(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Returns the number of items.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.n_items
    }

    /// Returns the number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Returns true if there are no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Returns true if the order of a history is that in which its events happened.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.is_ordered
    }

    /// Returns the events of a user, oldest first; empty for an unknown user.
    #[must_use]
    pub fn of(&self, user: u32) -> &[Event] {
        let user = user as usize;
        match (self.offsets.get(user), self.offsets.get(user + 1)) {
            (Some(&start), Some(&end)) => self.events.get(start..end).unwrap_or(&[]),
            _ => &[],
        }
    }

    /// Returns the histories of all users, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &[Event]> {
        self.offsets.windows(2).map(|bounds| match *bounds {
            [start, end] => self.events.get(start..end).unwrap_or(&[]),
            _ => &[],
        })
    }

    /// Returns the events of all users with their user, one user after another.
    pub fn events(&self) -> impl Iterator<Item = (u32, &Event)> {
        (0u32..).zip(self.iter()).flat_map(|(user, events)| events.iter().map(move |event| (user, event)))
    }

    /// Returns the newest time of any event; `None` where none has a time.
    #[must_use]
    pub fn newest_time(&self) -> Option<Micros> {
        self.events.iter().filter_map(|event| event.time).max()
    }

    /// Returns the matrix of users by items. Of an item that a user has several times, the largest
    /// confidence counts.
    #[must_use]
    pub fn matrix(&self) -> InteractionMatrix {
        InteractionMatrix::of_rows(self.n_items, self.len(), self.iter().map(as_set))
    }

    /// Returns the same histories with only the events for which `keep(user, place)` holds. Places
    /// count from 0, the oldest.
    #[must_use]
    pub fn filtered(&self, mut keep: impl FnMut(u32, usize) -> bool) -> Self {
        let mut offsets = vec![0];
        let mut events = Vec::with_capacity(self.events.len());
        for (user, of_user) in (0u32..).zip(self.iter()) {
            let kept = of_user.iter().enumerate().filter(|(place, _)| keep(user, *place));
            events.extend(kept.map(|(_, event)| *event));
            offsets.push(events.len());
        }
        Self { n_items: self.n_items, offsets, events, is_ordered: self.is_ordered }
    }
}

/// Returns a history as a set: each item once, with its largest confidence, ascending by item.
#[must_use]
pub fn as_set(history: &[Event]) -> Vec<(u32, f32)> {
    let mut set: Vec<(u32, f32)> = history.iter().map(|event| (event.item, event.confidence)).collect();
    set.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    set.dedup_by_key(|pair| pair.0);
    set
}

/// Returns a history, oldest first, whose events count the less the older they are: by
/// `exp(-k / tau)`, where `k` is the number of newer events, scaled so that the sum of all
/// confidences stays.
///
/// Models that take a set then follow the order, too, and a history weighs as much against their
/// priors as it did before. Events that count less than a millionth are left out.
#[must_use]
pub fn decayed(history: &[Event], tau: f32) -> Vec<Event> {
    let mut decayed: Vec<Event> = Vec::with_capacity(history.len());
    let (mut before, mut after) = (0.0f64, 0.0f64);
    for (k, event) in history.iter().rev().enumerate() {
        let confidence = event.confidence * (-(k as f32) / tau).exp();
        before += f64::from(event.confidence);
        if confidence > MIN_DECAYED * event.confidence {
            after += f64::from(confidence);
            decayed.push(Event { confidence, ..*event });
        }
    }
    let scale = if after > 0.0 { (before / after) as f32 } else { 1.0 };
    decayed.iter_mut().for_each(|event| event.confidence *= scale);
    decayed.reverse();
    decayed
}

/// Share of its confidence below which a decayed event is left out.
const MIN_DECAYED: f32 = 1e-6;

/// Returns a number that looks random and is always the same for the same pair and seed
/// (SplitMix64, Steele et al. 2014): it puts events without a time, or of the same time, in an
/// order that follows neither rows nor the catalogue.
#[must_use]
pub fn scattered(user: u64, item: u64, seed: u64) -> u64 {
    let mixed = |x: u64| {
        let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    };
    mixed(mixed(mixed(seed) ^ user) ^ item)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(items: &[u32]) -> Vec<Event> {
        items.iter().copied().map(Event::of).collect()
    }

    #[test]
    fn histories_keep_the_order_and_the_repeats_of_each_user() {
        let pairs = [(1, 2), (0, 1), (1, 0), (1, 2)].map(|(user, item)| (user, Event::of(item)));
        let histories = Histories::new(3, 3, pairs, true).unwrap();
        assert_eq!(histories.of(0), events(&[1]));
        assert_eq!(histories.of(1), events(&[2, 0, 2]));
        assert_eq!((histories.of(2).len(), histories.of(9).len()), (0, 0));
        assert_eq!((histories.n_users(), histories.n_items(), histories.len()), (3, 3, 4));
        let matrix = histories.matrix();
        assert_eq!(matrix.row(1), ([0, 2].as_slice(), [1.0, 1.0].as_slice()));
        let newest_only = histories.filtered(|user, place| place + 1 == histories.of(user).len());
        assert_eq!(newest_only.of(1), events(&[2]));
        assert_eq!(Histories::of_matrix(&matrix).of(1), events(&[0, 2]));
    }

    #[test]
    fn indices_outside_the_shape_and_bad_confidences_are_refused() {
        let refused = |user, item, confidence| {
            Histories::new(2, 3, [(user, Event { item, confidence, time: None })], true).unwrap_err()
        };
        assert_eq!(refused(2, 0, 1.0), MatrixError::OutOfRange { what: "user", index: 2, len: 2 });
        assert_eq!(refused(0, 3, 1.0), MatrixError::OutOfRange { what: "item", index: 3, len: 3 });
        assert!(matches!(refused(0, 0, f32::NAN), MatrixError::InvalidConfidence { .. }));
    }

    #[test]
    fn times_keep_their_order_and_take_no_room_when_missing() {
        for pair in [i64::MIN + 1, -1, 0, 1, i64::MAX].windows(2) {
            assert!(Micros::new(pair[0]) < Micros::new(pair[1]));
            assert_eq!(Micros::new(pair[0]).get(), pair[0]);
        }
        assert_eq!(Micros::new(i64::MIN).get(), i64::MIN + 1);
        assert_eq!(size_of::<Event>(), 16);
    }

    #[test]
    fn a_set_has_each_item_once_with_its_largest_confidence() {
        let mut history = events(&[7, 3, 7]);
        history[2].confidence = 2.0;
        assert_eq!(as_set(&history), [(3, 1.0), (7, 2.0)]);
    }

    #[test]
    fn decay_favours_the_newest_and_keeps_the_sum() {
        let confidences: Vec<f32> =
            decayed(&events(&[1, 2, 3]), 1.0).iter().map(|event| event.confidence).collect();
        let sum: f32 = confidences.iter().sum();
        assert!((sum - 3.0).abs() < 1e-6, "{confidences:?}");
        assert!((confidences[2] / confidences[1] - 1f32.exp()).abs() < 1e-5, "{confidences:?}");
        assert_eq!(decayed(&events(&[0; 100]), 1.0).len(), 14, "exp(-14) is less than a millionth");
        assert!(decayed(&[], 4.0).is_empty());
    }

    #[test]
    fn scattered_numbers_follow_no_row() {
        let ascending = (0..1_000).filter(|&item| scattered(5, item, 1) < scattered(5, item + 1, 1)).count();
        assert!((420..580).contains(&ascending), "{ascending}");
        assert_ne!(scattered(1, 2, 3), scattered(2, 1, 3));
    }
}
