//! Exit codes, which schedulers branch on.

/// Success. For `train`: a model was published.
pub const DONE: u8 = 0;
/// Failure: an error was reported on standard error.
pub const FAILED: u8 = 1;
/// `train` found too few positive interactions.
pub const INSUFFICIENT_DATA: u8 = 2;
/// The quality gate rejected the model of `train`.
pub const REFUSED: u8 = 3;
/// `train` had nothing to do: too few new interactions, or another trainer is running or has
/// published meanwhile.
pub const NOTHING_TO_DO: u8 = 4;
/// Stopped by Ctrl-C: 128 plus the number of the signal, as in shells.
pub const INTERRUPTED: u8 = 130;
/// Stopped by SIGTERM.
pub const TERMINATED: u8 = 143;
