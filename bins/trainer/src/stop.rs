//! Ctrl-C and SIGTERM. The first signal requests a clean stop; the second ends the process at once.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use anyhow::Context;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
};

use crate::{exit, logging};

/// A request to stop, shared by all parts of a command.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Exit code of the signal; 0 before the first signal.
    code: Arc<AtomicU8>,
    arrived: Arc<Notify>,
}

impl Stop {
    /// Handles the signals from now on.
    pub fn listen() -> anyhow::Result<Self> {
        let stop = Self::default();
        let mut interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
        let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
        let (code, arrived) = (Arc::clone(&stop.code), Arc::clone(&stop.arrived));
        tokio::spawn(async move {
            loop {
                let requested = tokio::select! {
                    _ = interrupt.recv() => exit::INTERRUPTED,
                    _ = terminate.recv() => exit::TERMINATED,
                };
                if code.swap(requested, Ordering::Relaxed) != 0 {
                    std::process::exit(i32::from(requested));
                }
                arrived.notify_one();
                logging::note("stopping after the current batch; press Ctrl-C again to stop immediately");
            }
        });
        Ok(stop)
    }

    /// Returns the exit code of the signal after a stop was requested.
    pub fn requested(&self) -> Option<u8> {
        Some(self.code.load(Ordering::Relaxed)).filter(|code| *code != 0)
    }

    /// Waits until a stop is requested.
    pub async fn arrives(&self) {
        self.arrived.notified().await;
    }
}
