//! Running totals of events by day, stored as bytes.

/// Number of days kept: those of the longest window, and the day in which it begins.
pub(super) const MAX_DAYS: usize = 92;
const BYTES: usize = 4;

/// Number of events up to the end of each day, from the first to the last day with an event. Stored
/// as four bytes per day, big-endian, the last day's last. A window is then one subtraction, of two
/// places in one row. Days more than 92 days before the last day are dropped. The format is a
/// contract of the stored data: it never changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RunningTotals {
    last_day: i64,
    totals: Vec<u32>,
}

impl RunningTotals {
    /// Reads the bytes of [`RunningTotals::to_bytes`]; `None` for bytes that it cannot have
    /// written.
    #[must_use]
    pub(super) fn read(last_day: i64, bytes: &[u8]) -> Option<Self> {
        let (days, rest) = bytes.as_chunks::<BYTES>();
        let totals: Vec<u32> = days.iter().map(|day| u32::from_be_bytes(*day)).collect();
        (rest.is_empty() && totals.len() <= MAX_DAYS && totals.is_sorted())
            .then_some(Self { last_day, totals })
    }

    /// Returns the last day with an event, counted from 1970.
    #[must_use]
    pub(super) fn last_day(&self) -> i64 {
        self.last_day
    }

    /// Returns four bytes per day.
    #[must_use]
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.totals.iter().flat_map(|total| total.to_be_bytes()).collect()
    }

    /// Adds events on a day.
    pub(super) fn add(&mut self, day: i64, count: u32) {
        if self.totals.is_empty() {
            *self = Self { last_day: day, totals: vec![0] };
        }
        let later = usize::try_from(day.saturating_sub(self.last_day)).unwrap_or(0);
        if later > 0 {
            let total = self.totals.last().copied().unwrap_or(0);
            self.totals.extend(std::iter::repeat_n(total, later.min(MAX_DAYS)));
            self.last_day = day;
            self.forget();
        }
        let back = usize::try_from(self.last_day.saturating_sub(day)).unwrap_or(MAX_DAYS);
        if back >= MAX_DAYS {
            return;
        }
        let missing = (back + 1).saturating_sub(self.totals.len());
        self.totals.splice(0..0, std::iter::repeat_n(0, missing));
        let from = self.totals.len() - 1 - back;
        for total in self.totals.iter_mut().skip(from) {
            *total = total.saturating_add(count);
        }
    }

    fn forget(&mut self) {
        let old = self.totals.len().saturating_sub(MAX_DAYS);
        let forgotten = self.totals.drain(..old).next_back().unwrap_or(0);
        self.totals.iter_mut().for_each(|total| *total -= forgotten);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::RunningTotals;

    /// Returns the number of events on each day that has any, oldest first.
    fn daily(totals: &RunningTotals) -> Vec<(i64, u32)> {
        let first_day = totals.last_day.saturating_sub_unsigned(totals.totals.len() as u64) + 1;
        let before = std::iter::once(0).chain(totals.totals.iter().copied());
        let days = (first_day..).zip(totals.totals.iter().zip(before));
        days.map(|(day, (total, before))| (day, total - before)).filter(|(_, count)| *count > 0).collect()
    }

    #[test]
    fn days_come_in_any_order_and_old_ones_go() {
        let mut totals = RunningTotals::default();
        for (day, count) in [(100, 2), (98, 1), (103, 4), (98, 1), (100, 1)] {
            totals.add(day, count);
        }
        assert_eq!(daily(&totals), [(98, 2), (100, 3), (103, 4)]);
        assert_eq!(totals.to_bytes().len(), 4 * 6);
        totals.add(191, 7);
        assert_eq!(daily(&totals), [(100, 3), (103, 4), (191, 7)]);
        totals.add(99, 5);
        assert_eq!(daily(&totals), [(100, 3), (103, 4), (191, 7)], "too long ago");
        totals.add(10_000, 1);
        assert_eq!((daily(&totals), totals.last_day()), (vec![(10_000, 1)], 10_000));
    }

    #[test]
    fn what_is_written_is_read_and_damage_is_seen() {
        let mut totals = RunningTotals::default();
        assert_eq!(RunningTotals::read(0, &[]), Some(RunningTotals::default()));
        totals.add(5, 300);
        totals.add(7, 1);
        let bytes = totals.to_bytes();
        assert_eq!(bytes, [0, 0, 1, 44, 0, 0, 1, 44, 0, 0, 1, 45]);
        assert_eq!(RunningTotals::read(7, &bytes), Some(totals));
        assert_eq!(RunningTotals::read(7, &bytes[1..]), None);
        assert_eq!(RunningTotals::read(7, &[0, 0, 0, 2, 0, 0, 0, 1]), None);
        assert_eq!(RunningTotals::read(7, &[0; 4 * 93]), None);
    }

    #[test]
    fn it_is_what_a_map_of_days_would_be() {
        let mut draw = 1u64;
        let mut next = |below: u64| {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (draw >> 33) % below
        };
        let (mut totals, mut map) = (RunningTotals::default(), BTreeMap::new());
        for step in 0..3_000 {
            let day = step / 20 + next(90).cast_signed();
            let count = next(3) as u32;
            totals.add(day, count);
            *map.entry(day).or_insert(0) += count;
            let since = map.last_key_value().map_or(0, |(day, _)| day - 91);
            map.retain(|day, _| *day >= since);
            let expected: Vec<(i64, u32)> =
                map.iter().filter(|(_, count)| **count > 0).map(|(day, count)| (*day, *count)).collect();
            assert_eq!(daily(&totals), expected);
        }
    }
}
