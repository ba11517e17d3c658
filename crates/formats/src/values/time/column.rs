use chrono::NaiveTime;

use super::{Form, MIN_SECONDS, Reading, TimeFormat, UNITS, Unit, Zone, compact, is_year, short};

/// The forms of the times of one column.
#[derive(Debug, Clone, Default)]
pub(crate) struct TimeColumn {
    instants: Seen,
    locals: Seen,
    /// Local times with a time of day.
    clocks: Seen,
    day_first: Seen,
    month_first: Seen,
    either_first: Seen,
    zeros: Seen,
    years: Seen,
    compact: Seen,
    small: Seen,
    units: [Seen; 4],
    unknown: Seen,
    /// Largest number of the column.
    max: f64,
}

/// Number of values of one form, and the line and the text of the first.
#[derive(Debug, Clone, Default)]
struct Seen {
    n: u64,
    line: u64,
    text: String,
}

impl Seen {
    fn is_most(&self, all: u64) -> bool {
        self.n > 0 && self.n * 2 >= all
    }

    fn add(&mut self, line: u64, text: &str) {
        if self.n == 0 {
            (self.line, self.text) = (line, text.to_owned());
        }
        self.n += 1;
    }
}

impl TimeColumn {
    pub fn add(&mut self, line: u64, text: &str) {
        let seen = match Form::of(text) {
            Form::Instant(_) => &mut self.instants,
            Form::Local(time) => {
                if time.time() != NaiveTime::MIN {
                    self.clocks.add(line, text);
                }
                &mut self.locals
            }
            Form::Slashed(slashed) if slashed.first > 12 => &mut self.day_first,
            Form::Slashed(slashed) if slashed.second > 12 => &mut self.month_first,
            Form::Slashed(_) => &mut self.either_first,
            Form::Number(number) => {
                self.max = self.max.max(number);
                self.of_number(number, text)
            }
            Form::Unknown => &mut self.unknown,
        };
        seen.add(line, text);
    }

    fn of_number(&mut self, number: f64, text: &str) -> &mut Seen {
        match Unit::of(number) {
            _ if number == 0.0 => &mut self.zeros,
            Some(unit) if number > 0.0 => &mut self.units[unit as usize],
            _ if is_year(number) => &mut self.years,
            _ if compact(text).is_some() => &mut self.compact,
            _ => &mut self.small,
        }
    }

    /// Returns the number of values that are times.
    pub fn n_times(&self) -> u64 {
        let texts =
            self.instants.n + self.locals.n + self.day_first.n + self.month_first.n + self.either_first.n;
        texts + self.units.iter().map(|seen| seen.n).sum::<u64>()
    }

    fn n(&self) -> u64 {
        let numbers = self.zeros.n + self.years.n + self.compact.n + self.small.n;
        self.n_times() + numbers + self.unknown.n
    }

    /// Decides how to read the column. Returns the reading and what to say about it.
    ///
    /// # Errors
    /// Returns what is wrong if the column has two units, two orders of day and month, or numbers
    /// that can be read in two ways.
    pub fn reading(
        &self,
        name: &str,
        format: Option<TimeFormat>,
        zone: Zone,
        may_be_year: bool,
    ) -> Result<(Reading, Vec<String>), String> {
        let mut reading = Reading { format, zone, may_be_year, ..Reading::default() };
        let mut notes = Vec::new();
        if reading.format.is_some() {
            return Ok((reading, notes));
        }
        let mut by_count: Vec<Unit> =
            UNITS.into_iter().filter(|unit| self.units[*unit as usize].n > 0).collect();
        by_count.sort_by_key(|unit| std::cmp::Reverse(self.units[*unit as usize].n));
        if let [most, second, ..] = by_count.as_slice() {
            let (a, b) = (&self.units[*most as usize], &self.units[*second as usize]);
            if b.n * 100 >= a.n {
                return Err(format!(
                    "column \"{name}\": line {} has {} ({most} since 1970) and line {} has {} ({second}); expected \
                     one unit: say it by --time-format, or write all times in one",
                    a.line, a.text, b.line, b.text
                ));
            }
        }
        reading.unit = by_count.first().copied();
        if let Some(unit) = reading.unit {
            let first = &self.units[unit as usize].text;
            let example = first.parse().ok().and_then(|number| unit.time(number)).map(short);
            let example = example.map(|time| format!(": {first} is {time}")).unwrap_or_default();
            notes.push(format!("column \"{name}\": times are {unit} since 1970{example}"));
        }
        if let (Seen { n: 1.., line: a, text, .. }, Seen { n: 1.., line: b, text: other }) =
            (&self.day_first, &self.month_first)
        {
            return Err(format!(
                "column \"{name}\": line {a} has {text}, with the day first, and line {b} has {other}, with the month \
                 first; expected one order"
            ));
        }
        reading.day_first = (self.day_first.n + self.month_first.n > 0).then_some(self.day_first.n > 0);
        if let Some(day_first) = reading.day_first {
            let first = if day_first { "day" } else { "month" };
            notes.push(format!("column \"{name}\": the {first} stands first in dates such as 02/06/2015"));
        }
        if !may_be_year {
            self.refuse_numbers(name)?;
        }
        if self.clocks.n > 0 && !may_be_year {
            let example = &self.clocks.text;
            notes.push(format!(
                "column \"{name}\": times without a zone, such as {example}, are read as {zone}"
            ));
        }
        if self.zeros.n > 0 {
            notes.push(format!("column \"{name}\": {} times are 0 and count as unknown", self.zeros.n));
        }
        Ok((reading, notes))
    }

    /// Refuses a column most of whose numbers can be read in two ways.
    fn refuse_numbers(&self, name: &str) -> Result<(), String> {
        let all = self.n();
        let (seen, other, say) = if self.years.is_most(all) {
            (&self.years, format!("the year {}", self.years.text), "year or s")
        } else if self.compact.is_most(all) {
            let day = compact(&self.compact.text).map(|day| day.to_string()).unwrap_or_default();
            (&self.compact, day, "%Y%m%d or s")
        } else if self.small.is_most(all) && self.max < MIN_SECONDS {
            (&self.small, "a number that is no time".to_owned(), "s, ms, us or ns if they are times")
        } else {
            return Ok(());
        };
        let since = seen.text.parse().ok().and_then(|number| Unit::Seconds.time(number)).map(short);
        Err(format!(
            "column \"{name}\": {} (line {}) can be {} (seconds since 1970) or {other}; say --time-format {say}",
            seen.text,
            seen.line,
            since.unwrap_or_default()
        ))
    }
}
