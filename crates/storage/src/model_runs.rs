//! Training runs, with their settings and results.

use chrono::{DateTime, Utc};
use sea_orm::{EntityTrait, QueryOrder, QuerySelect, Set};
use serde_json::Value;

use crate::{
    Store,
    entity::model_run::{ActiveModel, Column, Entity, Model},
};
use docent_database::{
    error::{Result, StorageError},
    sql,
    time::{from_micros, from_micros_null, to_micros},
};

const TABLE: &str = "model_runs";

/// State of a training run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// The run has not ended, or its process died.
    Running,
    /// The model was published.
    Published,
    /// The model was worse than the live model or than popularity.
    Rejected,
    /// The run failed with an error.
    Failed,
    /// The run was stopped by a signal.
    Interrupted,
    /// The store had too little training data.
    InsufficientData,
}

impl RunStatus {
    const ALL: [Self; 6] = [
        Self::Running,
        Self::Published,
        Self::Rejected,
        Self::Failed,
        Self::Interrupted,
        Self::InsufficientData,
    ];

    /// Returns the name in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Published => "published",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::InsufficientData => "insufficient_data",
        }
    }
}

/// Training run that begins.
#[derive(Debug, Clone, PartialEq)]
pub struct NewModelRun {
    /// Id of the run, never used before.
    pub run_id: String,
    /// Time when the run begins.
    pub started_at: DateTime<Utc>,
    /// True if the model is published even if the quality gate rejects it.
    pub forced: bool,
    /// Settings of the run.
    pub config: Value,
}

/// End of a training run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    /// Time when the run ended.
    pub finished_at: DateTime<Utc>,
    /// State at the end.
    pub status: RunStatus,
    /// Version of the published snapshot.
    pub model_version: Option<String>,
    /// Metrics of the run.
    pub metrics: Value,
    /// Message for operators.
    pub message: Option<String>,
}

/// Stored training run.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRun {
    /// Id of the run.
    pub run_id: String,
    /// Time when the run began.
    pub started_at: DateTime<Utc>,
    /// Time when the run ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// State of the run.
    pub status: RunStatus,
    /// Version of the published snapshot.
    pub model_version: Option<String>,
    /// True if the model was to be published even if the quality gate rejected it.
    pub forced: bool,
    /// Settings of the run.
    pub config: Value,
    /// Metrics of the run.
    pub metrics: Value,
    /// Message for operators.
    pub message: Option<String>,
}

impl Store {
    /// Stores the beginning of a run.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] for an id that was used before.
    pub async fn start_run(&self, run: &NewModelRun) -> Result<()> {
        let row = ActiveModel {
            run_id: Set(run.run_id.clone()),
            started_at: Set(to_micros(run.started_at)),
            status: Set(RunStatus::Running.as_str().to_owned()),
            forced: Set(run.forced),
            config: Set(sql::json(&run.config)?),
            metrics: Set("{}".to_owned()),
            ..Default::default()
        };
        let transaction = self.begin().await?;
        sql::insert_rows(&transaction, vec![row], None).await?;
        transaction.commit().await
    }

    /// Stores the end of a run.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] for an unknown run.
    pub async fn finish_run(&self, run_id: &str, end: &RunEnd) -> Result<()> {
        let query = "UPDATE model_runs SET finished_at = $2, status = $3, model_version = $4, metrics = $5, \
                     message = $6 WHERE run_id = $1";
        let values = [
            run_id.into(),
            to_micros(end.finished_at).into(),
            end.status.as_str().into(),
            end.model_version.clone().into(),
            sql::json(&end.metrics)?.into(),
            end.message.clone().into(),
        ];
        let transaction = self.begin().await?;
        let found = sql::execute(&transaction, query, values).await?;
        transaction.commit().await?;
        if found == 0 {
            Err(StorageError::NotFound { what: "model run", id: run_id.to_owned() })
        } else {
            Ok(())
        }
    }

    /// Returns the newest runs, newest first.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn list_runs(&self, limit: u64) -> Result<Vec<ModelRun>> {
        let newest = Entity::find().order_by_desc(Column::StartedAt).order_by_desc(Column::Id).limit(limit);
        newest.all(self.reader()).await?.into_iter().map(checked).collect()
    }
}

fn checked(row: Model) -> Result<ModelRun> {
    let status = RunStatus::ALL.into_iter().find(|status| status.as_str() == row.status);
    let unknown = format!("unknown status {}", row.status);
    Ok(ModelRun {
        started_at: from_micros(TABLE, row.id, row.started_at)?,
        finished_at: from_micros_null(TABLE, row.id, row.finished_at)?,
        status: status.ok_or_else(|| StorageError::corrupt(TABLE, row.id, unknown))?,
        model_version: row.model_version,
        forced: row.forced,
        config: sql::from_json(TABLE, row.id, "config", &row.config)?,
        metrics: sql::from_json(TABLE, row.id, "metrics", &row.metrics)?,
        message: row.message,
        run_id: row.run_id,
    })
}
