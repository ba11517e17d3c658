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
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::{HttpRequest, dev::ServiceRequest};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};
use tokio_rustls::TlsAcceptor;

use super::{
    refused::{self, Refusal},
    stream::Stream,
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
    /// Time in which the handshake of TLS must be complete, from the opening of the connection.
    handshake: Duration,
    /// Interval at which waiting connections look if they still may wait.
    check: Duration,
}

impl Patience {
    fn handshake(&self, is_crowded: bool) -> Duration {
        if is_crowded { self.head_when_crowded.min(self.handshake) } else { self.handshake }
    }
}

const PATIENCE: Patience = Patience {
    head: Duration::from_secs(15),
    head_when_crowded: Duration::from_secs(1),
    sending: Duration::from_secs(60),
    handshake: Duration::from_secs(10),
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

/// Place of an open connection in the crowd, from its opening to its end.
struct Place(Arc<Crowd>);

impl Place {
    fn take(crowd: Arc<Crowd>) -> Self {
        crowd.open.fetch_add(1, Ordering::Relaxed);
        Self(crowd)
    }

    /// Waits until a handshake that began with the connection has taken too long.
    async fn handshake_over(&self, opened: Instant, patience: Patience) {
        while opened + patience.handshake(self.0.is_crowded()) > Instant::now() {
            sleep(patience.check).await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
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

/// TCP connection, in the clear or by TLS, that fails with [`io::ErrorKind::TimedOut`] if its peer
/// sends no head, or takes no answer, in time. Deadlines count on every request of the connection.
/// They are those of the bytes inside TLS, so that messages of TLS alone keep no connection open.
pub struct Connection {
    stream: Stream,
    activity: Rc<Activity>,
    place: Place,
    /// Answer that is being sent in the place of one of the parser.
    refusal: Option<Refusal>,
    /// Time since which the peer has not taken all that there was to send.
    blocked_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    patience: Patience,
}

impl Connection {
    /// Takes a connection that was just opened, and completes its handshake if it is one of TLS.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] for a handshake that takes too long, and the error of one that
    /// fails.
    pub async fn open(stream: TcpStream, tls: Option<TlsAcceptor>, crowd: Arc<Crowd>) -> io::Result<Self> {
        Self::open_with(stream, tls, crowd, PATIENCE).await
    }

    async fn open_with(
        stream: TcpStream,
        tls: Option<TlsAcceptor>,
        crowd: Arc<Crowd>,
        patience: Patience,
    ) -> io::Result<Self> {
        let opened = Instant::now();
        send_at_once(&stream);
        let place = Place::take(crowd);
        let stream = match tls {
            None => Stream::Plain(stream),
            Some(acceptor) => tokio::select! {
                accepted = acceptor.accept(stream) => Stream::Tls(Box::new(accepted?)),
                () = place.handshake_over(opened, patience) => return Err(io::ErrorKind::TimedOut.into()),
            },
        };
        Ok(Self {
            stream,
            activity: Rc::new(Activity { requests: Cell::new(0), idle_since: Cell::new(opened) }),
            place,
            refusal: None,
            blocked_since: None,
            timer: Box::pin(sleep(patience.check)),
            patience,
        })
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
        let max = if self.place.0.is_crowded() { head_when_crowded } else { head };
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

    /// Sends the rest of the refusal in the place of `offered` bytes of the parser.
    fn poll_refusal(&mut self, context: &mut Context<'_>, offered: usize) -> Poll<io::Result<usize>> {
        while let Some(refusal) = &mut self.refusal {
            let rest = refusal.rest();
            if rest.is_empty() {
                self.refusal = None;
                break;
            }
            match ready!(Pin::new(&mut self.stream).poll_write(context, rest))? {
                0 => return Poll::Ready(Ok(0)),
                sent => refusal.advance(sent),
            }
        }
        Poll::Ready(Ok(offered))
    }

    /// Notes the outcome of sending `offered` bytes.
    fn sent(
        &mut self,
        context: &mut Context<'_>,
        sent: Poll<io::Result<usize>>,
        offered: usize,
    ) -> Poll<io::Result<usize>> {
        let Poll::Ready(sent) = sent else {
            self.blocked_since.get_or_insert_with(Instant::now);
            return self.wait(context);
        };
        self.activity.idle_since.set(Instant::now());
        if self.stream.has_unsent() {
            self.blocked_since.get_or_insert_with(Instant::now);
        } else if sent.as_ref().is_ok_and(|sent| *sent == offered) {
            self.blocked_since = None;
        }
        Poll::Ready(sent)
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
        if self.refusal.is_none() {
            match refused::find(bytes) {
                Some((0, status)) => self.refusal = Some(Refusal::of(status, bytes)),
                Some((start, _)) => {
                    // What stands before it goes first; the rest is offered again.
                    let before = bytes.get(..start).unwrap_or(bytes);
                    let sent = Pin::new(&mut self.stream).poll_write(context, before);
                    return self.sent(context, sent, before.len());
                }
                None => {}
            }
        }
        let sent = if self.refusal.is_some() {
            self.poll_refusal(context, bytes.len())
        } else {
            Pin::new(&mut self.stream).poll_write(context, bytes)
        };
        self.sent(context, sent, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all: usize = parts.iter().map(|part| part.len()).sum();
        let sent = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.sent(context, sent, all)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Pending => {
                self.blocked_since.get_or_insert_with(Instant::now);
                self.wait(context)
            }
            Poll::Ready(flushed) => {
                if flushed.is_ok() {
                    self.blocked_since = None;
                }
                Poll::Ready(flushed)
            }
        }
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
#[path = "connection_tests.rs"]
mod tests;
