//! Stop signals: SIGTERM and SIGINT, received from the start of the process to its end. A signal
//! that arrives between two phases of the server is delivered to the next one.

use std::io;

/// Receives stop signals, one after the other.
pub struct StopSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl StopSignals {
    /// Registers the handlers. From here on, the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// Returns an error if the system does not allow the handlers to be registered.
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

    /// Waits for the next signal and returns its name.
    #[cfg(unix)]
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Waits for the next signal and returns its name.
    #[cfg(not(unix))]
    pub async fn next(&mut self) -> &'static str {
        let _unregistered = tokio::signal::ctrl_c().await;
        "Ctrl-C"
    }

    /// Runs work to its end and returns its result; returns `None` and abandons the work if a
    /// signal arrives first. The work runs in a task of its own, so that a signal is received even
    /// while it blocks a thread.
    ///
    /// # Errors
    /// Returns an error if the work panicked.
    pub async fn or_stopped<T: Send + 'static>(
        &mut self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> anyhow::Result<Option<T>> {
        let mut task = tokio::spawn(work);
        tokio::select! {
            done = &mut task => Ok(Some(done?)),
            signal = self.next() => {
                tracing::info!(signal, "stopping before serving any request");
                task.abort();
                Ok(None)
            }
        }
    }
}
