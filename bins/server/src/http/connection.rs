//! Connections that cannot be held open by slow or silent peers.

use std::{
    cell::Cell,
    io,
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{HttpRequest, dev::ServiceRequest};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// Times for which a connection waits for its peer.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Time in which the head of a request must arrive, from the end of the answer before it, or
    /// from the opening of the connection.
    head: Duration,
    /// The same while connections are running out.
    head_when_crowded: Duration,
    /// Time in which an answer must leave, from the first moment at which the peer took no more of
    /// it.
    sending: Duration,
    /// Interval at which waiting connections look if they still may wait.
    check: Duration,
}

const PATIENCE: Patience = Patience {
    head: Duration::from_secs(15),
    head_when_crowded: Duration::from_secs(1),
    sending: Duration::from_secs(60),
    check: Duration::from_secs(1),
};
/// Time without any progress after which the operating system gives a peer up.
const MAX_STALL: Duration = Duration::from_secs(20);
/// Open files that are left to the database, to models and to logs.
const RESERVED_FILES: usize = 24;
/// Minimum number of connections, whatever the limit on open files.
const MIN_CONNECTIONS: usize = 8;
/// Maximum number of connections.
const MAX_CONNECTIONS: usize = 16_384;

/// Number of open connections of all workers, and their limit.
#[derive(Debug)]
pub struct Crowd {
    open: AtomicUsize,
    max: usize,
}

impl Crowd {
    /// Sets the limit by the number of files that the process may still open.
    pub fn of_process() -> Arc<Self> {
        let free = free_descriptors().map_or(MAX_CONNECTIONS, |free| free.saturating_sub(RESERVED_FILES));
        Arc::new(Self { open: AtomicUsize::new(0), max: free.clamp(MIN_CONNECTIONS, MAX_CONNECTIONS) })
    }

    /// Returns the maximum number of connections.
    pub fn max(&self) -> usize {
        self.max
    }

    /// Returns true if more than half of the connections are open.
    fn is_crowded(&self) -> bool {
        self.open.load(Ordering::Relaxed) > self.max / 2
    }
}

/// Returns how many files the process may still open; `None` where the system does not say.
#[cfg(target_os = "linux")]
fn free_descriptors() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
    let max: usize = line.split_whitespace().nth(3)?.parse().ok()?;
    let open = std::fs::read_dir("/proc/self/fd").ok()?.count();
    Some(max.saturating_sub(open))
}

#[cfg(not(target_os = "linux"))]
fn free_descriptors() -> Option<usize> {
    None
}

/// State of a connection that its stream and the middleware share.
#[derive(Debug)]
pub struct Activity {
    /// Number of requests that are being handled.
    requests: Cell<usize>,
    /// Time since which the peer must send a head.
    idle_since: Cell<Instant>,
}

/// Keeps a connection from counting as idle while a request is handled.
pub struct Busy(Option<Rc<Activity>>);

impl Busy {
    /// Marks the connection of a request.
    pub fn of(request: &ServiceRequest) -> Self {
        let http: &HttpRequest = request.request();
        let activity = http.conn_data::<Rc<Activity>>().cloned();
        if let Some(activity) = &activity {
            activity.requests.set(activity.requests.get() + 1);
        }
        Self(activity)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(activity) = &self.0 {
            activity.requests.set(activity.requests.get().saturating_sub(1));
            activity.idle_since.set(Instant::now());
        }
    }
}

/// TCP connection that fails with [`io::ErrorKind::TimedOut`] if its peer sends no head, or takes
/// no answer, in time. Deadlines count on every request of the connection.
pub struct Connection {
    stream: TcpStream,
    activity: Rc<Activity>,
    crowd: Arc<Crowd>,
    /// Time since which the peer has not taken all that there was to send.
    blocked_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    patience: Patience,
}

impl Connection {
    /// Takes a connection that was just opened.
    pub fn new(stream: TcpStream, crowd: Arc<Crowd>) -> Self {
        Self::with_patience(stream, crowd, PATIENCE)
    }

    fn with_patience(stream: TcpStream, crowd: Arc<Crowd>, patience: Patience) -> Self {
        send_at_once(&stream);
        crowd.open.fetch_add(1, Ordering::Relaxed);
        let activity = Rc::new(Activity { requests: Cell::new(0), idle_since: Cell::new(Instant::now()) });
        Self {
            stream,
            activity,
            crowd,
            blocked_since: None,
            timer: Box::pin(sleep(patience.check)),
            patience,
        }
    }

    /// Returns what the middleware marks requests in.
    pub fn activity(&self) -> Rc<Activity> {
        Rc::clone(&self.activity)
    }

