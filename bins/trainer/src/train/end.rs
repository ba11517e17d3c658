use chrono::{DateTime, Utc};

use crate::exit;

/// Ending of a run that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The model is live now.
    Published,
    /// The quality gate rejected the model.
    Rejected,
    /// There were too few positives.
    TooLittleData,
    /// It did not begin: there were too few interactions since the live model was trained.
    TooLittleNew,
    /// It did not begin: another trainer was running.
    Busy,
    /// Another trainer published to the same object store meanwhile.
    Overtaken,
    /// A signal with this exit code interrupted it.
    Interrupted(u8),
}

impl End {
    /// Returns the exit code of the program.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Published => exit::DONE,
            Self::Rejected => exit::REFUSED,
            Self::TooLittleData => exit::INSUFFICIENT_DATA,
            Self::TooLittleNew | Self::Busy | Self::Overtaken => exit::NOTHING_TO_DO,
            Self::Interrupted(code) => code,
        }
    }

    /// Returns true if the run read the store and did all that was necessary.
    pub fn is_check(self) -> bool {
        !matches!(self, Self::Busy | Self::Overtaken | Self::Interrupted(_))
    }
}

/// One attempt to train.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// Begin of the attempt.
    pub began: DateTime<Utc>,
    /// End of the attempt.
    pub ended: DateTime<Utc>,
    /// Ending; `None` for a failure.
    pub end: Option<End>,
}
