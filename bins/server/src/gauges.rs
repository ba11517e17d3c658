//! Gauges of the server: state of the database, the engine, the model and the disks, updated every
//! few seconds.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use docent::{Engine, EngineStatus, models::ModelInfo, storage::StoreConfig};
use docent_telemetry::{Exporter, Sample, disk_space, names};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

/// Maximum pause between updates, so that a scrape finds recent values.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// Maximum time the database may take to answer a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Starts the task that updates the gauges every `interval`. Abort the task to stop it.
pub fn start(engine: Engine, exporter: Exporter, interval: Duration) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let is_up =
                timeout(PROBE_TIMEOUT, engine.store().ping()).await.is_ok_and(|answer| answer.is_ok());
            metrics::gauge!(names::DATABASE_UP).set(f64::from(u8::from(is_up)));
            set_gauges(&engine);
            let sampled = engine.clone();
            if let Ok(samples) = spawn_blocking(move || state_samples(&sampled)).await {
                exporter.set_state(samples);
            }
            exporter.run_upkeep();
            tokio::time::sleep(interval.min(MAX_PAUSE)).await;
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
        (names::IMPRESSION_QUEUE, status.impressions.queued),
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

/// Samples series that disappear when they no longer apply: the live model and readable disks.
fn state_samples(engine: &Engine) -> Vec<Sample> {
    let status = engine.status();
    let build = Sample::new(names::BUILD_INFO, 1.0)
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("database", status.database);
    let mut samples = vec![build];
    samples.extend(disk_samples(engine));
    if let EngineStatus { model_version: Some(version), model: Some(model), .. } = &status {
        samples.push(Sample::new(names::MODEL_INFO, 1.0).with("version", version));
        samples.extend(created_at(version).map(|seconds| Sample::new(names::MODEL_CREATED, seconds)));
        let manifest = engine.snapshots().manifest(version).ok();
        let size = manifest.map(|manifest| manifest.size_bytes() as f64);
        samples.extend(size.map(|bytes| Sample::new(names::MODEL_SIZE, bytes)));
        samples.extend(model_samples(model));
    }
    samples
}

/// Samples the training data and the holdout metrics of a model.
fn model_samples(model: &ModelInfo) -> Vec<Sample> {
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

/// Returns the Unix time at which a snapshot was started, which its ULID encodes.
fn created_at(version: &str) -> Option<f64> {
    let at: SystemTime = ulid::Ulid::from_string(version).ok()?.datetime();
    Some(at.duration_since(UNIX_EPOCH).ok()?.as_secs_f64())
}

fn disk_samples(engine: &Engine) -> Vec<Sample> {
    let store = StoreConfig::new(&engine.config().database_url).sqlite_file();
    let places = [("store", store), ("snapshots", Some(engine.snapshots().root().to_owned()))];
    places
        .into_iter()
        .filter_map(|(place, path)| Some((place, disk_space(nearest_existing(&path?)?.as_path()).ok()?)))
        .flat_map(|(place, space)| {
            [(names::DISK_FREE, space.free_bytes), (names::DISK_SIZE, space.size_bytes)]
                .map(|(name, bytes)| Sample::new(name, bytes as f64).with("place", place))
        })
        .collect()
}

/// Returns the path itself, or its nearest ancestor that exists.
fn nearest_existing(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    path.ancestors().find(|ancestor| ancestor.exists()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{created_at, nearest_existing};

    #[test]
    fn a_missing_folder_is_on_the_disk_of_its_nearest_existing_ancestor() {
        let here = env!("CARGO_MANIFEST_DIR");
        assert_eq!(
            nearest_existing(&Path::new(here).join("no/such/folder")).as_deref(),
            Some(Path::new(here))
        );
        assert_eq!(nearest_existing(Path::new(here)).as_deref(), Some(Path::new(here)));
        assert!(nearest_existing(Path::new("no/such/folder")).is_some_and(|path| path.is_absolute()));
    }

    #[test]
    fn the_name_of_a_snapshot_encodes_its_start_time() {
        assert_eq!(created_at("01ARYZ6S410000000000000000"), Some(1_469_918_176.385));
        assert_eq!(created_at("latest"), None);
    }
}
