//! What came of the runs, for Prometheus.

mod history;
mod samples;

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use docent::{ModelRun, Store};
use docent_telemetry::{parse_samples, redacted, render_samples};

use super::end::Attempt;

/// How many runs are looked at. Pruning leaves fewer.
const RUNS: u64 = 100_000;

/// Where what came of the runs is told to Prometheus, by way of node_exporter's textfile collector: a trainer that has
/// ended cannot be asked.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
}

impl MetricsFile {
    /// The file at a path, which is checked before a run and not after it.
    pub fn checked(path: &Path) -> anyhow::Result<Self> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        ensure!(
            name.ends_with(".prom"),
            "--metrics-file: expected a name that ends in .prom, which is what node_exporter reads, got {}",
            path.display()
        );
        let path = std::path::absolute(path)?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        ensure!(folder.is_dir(), "--metrics-file: the folder {} is not there", folder.display());
        Ok(Self { path })
    }

    /// Writes the file anew after an attempt to train; `store` is what could be opened. Failing at it is logged, and
    /// changes nothing about how the attempt ended.
    pub async fn tell(&self, store: Option<&Store>, attempt: &Attempt) {
        let runs = match store {
            Some(store) => self.runs(store).await,
            None => None,
        };
        let before = fs::read_to_string(&self.path).map(|text| parse_samples(&text)).unwrap_or_default();
        let samples = samples::after(attempt, runs.as_deref(), &before);
        if let Err(error) = self.replace(&render_samples(&samples)) {
            let (file, error) = (self.path.display(), format!("{error:#}"));
            tracing::error!(%file, error, "the metrics file could not be written");
        }
    }

    /// The history, newest first.
    async fn runs(&self, store: &Store) -> Option<Vec<ModelRun>> {
        match store.list_runs(RUNS).await {
            Ok(runs) => Some(runs),
            Err(error) => {
                let (file, error) = (self.path.display(), redacted(&error.to_string()));
                tracing::warn!(%file, error, "the history of runs cannot be read; the metrics file tells of this run only");
                None
            }
        }
    }

    /// A reader finds the old text or the new, never half of one.
    fn replace(&self, text: &str) -> anyhow::Result<()> {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = self.path.with_file_name(name);
        let written = File::create(&temporary).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        let replaced = written.and_then(|()| fs::rename(&temporary, &self.path));
        if replaced.is_err() {
            let _not_there = fs::remove_file(&temporary);
        }
        replaced.with_context(|| format!("writing {}", self.path.display()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::MetricsFile;

    #[test]
    fn the_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docent.prom");
        let file = MetricsFile::checked(&path).unwrap();
        std::fs::write(&path, "old").unwrap();
        file.replace("new\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new\n");
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(file.replace("new").is_err(), "a folder is in its place");
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_named_before_the_run() {
        let refused = |path: &str| MetricsFile::checked(path.as_ref()).unwrap_err().to_string();
        assert!(refused("/no/such/folder/docent.prom").contains("/no/such/folder"));
        assert!(refused("/tmp/docent.txt").contains(".prom"));
    }
}
