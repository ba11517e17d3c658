use chrono::{DateTime, Utc};

use crate::exit;

/// How a run ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With a model that is live now.
    Published,
    /// With a model that the gate refused.
    Rejected,
    /// Too few positives.
    TooLittleData,
    /// Before it began: too little is new since the live model.
    TooLittleNew,
    /// Before it began: another trainer is at work.
    Busy,
    /// By a signal; the exit code of that.
    Interrupted(u8),
}

impl End {
    /// What the program ends with.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Published => exit::DONE,
            Self::Rejected => exit::REFUSED,
            Self::TooLittleData => exit::INSUFFICIENT_DATA,
            Self::TooLittleNew | Self::Busy => exit::NOTHING_TO_DO,
            Self::Interrupted(code) => code,
        }
    }

    /// Whether it looked for something to learn, and did with it what was to be done.
    pub fn is_check(self) -> bool {
        !matches!(self, Self::Busy | Self::Interrupted(_))
    }
}

/// One time that training was tried.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// When it began.
    pub began: DateTime<Utc>,
    /// When it was over.
    pub ended: DateTime<Utc>,
    /// How it ended; `None` if it failed.
    pub end: Option<End>,
}
