use chrono::SubsecRound;
use docent::storage::{ModelRun, RunStatus};
use docent_telemetry::{Sample, names};

use super::history::{self, seconds};
use crate::train::end::{Attempt, End};

const FAILED: &str = "failed";

/// Returns the metrics after an attempt. Without the history of `runs`, the `previous` metrics
/// stay, except those that the attempt changes. A failure that is missing in the history is counted
/// here and carried from file to file.
pub fn after(attempt: &Attempt, runs: Option<&[ModelRun]>, previous: &[Sample]) -> Vec<Sample> {
    let is_lost = attempt.end.is_none() && !is_recorded(attempt, runs);
    let unrecorded = value(previous, names::TRAINING_UNRECORDED, None).unwrap_or(0.0) + one_if(is_lost);
    let mut samples = match runs {
        Some(runs) => history::samples(runs),
        None => carried(previous),
    };
    let added = if runs.is_some() { unrecorded } else { one_if(is_lost) };
    for sample in samples.iter_mut().filter(|sample| is(sample, names::TRAINING_RUNS, Some(FAILED))) {
        sample.value += added;
    }
    if is_lost {
        put_failed(&mut samples, attempt);
    }
    put(&mut samples, Sample::new(names::TRAINING_UNRECORDED, unrecorded));
    for (metric, is_so) in [
        (names::TRAINING_LAST_CHECK, attempt.end.is_some_and(End::is_check)),
        (names::TRAINING_LAST_IDLE, attempt.end == Some(End::TooLittleNew)),
    ] {
        let at = if is_so { Some(seconds(attempt.ended)) } else { value(previous, metric, None) };
        if let Some(at) = at {
            put(&mut samples, Sample::new(metric, at));
        }
    }
    samples
}

/// Returns true if the newest run of the history is this attempt and has ended. The store keeps
/// times in microseconds.
fn is_recorded(attempt: &Attempt, runs: Option<&[ModelRun]>) -> bool {
    let newest = runs.and_then(<[ModelRun]>::first);
    newest.is_some_and(|run| {
        run.started_at >= attempt.began.trunc_subsecs(6) && run.status != RunStatus::Running
    })
}

/// Returns the previous metrics, with a count for every status.
fn carried(previous: &[Sample]) -> Vec<Sample> {
    let mut samples = history::samples(&[]);
    for sample in previous {
        put(&mut samples, sample.clone());
    }
    samples
}

/// Makes a failed attempt the last run.
fn put_failed(samples: &mut Vec<Sample>, attempt: &Attempt) {
    for status in names::RUN_STATUSES {
        let is_it = one_if(*status == FAILED);
        put(samples, Sample::new(names::TRAINING_LAST_STATUS, is_it).with("status", *status));
    }
    put(samples, Sample::new(names::TRAINING_LAST_END, seconds(attempt.ended)));
    let took = (attempt.ended - attempt.began).num_milliseconds() as f64 / 1_000.0;
    put(samples, Sample::new(names::TRAINING_LAST_DURATION, took));
}

/// Replaces the sample of the same series or adds it.
fn put(samples: &mut Vec<Sample>, new: Sample) {
    match samples.iter_mut().find(|old| old.metric == new.metric && old.labels == new.labels) {
        Some(old) => *old = new,
        None => samples.push(new),
    }
}

fn value(samples: &[Sample], metric: &str, status: Option<&str>) -> Option<f64> {
    samples.iter().find(|sample| is(sample, metric, status)).map(|sample| sample.value)
}

fn is(sample: &Sample, metric: &str, status: Option<&str>) -> bool {
    sample.metric == metric && sample.labels.first().map(|(_, value)| value.as_str()) == status
}

fn one_if(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use serde_json::json;

    use super::*;
    use crate::train::metrics_file::history::tests::run;

    /// Returns an attempt of one second.
    fn attempt(day: i64, end: Option<End>) -> Attempt {
        let began = DateTime::UNIX_EPOCH + TimeDelta::days(day);
        Attempt { began, ended: began + TimeDelta::seconds(1), end }
    }

    /// Returns the counts of failed and of unrecorded runs, and 1 if the last run failed.
    fn failures(samples: &[Sample]) -> [Option<f64>; 3] {
        [
            value(samples, names::TRAINING_RUNS, Some(FAILED)),
            value(samples, names::TRAINING_UNRECORDED, None),
            value(samples, names::TRAINING_LAST_STATUS, Some(FAILED)),
        ]
    }

    #[test]
    fn failures_that_no_store_recorded_are_counted_and_never_forgotten() {
        let first = after(&attempt(1, None), None, &[]);
        assert_eq!(failures(&first), [Some(1.0), Some(1.0), Some(1.0)], "{first:?}");
        assert_eq!(value(&first, names::TRAINING_RUNS, Some("published")), Some(0.0));
        assert_eq!(value(&first, names::TRAINING_LAST_END, None), Some(86_401.0));
        assert_eq!(value(&first, names::TRAINING_LAST_DURATION, None), Some(1.0));

        let published = [run(2, RunStatus::Published, json!({}))];
        let second = after(&attempt(2, Some(End::Published)), Some(&published), &first);
        assert_eq!(failures(&second), [Some(1.0), Some(1.0), Some(0.0)], "{second:?}");

        let third = after(&attempt(3, None), None, &second);
        assert_eq!(failures(&third), [Some(2.0), Some(2.0), Some(1.0)], "{third:?}");
        assert_eq!(value(&third, names::TRAINING_RUNS, Some("published")), Some(1.0), "as it was");
        assert_eq!(value(&third, names::TRAINING_LAST_CHECK, None), Some(2.0 * 86_400.0 + 1.0));
        let fourth = after(&attempt(4, None), Some(&published), &third);
        assert_eq!(
            failures(&fourth),
            [Some(3.0), Some(3.0), Some(1.0)],
            "the store was there, and no run began"
        );
    }

    #[test]
    fn a_failure_that_is_in_the_history_is_counted_once() {
        let runs = [run(2, RunStatus::Failed, json!({})), run(1, RunStatus::Published, json!({}))];
        let samples = after(&attempt(2, None), Some(&runs), &[]);
        assert_eq!(failures(&samples), [Some(1.0), Some(0.0), Some(1.0)], "{samples:?}");
        let unended = [run(2, RunStatus::Running, json!({}))];
        let samples = after(&attempt(2, None), Some(&unended), &[]);
        assert_eq!(failures(&samples), [Some(1.0), Some(1.0), Some(1.0)], "{samples:?}");
    }

    #[test]
    fn every_end_but_failures_and_interruptions_is_a_check() {
        let checked = |end| {
            let before = [Sample::new(names::TRAINING_LAST_CHECK, 7.0)];
            let samples = after(&attempt(1, end), Some(&[]), &before);
            [names::TRAINING_LAST_CHECK, names::TRAINING_LAST_IDLE]
                .map(|metric| value(&samples, metric, None))
        };
        let (now, before) = (Some(86_401.0), Some(7.0));
        for end in [End::Published, End::Rejected, End::TooLittleData] {
            assert_eq!(checked(Some(end)), [now, None], "{end:?}");
        }
        assert_eq!(checked(Some(End::TooLittleNew)), [now, now]);
        for end in [None, Some(End::Busy), Some(End::Interrupted(143))] {
            assert_eq!(checked(end), [before, None], "{end:?}");
        }
    }
}
