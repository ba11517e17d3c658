//! State that a run finds: the remains of killed runs, and the number of new interactions.

use chrono::{TimeDelta, Utc};
use docent_engine::Error;
use docent_models::ModelInfo;
use docent_snapshot::{Base, Manifest, SnapshotError, TrainingLock};
use docent_storage::{ModelRun, RunEnd, RunStatus};
use serde_json::Value;

use crate::{Trainer, audit::audit_publication};

/// Number of recent runs that are searched for killed ones.
const MAX_RUNS: u64 = 100;
/// Time after which an unended run on another machine counts as killed.
const MAX_RUN: TimeDelta = TimeDelta::days(2);

impl Trainer {
    /// Returns the number of interactions since the live model was trained; `None` without a live
    /// model. Repeats count, and so do old interactions that were imported since.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database is; [`Error::Model`] if the live model cannot be
    /// read.
    pub async fn new_interactions(&self) -> Result<Option<u64>, Error> {
        self.live_base().await?;
        let Some(live) = self.snapshots.open_current()? else { return Ok(None) };
        let Some(info) = info(live.manifest()) else { return Ok(None) };
        let more = self.store.interaction_totals().await?.count.saturating_sub(info.interactions);
        let Some(newest) = info.newest_interaction else { return Ok(Some(more)) };
        Ok(Some(more.max(self.store.interactions_since(newest).await?)))
    }

    /// Brings the copy of the live model up to date if models are published in an object store, and
    /// returns what is published. A live model that is damaged is a reason to train.
    pub(crate) async fn live_base(&self) -> Result<Base, Error> {
        let snapshots = self.snapshots.clone();
        let pulled = tokio::task::spawn_blocking(move || match snapshots.pull(&[]) {
            Err(
                error @ (SnapshotError::Damaged { .. }
                | SnapshotError::NotFound { .. }
                | SnapshotError::NewerFormat { .. }
                | SnapshotError::MissingCurrent { .. }),
            ) => {
                tracing::warn!(%error, "the live model cannot be read");
                snapshots.base()
            }
            pulled => pulled,
        });
        Ok(pulled.await.map_err(Error::task)??)
    }

    /// Removes the files of killed runs and records their end. While the lock is held, no other run
    /// is active. With an object store, the lock excludes runs on this machine alone, so a run
    /// counts as killed only after a time that no run takes.
    pub(crate) async fn close_killed_runs(&self, lock: &TrainingLock) -> Result<(), Error> {
        self.snapshots.recover(lock)?;
        let newest = if self.snapshots.is_mirror() { Utc::now() - MAX_RUN } else { Utc::now() };
        let runs = self.store.list_runs(MAX_RUNS).await?.into_iter();
        let unended = runs.filter(|run| run.status == RunStatus::Running && run.started_at <= newest);
        for run in unended {
            let end = self.end_of_killed(&run)?;
            tracing::warn!(
                run = run.run_id,
                status = end.status.as_str(),
                "recorded the end of a run that was killed"
            );
            audit_publication(&self.store, &end).await;
            self.store.finish_run(&run.run_id, &end).await?;
        }
        Ok(())
    }

    /// Returns the end of a killed run: published, if its model went live before the kill.
    fn end_of_killed(&self, run: &ModelRun) -> Result<RunEnd, Error> {
        let mut end = RunEnd {
            finished_at: Utc::now(),
            status: RunStatus::Failed,
            model_version: None,
            metrics: Value::Object(serde_json::Map::new()),
            message: Some("the trainer was killed or crashed".to_owned()),
        };
        for id in self.snapshots.list()?.into_iter().rev() {
            let Ok(manifest) = self.snapshots.manifest(&id) else { continue };
            let Some(info) = info(&manifest) else { continue };
            if info.run_id.as_ref() == Some(&run.run_id) && self.snapshots.was_live(&id)? {
                end.status = RunStatus::Published;
                end.finished_at = manifest.created_at;
                end.model_version = Some(id);
                end.metrics = serde_json::to_value(&info.holdout).unwrap_or_default();
                end.message = info
                    .forced
                    .then(|| "published by force; the reason of the quality gate is lost".to_owned());
                break;
            }
        }
        Ok(end)
    }
}

fn info(manifest: &Manifest) -> Option<ModelInfo> {
    serde_json::from_value(manifest.info.clone()).ok()
}
