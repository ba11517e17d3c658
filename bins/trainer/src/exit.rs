//! Exit codes, which schedulers branch on.

/// All went well; of `train`: a model was published.
pub const DONE: u8 = 0;
/// Any error.
pub const FAILED: u8 = 1;
/// `train` found too few positive interactions.
pub const INSUFFICIENT_DATA: u8 = 2;
/// `train` made a model that the gate refused to publish.
pub const REFUSED: u8 = 3;
/// `train` had nothing to do: too little is new, or another trainer is at work.
pub const NOTHING_TO_DO: u8 = 4;
/// Stopped by Ctrl-C: 128 and the number of the signal, as shells have it.
pub const INTERRUPTED: u8 = 130;
/// Stopped by SIGTERM.
pub const TERMINATED: u8 = 143;
