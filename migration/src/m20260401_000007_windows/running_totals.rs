/// Number of days kept: those of the longest window, and the day in which it begins.
const DAYS: usize = 92;
const BYTES: usize = 4;

/// Number of events up to the end of each day, from the first to the last day with an event. Stored
/// as four bytes per day, big-endian, the last day's last. A window is then one subtraction, of two
/// places in one row. Days more than 92 days before the last day are dropped. The format is a
/// contract of the stored data: it never changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunningTotals {
    last_day: i64,
    totals: Vec<u32>,
}

impl RunningTotals {
    /// Reads the bytes of [`RunningTotals::to_bytes`]; `None` for bytes that it cannot have
    /// written.
    #[must_use]
    pub fn read(last_day: i64, bytes: &[u8]) -> Option<Self> {
        let (days, rest) = bytes.as_chunks::<BYTES>();
        let totals: Vec<u32> = days.iter().map(|day| u32::from_be_bytes(*day)).collect();
        (rest.is_empty() && totals.len() <= DAYS && totals.is_sorted()).then_some(Self { last_day, totals })
    }

    /// Returns the last day with an event, counted from 1970.
    #[must_use]
    pub fn last_day(&self) -> i64 {
        self.last_day
    }

    /// Returns four bytes per day.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.totals.iter().flat_map(|total| total.to_be_bytes()).collect()
    }

    /// Returns the number of events on each day that has any, oldest first.
    pub fn daily(&self) -> impl Iterator<Item = (i64, u32)> {
        let first_day = self.last_day.saturating_sub_unsigned(self.totals.len() as u64) + 1;
        let before = std::iter::once(0).chain(self.totals.iter().copied());
        let days = (first_day..).zip(self.totals.iter().zip(before));
        days.map(|(day, (total, before))| (day, total - before)).filter(|(_, count)| *count > 0)
    }

    /// Adds events on a day.
    pub fn add(&mut self, day: i64, count: u32) {
        if self.totals.is_empty() {
            *self = Self { last_day: day, totals: vec![0] };
        }
        let later = usize::try_from(day.saturating_sub(self.last_day)).unwrap_or(0);
        if later > 0 {
            let total = self.totals.last().copied().unwrap_or(0);
            self.totals.extend(std::iter::repeat_n(total, later.min(DAYS)));
            self.last_day = day;
            self.forget();
        }
        let back = usize::try_from(self.last_day.saturating_sub(day)).unwrap_or(DAYS);
        if back >= DAYS {
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
        let old = self.totals.len().saturating_sub(DAYS);
        let forgotten = self.totals.drain(..old).next_back().unwrap_or(0);
        self.totals.iter_mut().for_each(|total| *total -= forgotten);
    }
}
