//! What the server tells of its state: looked at every few seconds, whatever else it is waiting for.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use docent::{Engine, EngineStatus, ModelInfo, SnapshotStore, StoreConfig};
use docent_telemetry::{Exporter, Sample, disk_space, names};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

/// A scrape shall find nothing older than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long the database has to answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Starts; abort the task to end it.
pub fn start(engine: Engine, exporter: Exporter, every: Duration) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let is_up =
                timeout(PROBE_TIMEOUT, engine.store().ping()).await.is_ok_and(|answer| answer.is_ok());
            metrics::gauge!(names::DATABASE_UP).set(f64::from(u8::from(is_up)));
            set_gauges(&engine);
            let looked = engine.clone();
            if let Ok(samples) = spawn_blocking(move || state(&looked)).await {
                exporter.set_state(samples);
            }
            exporter.run_upkeep();
            tokio::time::sleep(every.min(LONGEST_PAUSE)).await;
        }
    })
}

fn set_gauges(engine: &Engine) {
    let status = engine.status();
    for (name, value) in [
        (names::RESOURCES, status.resources),
        (names::VECTORS, status.vectors),
        (names::GRAPH_EDGES, status.edges),
        (names::MODEL_LIVE, usize::from(status.model_version.is_some())),
        (names::IMPRESSION_QUEUE, status.impressions.waiting),
        (names::IMPRESSION_QUEUE_CAPACITY, status.impressions.capacity),
    ] {
        metrics::gauge!(name).set(value as f64);
    }
    for status in engine.store().pools() {
        for (state, connections) in [("idle", status.idle), ("in_use", status.in_use)] {
            let gauge = metrics::gauge!(names::DATABASE_CONNECTIONS, "pool" => status.pool, "state" => state);
            gauge.set(f64::from(connections));
        }
        metrics::gauge!(names::DATABASE_CONNECTIONS_MAX, "pool" => status.pool).set(f64::from(status.max));
    }
}

/// What shall disappear when it is no longer so: the live model, disks that can be seen.
fn state(engine: &Engine) -> Vec<Sample> {
    let status = engine.status();
    let build = Sample::new(names::BUILD_INFO, 1.0)
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("database", status.database);
    let mut samples = vec![build];
    samples.extend(disks(engine));
    if let EngineStatus { model_version: Some(version), model: Some(model), .. } = &status {
        samples.push(Sample::new(names::MODEL_INFO, 1.0).with("version", version));
        samples.extend(born(version).map(|seconds| Sample::new(names::MODEL_CREATED, seconds)));
        let snapshot = SnapshotStore::new(&engine.config().snapshots).open(version).ok();
        let size = snapshot.map(|snapshot| snapshot.size_bytes() as f64);
        samples.extend(size.map(|bytes| Sample::new(names::MODEL_SIZE, bytes)));
        samples.extend(trained(model));
    }
    samples
}

/// What the model was learned from, and how good it was.
fn trained(model: &ModelInfo) -> Vec<Sample> {
    let mut samples = vec![
        Sample::new(names::MODEL_USERS, model.users as f64),
        Sample::new(names::MODEL_RESOURCES, model.resources as f64),
        Sample::new(names::MODEL_POSITIVES, model.positives as f64),
    ];
    let watermark = model.watermark.map(|at| at.timestamp_micros() as f64 / 1_000_000.0);
    samples.extend(watermark.map(|seconds| Sample::new(names::MODEL_WATERMARK, seconds)));
    for (judged, metrics) in &model.holdout {
        samples.extend(metrics.named().map(|(metric, value)| {
            Sample::new(names::MODEL_HOLDOUT, value).with("model", judged).with("metric", metric)
        }));
    }
    samples
}

/// When a snapshot was begun, which its name tells.
fn born(version: &str) -> Option<f64> {
    let at: SystemTime = ulid::Ulid::from_string(version).ok()?.datetime();
    Some(at.duration_since(UNIX_EPOCH).ok()?.as_secs_f64())
}

fn disks(engine: &Engine) -> Vec<Sample> {
    let store = StoreConfig::new(&engine.config().database_url).sqlite_file();
    let places = [("store", store), ("snapshots", Some(engine.config().snapshots.clone()))];
    places
        .into_iter()
        .filter_map(|(place, path)| Some((place, disk_space(nearest(&path?)?.as_path()).ok()?)))
        .flat_map(|(place, space)| {
            [(names::DISK_FREE, space.free_bytes), (names::DISK_SIZE, space.size_bytes)]
                .map(|(name, bytes)| Sample::new(name, bytes as f64).with("place", place))
        })
        .collect()
}

/// The path itself, or the folder that it will be made in.
fn nearest(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    path.ancestors().find(|ancestor| ancestor.exists()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{born, nearest};

    #[test]
    fn a_folder_that_is_yet_to_be_made_is_on_the_disk_of_the_nearest_that_is_there() {
        let here = env!("CARGO_MANIFEST_DIR");
        assert_eq!(nearest(&Path::new(here).join("no/such/folder")).as_deref(), Some(Path::new(here)));
        assert_eq!(nearest(Path::new(here)).as_deref(), Some(Path::new(here)));
        assert!(nearest(Path::new("no/such/folder")).is_some_and(|path| path.is_absolute()));
    }

    #[test]
    fn the_name_of_a_snapshot_tells_when_it_was_begun() {
        assert_eq!(born("01ARYZ6S410000000000000000"), Some(1_469_918_176.385));
        assert_eq!(born("latest"), None);
    }
}