    /// Returns the time at which the connection has waited for too long; `None` while a request is
    /// handled.
    fn deadline(&self) -> Option<Instant> {
        if let Some(since) = self.blocked_since {
            return Some(since + self.patience.sending);
        }
        let Patience { head, head_when_crowded, .. } = self.patience;
        let max = if self.crowd.is_crowded() { head_when_crowded } else { head };
        (self.activity.requests.get() == 0).then(|| self.activity.idle_since.get() + max)
    }

    /// Has the task woken up for the next check; fails once the deadline is over.
    fn wait<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        loop {
            let now = Instant::now();
            if self.deadline().is_some_and(|deadline| deadline <= now) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            if pin!(&mut self.timer).poll(context).is_pending() {
                return Poll::Pending;
            }
            let next = now + self.patience.check;
            self.timer.as_mut().reset(next);
        }
    }

    fn sent(&mut self, context: &mut Context<'_>, sent: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match sent {
            Poll::Pending => {
                self.blocked_since.get_or_insert_with(Instant::now);
                self.wait(context)
            }
            Poll::Ready(sent) => {
                self.activity.idle_since.set(Instant::now());
                Poll::Ready(sent)
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.crowd.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self.wait(context),
            read => read,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write(context, bytes);
        if matches!(&sent, Poll::Ready(Ok(sent)) if *sent == bytes.len()) {
            self.blocked_since = None;
        }
        self.sent(context, sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all: usize = parts.iter().map(|part| part.len()).sum();
        let sent = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        if matches!(&sent, Poll::Ready(Ok(sent)) if *sent == all) {
            self.blocked_since = None;
        }
        self.sent(context, sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Sets `TCP_NODELAY`: an answer in two writes would otherwise wait for the acknowledgement of its
/// first one, which clients delay by 40 ms. Has the system give up peers that take nothing.
fn send_at_once(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    #[cfg(target_os = "linux")]
    {
        let milliseconds = u32::try_from(MAX_STALL.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, milliseconds) {
            tracing::debug!(%error, "cannot set TCP_USER_TIMEOUT");
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    const SHORT: Duration = Duration::from_millis(50);
    /// So long that a test that waits for it hangs.
    const LONG: Duration = Duration::from_secs(86_400);
    const PATIENT: Patience = Patience { head: LONG, head_when_crowded: LONG, sending: LONG, check: SHORT };

    async fn connected(max: usize, patience: Patience) -> io::Result<(Connection, TcpStream)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let peer = TcpStream::connect(listener.local_addr()?).await?;
        let crowd = Arc::new(Crowd { open: AtomicUsize::new(0), max });
        Ok((Connection::with_patience(listener.accept().await?.0, crowd, patience), peer))
    }

    #[tokio::test]
    async fn connections_send_at_once() -> io::Result<()> {
        let (connection, _peer) = connected(100, PATIENT).await?;
        assert!(connection.stream.nodelay()?);
        Ok(())
    }

    #[tokio::test]
    async fn a_silent_peer_is_given_up_and_sooner_in_a_crowd() -> io::Result<()> {
        for (max, patience) in [
            (100, Patience { head: SHORT, ..PATIENT }),
            (1, Patience { head_when_crowded: SHORT, ..PATIENT }),
        ] {
            let (mut connection, _peer) = connected(max, patience).await?;
            let error = connection.read(&mut [0; 16]).await.err();
            assert_eq!(error.map(|error| error.kind()), Some(io::ErrorKind::TimedOut));
        }
        Ok(())
    }

    #[tokio::test]
    async fn nothing_is_given_up_while_a_request_is_handled_and_the_time_counts_from_its_end()
    -> io::Result<()> {
        let (mut connection, _peer) = connected(100, Patience { head: SHORT, ..PATIENT }).await?;
        let activity = connection.activity();
        activity.requests.set(1);
        let mut busy = Some(Busy(Some(Rc::clone(&activity))));
        let mut buffer = [0; 16];
        let mut reading = pin!(connection.read(&mut buffer));
        for _ in 0..5 {
            assert!(tokio::time::timeout(SHORT, &mut reading).await.is_err(), "a request is being handled");
        }
        let end = Instant::now();
        drop(busy.take());
        let error = reading.await.err();
        assert_eq!(error.map(|error| error.kind()), Some(io::ErrorKind::TimedOut));
        assert!(activity.idle_since.get() >= end);
        Ok(())
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_given_up() -> io::Result<()> {
        let (mut connection, _peer) = connected(100, Patience { sending: SHORT, ..PATIENT }).await?;
        connection.activity.requests.set(1);
        let error = connection.write_all(&vec![0; 64 << 20]).await.err();
        assert_eq!(error.map(|error| error.kind()), Some(io::ErrorKind::TimedOut));
        Ok(())
    }
}
