//! Metrics of a training run. A binary of its own, since the recorder is global.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

#[path = "../../engine/tests/engine/library.rs"]
mod library;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use library::Library;
use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};

/// Counts the increments of counters and the observations of histograms by name.
#[derive(Default)]
struct Counts(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Counts {
    fn of(&self, key: &Key) -> Arc<AtomicU64> {
        Arc::clone(self.0.lock().unwrap().entry(key.name().to_owned()).or_default())
    }

    /// Returns the metrics of recommendations that are not 0.
    fn of_recommendations(&self) -> BTreeMap<String, u64> {
        let counts = self.0.lock().unwrap();
        counts
            .iter()
            .map(|(name, count)| (name.clone(), count.load(Ordering::Relaxed)))
            .filter(|(name, count)| name.starts_with("docent_recommend_") && *count > 0)
            .collect()
    }
}

struct Observations(Arc<AtomicU64>);

impl HistogramFn for Observations {
    fn record(&self, _: f64) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Recorder for &'static Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.of(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Observations(self.of(key))))
    }
}

#[tokio::test]
async fn replays_in_training_raise_no_metric_of_recommendations() {
    static COUNTS: OnceLock<Counts> = OnceLock::new();
    let counts: &'static Counts = COUNTS.get_or_init(Counts::default);
    metrics::set_global_recorder(counts).unwrap();
    let library = Library::trained().await;
    assert_eq!(counts.of_recommendations(), BTreeMap::new());
    library.recommend("reader-1").await;
    let counted = counts.of_recommendations();
    assert_eq!(counted["docent_recommend_answers_total"], 1);
    assert!(counted["docent_recommend_candidates_total"] > 0, "{counted:?}");
    library.engine.close().await.unwrap();
}
