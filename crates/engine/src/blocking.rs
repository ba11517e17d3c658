use tokio::task::JoinHandle;

use crate::Error;

/// Runs `work` off the event loop in the current tracing span, so that its log lines carry the id
/// of the request.
pub(crate) fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work))
}

/// Runs `work` here if that is quick, and off the event loop otherwise. With `true` it runs here,
/// and gives up with [`Error::Abandoned`] if it would take long.
pub(crate) async fn run<T: Send + 'static>(
    may_be_quick: bool,
    work: impl Fn(bool) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match if may_be_quick { work(true) } else { Err(Error::Abandoned) } {
        Err(Error::Abandoned) => spawn_blocking(move || work(false)).await.map_err(Error::task)?,
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use tracing::Instrument;

    use super::spawn_blocking;

    #[tokio::test]
    async fn work_off_the_event_loop_stays_in_the_span_of_its_request() -> Result<(), tokio::task::JoinError>
    {
        let _installed = tracing_subscriber::fmt().with_writer(std::io::sink).try_init();
        let span = tracing::info_span!("request");
        let expected = span.id();
        assert!(expected.is_some());
        let found = async { spawn_blocking(|| tracing::Span::current().id()).await }.instrument(span).await?;
        assert_eq!(found, expected);
        Ok(())
    }
}
