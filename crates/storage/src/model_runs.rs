//! Training runs: when, with what settings, and how they ended.

use chrono::{DateTime, Utc};
use sea_orm::{EntityTrait, QueryOrder, QuerySelect, Set};
use serde_json::Value;

use crate::{
    Store,
    entity::model_run::{ActiveModel, Column, Entity, Model},
    error::{Result, StorageError},
    sql,
    time::{from_micros, from_micros_null, to_micros},
};

const TABLE: &str = "model_runs";

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// Not ended, or its program died.
    Running,
    /// Its model was published.
    Published,
    /// Its model was worse than the live one, or than popularity.
    Rejected,
    /// It broke.
    Failed,
    /// It was stopped from outside.
    Interrupted,
    /// There was too little to learn from.
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

    /// The name in the database and on the wire.
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

/// A run that begins.
#[derive(Debug, Clone, PartialEq)]
pub struct NewModelRun {
    /// Its id, never used before.
    pub run_id: String,
    /// When.
    pub started_at: DateTime<Utc>,
    /// Whether its model is to be published however bad.
    pub forced: bool,
    /// Its settings.
    pub config: Value,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    /// When.
    pub finished_at: DateTime<Utc>,
    /// How.
    pub status: RunStatus,
    /// The snapshot that it published.
    pub model_version: Option<String>,
    /// What it measured.
    pub metrics: Value,
    /// What a person should know.
    pub message: Option<String>,
}

/// A run as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRun {
    /// Its id.
    pub run_id: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How it stands.
    pub status: RunStatus,
    /// The snapshot that it published.
    pub model_version: Option<String>,
    /// Whether its model was to be published however bad.
    pub forced: bool,
    /// Its settings.
    pub config: Value,
    /// What it measured.
    pub metrics: Value,
    /// What a person should know.
    pub message: Option<String>,
}

impl Store {
    /// Notes that a run begins.
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
        Ok(transaction.commit().await?)
    }

    /// Notes how a run ended.
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

    /// The newest runs, newest first.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for a row that breaks a rule.
    pub async fn list_runs(&self, limit: u64) -> Result<Vec<ModelRun>> {
        let newest = Entity::find().order_by_desc(Column::StartedAt).order_by_desc(Column::Id).limit(limit);
        newest.all(self.reader()).await?.into_iter().map(checked).collect()
    }
}

fn checked(row: Model) -> Result<ModelRun> {
    let unknown = || StorageError::corrupt(TABLE, row.id, format!("unknown status {}", row.status));
    Ok(ModelRun {
        started_at: from_micros(TABLE, row.id, row.started_at)?,
        finished_at: from_micros_null(TABLE, row.id, row.finished_at)?,
        status: RunStatus::ALL
            .into_iter()
            .find(|status| status.as_str() == row.status)
            .ok_or_else(unknown)?,
        model_version: row.model_version,
        forced: row.forced,
        config: sql::from_json(TABLE, row.id, "config", &row.config)?,
        metrics: sql::from_json(TABLE, row.id, "metrics", &row.metrics)?,
        message: row.message,
        run_id: row.run_id,
    })
}
