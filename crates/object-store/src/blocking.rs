use std::{io, sync::mpsc};

use docent_snapshot::RemoteError;
use tokio::runtime::{Builder, Runtime};

/// A runtime of its own, so that a thread can wait for a request whether or not it is one of
/// another runtime.
#[derive(Debug)]
pub(crate) struct Requests(Option<Runtime>);

impl Requests {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("docent-object-store")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Waits for the outcome of requests.
    pub(crate) fn wait_for<T: Send + 'static>(
        &self,
        requests: impl Future<Output = Result<T, RemoteError>> + Send + 'static,
    ) -> Result<T, RemoteError> {
        let stopped = || RemoteError::Failed("the requests were abandoned".into());
        let runtime = self.0.as_ref().ok_or_else(stopped)?;
        let (sender, receiver) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            let _abandoned = sender.send(requests.await);
        });
        receiver.recv().map_err(|_| stopped())?
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        // Waiting for its end is not allowed on a thread of another runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
