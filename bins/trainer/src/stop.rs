//! Ctrl-C and SIGTERM: the first asks for a clean stop, the second does not wait for it.

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

/// Whether and by what a stop was asked for.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// The exit code of the signal; 0 as long as there was none.
    code: Arc<AtomicU8>,
    arrived: Arc<Notify>,
}

impl Stop {
    /// Takes the signals over from here on.
    pub fn listen() -> anyhow::Result<Self> {
        let stop = Self::default();
        let mut interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
        let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
        let (code, arrived) = (Arc::clone(&stop.code), Arc::clone(&stop.arrived));
        tokio::spawn(async move {
            loop {
                let asked = tokio::select! {
                    _ = interrupt.recv() => exit::INTERRUPTED,
                    _ = terminate.recv() => exit::TERMINATED,
                };
                if code.swap(asked, Ordering::Relaxed) != 0 {
                    std::process::exit(i32::from(asked));
                }
                arrived.notify_one();
                logging::note("stopping at the next batch; once more to stop at once");
            }
        });
        Ok(stop)
    }

    /// The exit code to end with, if a stop was asked for.
    pub fn asked(&self) -> Option<u8> {
        Some(self.code.load(Ordering::Relaxed)).filter(|code| *code != 0)
    }

    /// Waits for a stop to be asked for.
    pub async fn arrives(&self) {
        self.arrived.notified().await;
    }

    /// An error once a stop was asked for.
    pub fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.asked().is_none(), "interrupted");
        Ok(())
    }
}
