//! Events of streams into the store, each exactly once.
//!
//! A [`Batch`] is what was read of some partitions, in JSON. [`Sink::store`] writes its events and
//! moves the positions of the partitions in one transaction, so that a batch is stored as a whole
//! or not at all, and never twice, however many read the stream and are killed. A message that is
//! no event, or that the store must refuse, becomes a dead [`Letter`], which [`DeadLetters`]
//! takes before the position moves.
//!
//! The client of the stream fetches, and seeks to where [`Sink::begin`] says. This crate must never
//! know a protocol of the network, nor read a clock.

mod batch;
mod error;
mod event;
mod letter;
mod sink;

pub use batch::Batch;
pub use docent_positions::{Move, Partition};
pub use error::StreamError;
pub use event::{Content, Event, Message};
pub use letter::{DeadLetters, Letter, Reason, Undelivered};
pub use sink::{Outcome, Sink};
