//! SIGTERM and SIGINT, heard from the first moment to the last: what comes between two phases of a server's life waits for
//! the next one.

use std::io;

/// Where signals arrive, one after the other.
pub struct StopSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl StopSignals {
    /// Takes them over: from here on they end nothing by themselves.
    ///
    /// # Errors
    /// Where the system does not let them be heard.
    pub fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
            Ok(Self { terminate, interrupt })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for one. Its name.
    #[cfg(unix)]
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Waits for one. Its name.
    #[cfg(not(unix))]
    pub async fn next(&mut self) -> &'static str {
        let _unheard = tokio::signal::ctrl_c().await;
        "Ctrl-C"
    }

    /// What comes of some work; `None` if a signal comes first, and then the work is left where it is. It is done on a
    /// task of its own, so that a signal is heard even while it keeps a thread busy.
    ///
    /// # Errors
    /// Work that panicked.
    pub async fn unless_told<T: Send + 'static>(
        &mut self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> anyhow::Result<Option<T>> {
        let mut task = tokio::spawn(work);
        tokio::select! {
            done = &mut task => Ok(Some(done?)),
            signal = self.next() => {
                tracing::info!(signal, "stopping; nothing was served");
                task.abort();
                Ok(None)
            }
        }
    }
}
