use docent_domain::{DomainError, MatrixError};
use docent_formats::FormatError;
use docent_models::ModelError;
use docent_training::TrainError;
use thiserror::Error;

/// A benchmark that could not be completed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BenchmarkError {
    /// A file is missing or not in the format of the protocol.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A model could not be trained or used.
    #[error(transparent)]
    Model(ModelError),
    /// The served pipeline could not be trained or used.
    #[error(transparent)]
    Training(TrainError),
    /// Data in a file breaks a rule of the domain.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// The observer stopped the benchmark.
    #[error("the benchmark was interrupted")]
    Interrupted,
}

impl From<ModelError> for BenchmarkError {
    fn from(error: ModelError) -> Self {
        if error.is_interrupted() { Self::Interrupted } else { Self::Model(error) }
    }
}

impl From<TrainError> for BenchmarkError {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Interrupted => Self::Interrupted,
            error => Self::Training(error),
        }
    }
}

impl From<MatrixError> for BenchmarkError {
    fn from(error: MatrixError) -> Self {
        Self::Model(error.into())
    }
}
