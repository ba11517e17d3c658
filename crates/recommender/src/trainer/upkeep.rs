//! What a run finds when it begins: the remains of runs that were killed, and how much is new.

use chrono::Utc;
use docent_snapshot::{Manifest, TrainingLock};
use docent_storage::{ModelRun, RunEnd, RunStatus};
use serde_json::Value;

use super::Trainer;
use crate::{Error, ModelInfo};

/// How many runs back one may still be noted as running.
const RUNS: u64 = 100;

impl Trainer {
    /// How many interactions came since the live model was trained; `None` where none is live. Repeats count, and so do
    /// interactions of long ago that were imported since.
    ///
    /// # Errors
    /// [`Error::Storage`]; [`Error::Snapshot`] where the live model cannot be read.
    pub async fn new_interactions(&self) -> Result<Option<u64>, Error> {
        let Some(live) = self.snapshots.open_current()? else { return Ok(None) };
        let Some(info) = info(live.manifest()) else { return Ok(None) };
        let more = self.store.interaction_totals().await?.count.saturating_sub(info.interactions);
        let Some(newest) = info.newest_interaction else { return Ok(Some(more)) };
        Ok(Some(more.max(self.store.interactions_since(newest).await?)))
    }

    /// Removes what killed runs left in the folder, and gives each of them an end: while the lock is held none is at work.
    pub(super) async fn settle(&self, lock: &TrainingLock) -> Result<(), Error> {
        self.snapshots.recover(lock)?;
        let unended =
            self.store.list_runs(RUNS).await?.into_iter().filter(|run| run.status == RunStatus::Running);
        for run in unended {
            let end = self.end_of_killed(&run)?;
            tracing::warn!(run = run.run_id, status = end.status.as_str(), "a run ended without saying so");
            self.store.finish_run(&run.run_id, &end).await?;
        }
        Ok(())
    }

    /// It may have been killed after its model went live and before it could say so.
    fn end_of_killed(&self, run: &ModelRun) -> Result<RunEnd, Error> {
        let mut end = RunEnd {
            finished_at: Utc::now(),
            status: RunStatus::Failed,
            model_version: None,
            metrics: Value::Object(serde_json::Map::new()),
            message: Some("the trainer was killed, or crashed".to_owned()),
        };
        for id in self.snapshots.list()?.into_iter().rev() {
            let Ok(snapshot) = self.snapshots.open(&id) else { continue };
            let Some(info) = info(snapshot.manifest()) else { continue };
            if info.run_id.as_ref() == Some(&run.run_id) {
                end.status = RunStatus::Published;
                end.finished_at = snapshot.manifest().created_at;
                end.model_version = Some(id);
                end.metrics = serde_json::to_value(&info.holdout).unwrap_or_default();
                end.message = info.forced.then(|| "published by force; why is not known any more".to_owned());
                break;
            }
        }
        Ok(end)
    }
}

fn info(manifest: &Manifest) -> Option<ModelInfo> {
    serde_json::from_value(manifest.info.clone()).ok()
}
