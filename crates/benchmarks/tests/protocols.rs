//! Protocols on small files.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    ops::ControlFlow,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use docent_benchmarks::{
    BenchmarkError, BenchmarkEvent, BenchmarkObserver, ModelOptions, Report, leave_one_out, ranking,
};
use docent_models::ModelKind;
use docent_training::fit::Objective;

fn options() -> ModelOptions {
    let kinds = vec![ModelKind::Popularity, ModelKind::ItemKnn];
    ModelOptions { kinds, ..ModelOptions::new(vec![1, 2], Objective::Full { k: 2 }) }
}

/// Writes files of four users; item ids are multiples of `step`.
fn write(folder: &Path, step: u32) {
    let [mut train, mut test, mut negatives, mut train_lists, mut test_lists] = [const { String::new() }; 5];
    for user in 0..4u32 {
        let own = [0, 1, 2].map(|item| (user % 2 * 3 + item) * step);
        let (kept, held_out) = (&own[..2], own[2]);
        for item in kept {
            train += &format!("{user}\t{item}\t1\t0\n");
        }
        // One user of each group knows the held-out item of the other.
        if user < 2 {
            train += &format!("{user}\t{held_out}\t1\t0\n");
            train_lists += &format!("{user} {} {} {held_out}\n", kept[0], kept[1]);
            continue;
        }
        train_lists += &format!("{user} {} {}\n", kept[0], kept[1]);
        test += &format!("{user}\t{held_out}\t1\t0\n");
        test_lists += &format!("{user} {held_out}\n");
        negatives += &format!("({user},{held_out})\t{}\t{}\n", (5 - user % 2 * 3) * step, 6 * step);
    }
    for (name, text) in [
        ("x.train.rating", train),
        ("x.test.rating", test),
        ("x.test.negative", negatives),
        ("train.txt", train_lists),
        ("test.txt", test_lists),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

fn metrics(report: &Report) -> Vec<(&'static str, String, f64)> {
    let of_models = report.models.iter().flat_map(|model| {
        model.estimates.iter().map(|(name, estimate)| (model.name, name.clone(), estimate.mean))
    });
    of_models.collect()
}

#[test]
fn ids_with_gaps_lead_to_the_same_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let (train, test) = (folder.path().join("train.txt"), folder.path().join("test.txt"));
    write(folder.path(), 1);
    let dense = leave_one_out(folder.path(), &options(), &()).unwrap();
    let dense_ranking = ranking(&train, &test, &options(), &()).unwrap();
    assert_eq!((dense.protocol, dense.users, dense.items), ("loo", 4, 7));
    assert!(metrics(&dense).contains(&("itemknn", "hr@1".to_owned(), 1.0)), "{dense:?}");
    write(folder.path(), 100);
    assert_eq!(metrics(&leave_one_out(folder.path(), &options(), &()).unwrap()), metrics(&dense));
    assert_eq!(metrics(&ranking(&train, &test, &options(), &()).unwrap()), metrics(&dense_ranking));
}

#[test]
fn a_model_that_needs_an_order_times_or_attributes_is_skipped_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1);
    let kinds = vec![ModelKind::RecentPopularity, ModelKind::Transitions, ModelKind::Content];
    let options = ModelOptions { kinds, ..options() };
    for trials in [0, 1] {
        let report = leave_one_out(folder.path(), &ModelOptions { trials, ..options.clone() }, &()).unwrap();
        let reasons: Vec<&str> = report.models.iter().filter_map(|m| m.skipped.as_deref()).collect();
        let [times, order, attributes] = reasons[..] else { unreachable!("{reasons:?}") };
        assert!(times.contains("times") && order.contains("order") && attributes.contains("attributes"));
    }
}

/// Stops at an event, counted from 0.
struct StopAt {
    event: usize,
    seen: AtomicUsize,
}

impl BenchmarkObserver for StopAt {
    fn on_event(&self, _: &BenchmarkEvent<'_>) -> ControlFlow<()> {
        if self.seen.fetch_add(1, Ordering::Relaxed) < self.event {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

/// Stops while users are scored.
struct StopWhenScoring;

impl BenchmarkObserver for StopWhenScoring {
    fn on_event(&self, _: &BenchmarkEvent<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn is_stopped(&self) -> bool {
        true
    }
}

#[test]
fn an_observer_stops_a_benchmark_at_every_event_and_between_users() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1);
    for event in 0..4 {
        let observer = StopAt { event, seen: AtomicUsize::new(0) };
        let stopped = leave_one_out(folder.path(), &options(), &observer);
        assert!(matches!(stopped, Err(BenchmarkError::Interrupted)), "{event}: {stopped:?}");
    }
    let stopped = leave_one_out(folder.path(), &options(), &StopWhenScoring);
    assert!(matches!(stopped, Err(BenchmarkError::Interrupted)), "{stopped:?}");
}
