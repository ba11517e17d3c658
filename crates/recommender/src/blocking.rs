use tokio::task::JoinHandle;

/// Does work off the event loop, within the span of who asks for it: its log lines carry the request's id, too.
pub(crate) fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work))
}
