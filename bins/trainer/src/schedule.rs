//! Times of training, as a cron expression in UTC.

use std::{str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use croner::{
    Cron,
    parser::{CronParser, Year},
};

use crate::{exit, stop::Stop};

/// Maximum time between two readings of the clock, which may be set while the machine sleeps.
const MAX_SLEEP: Duration = Duration::from_secs(30);

/// A cron expression: minute, hour, day of the month, month, day of the week, optionally preceded
/// by seconds.
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: Box<Cron>,
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parser = CronParser::builder().year(Year::Disallowed).build();
        let example =
            "expected minute, hour, day of the month, month and day of the week, such as \"0 3 * * *\"";
        let cron = parser.parse(text).map_err(|error| format!("{error}; {example}"))?;
        let schedule = Self { cron: Box::new(cron) };
        match schedule.next(Utc::now()) {
            Some(_) => Ok(schedule),
            None => Err(format!("\"{text}\" never occurs; {example}")),
        }
    }
}

impl Schedule {
    /// Returns the first time after `now`.
    fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.cron.find_next_occurrence(&now, false).ok()
    }
}

/// Works at each time of the schedule until a stop is requested, and returns the exit code. Times
/// that pass during work are skipped. A failure is logged, and the work is tried again at the next
/// time.
///
/// # Errors
/// Returns an error if the schedule has no further time.
pub async fn run(
    schedule: &Schedule,
    stop: &Stop,
    work: impl AsyncFn() -> anyhow::Result<u8>,
) -> anyhow::Result<u8> {
    loop {
        let next = schedule.next(Utc::now());
        let next = next.ok_or_else(|| anyhow::anyhow!("the schedule has no further time"))?;
        println!("next training: {}", next.format("%F %T UTC"));
        if sleep_until(next, stop).await.is_some() {
            // No training was interrupted.
            return Ok(exit::DONE);
        }
        match work().await {
            Ok(code) => tracing::info!(code, "trained"),
            Err(error) => {
                let error = docent_telemetry::redacted(&format!("{error:#}"));
                tracing::error!(%error, "training failed; it is tried again at the next scheduled time");
            }
        }
        if let Some(code) = stop.requested() {
            return Ok(code);
        }
    }
}

async fn sleep_until(time: DateTime<Utc>, stop: &Stop) -> Option<u8> {
    loop {
        if stop.requested().is_some() {
            return stop.requested();
        }
        let left = (time - Utc::now()).to_std().ok().filter(|left| !left.is_zero())?;
        tokio::select! {
            () = tokio::time::sleep(left.min(MAX_SLEEP)) => {}
            () = stop.arrives() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, now: &str) -> String {
        let schedule: Schedule = schedule.parse().unwrap();
        schedule.next(now.parse().unwrap()).unwrap().format("%F %T").to_string()
    }

    #[test]
    fn times_are_those_of_cron_in_utc() {
        for (schedule, now, expected) in [
            ("0 3 * * *", "2026-01-31T02:59:59Z", "2026-01-31 03:00:00"),
            ("0 3 * * *", "2026-01-31T03:00:00Z", "2026-02-01 03:00:00"),
            ("*/15 * * * *", "2026-01-31T23:50:00Z", "2026-02-01 00:00:00"),
            ("0 3 * * MON", "2026-11-24T18:00:00Z", "2026-11-30 03:00:00"),
            // As in cron, either of the two days: the 13th or a Friday.
            ("0 0 13 * 5", "2026-11-24T18:00:00Z", "2026-11-27 00:00:00"),
            ("0 0 29 2 *", "2026-11-24T18:00:00Z", "2028-02-29 00:00:00"),
            ("@daily", "2026-01-31T02:59:59Z", "2026-02-01 00:00:00"),
            ("*/10 * * * * *", "2026-01-31T02:59:51Z", "2026-01-31 03:00:00"),
        ] {
            assert_eq!(next(schedule, now), expected, "{schedule}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for wrong in
            ["", "3", "0 25 * * *", "60 3 * * *", "0 3 * *", "daily", "0 0 31 2 *", "0 0 3 * * * 2027"]
        {
            assert!(wrong.parse::<Schedule>().is_err(), "{wrong}");
        }
    }
}
