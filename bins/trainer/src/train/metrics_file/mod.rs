//! Outcomes of runs, for Prometheus.

mod history;
mod samples;

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use docent::storage::{ModelRun, Store};
use docent_telemetry::{parse_samples, redacted, render_samples};

use super::end::Attempt;

/// Maximum number of runs that are read; pruning leaves fewer.
const RUNS: u64 = 100_000;

/// File that reports outcomes of runs to Prometheus through the textfile collector of
/// `node_exporter`. Prometheus cannot scrape a trainer that has ended.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
}

impl MetricsFile {
    /// Checks the path before a run, so that a mistake does not cost one.
    pub fn checked(path: &Path) -> anyhow::Result<Self> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        ensure!(
            name.ends_with(".prom"),
            "--metrics-file: expected a name that ends in .prom, which is what node_exporter reads, got {}",
            path.display()
        );
        let path = std::path::absolute(path)?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        ensure!(folder.is_dir(), "--metrics-file: the folder {} does not exist; create it", folder.display());
        Ok(Self { path })
    }

    /// Rewrites the file after an attempt to train; `store` is `None` if it could not be opened. A
    /// failure is logged and does not change the outcome of the attempt.
    pub async fn record(&self, store: Option<&Store>, attempt: &Attempt) {
        let runs = match store {
            Some(store) => self.runs(store).await,
            None => None,
        };
        let previous = fs::read_to_string(&self.path).map(|text| parse_samples(&text)).unwrap_or_default();
        let samples = samples::after(attempt, runs.as_deref(), &previous);
        if let Err(error) = self.replace(&render_samples(&samples)) {
            let (file, error) = (self.path.display(), format!("{error:#}"));
            tracing::error!(%file, error, "the metrics file could not be written");
        }
    }

    /// Reads the history of runs, newest first.
    async fn runs(&self, store: &Store) -> Option<Vec<ModelRun>> {
        match store.list_runs(RUNS).await {
            Ok(runs) => Some(runs),
            Err(error) => {
                let (file, error) = (self.path.display(), redacted(&error.to_string()));
                tracing::warn!(%file, error, "the history of runs cannot be read; the metrics file reports this run only");
                None
            }
        }
    }

    /// Replaces the text. A reader finds the old text or the new one, never a part.
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
    fn the_file_is_replaced_as_a_whole_and_no_temporary_file_stays() {
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
    fn a_path_that_cannot_be_written_is_reported_before_the_run() {
        let refused = |path: &str| MetricsFile::checked(path.as_ref()).unwrap_err().to_string();
        assert!(refused("/no/such/folder/docent.prom").contains("/no/such/folder"));
        assert!(refused("/tmp/docent.txt").contains(".prom"));
    }
}
