//! Stop signals: SIGTERM and Ctrl-C.

use std::io;

use tokio::sync::watch;

/// A request to stop, which every part of the program can wait for.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Registers the handlers. From here on, the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// Returns an error if the system does not allow the handlers to be registered.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let (request, requested) = watch::channel(false);
        tokio::spawn(async move {
            let signal = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!(signal, "stopping after the current batch");
            // Fails only if nothing waits any more.
            let _unheard = request.send(true);
            request.closed().await;
        });
        Ok(Self(requested))
    }

    /// Returns one that is never requested.
    #[cfg(test)]
    pub fn never() -> Self {
        Self(watch::channel(false).1)
    }

    /// Returns true after a stop was requested.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until a stop is requested.
    pub async fn requested(&self) {
        if self.0.clone().wait_for(|requested| *requested).await.is_err() {
            // Nothing is left that could request it.
            std::future::pending().await
        }
    }
}
