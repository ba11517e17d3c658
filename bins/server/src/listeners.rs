//! Listening sockets, opened once and served by one server after another, so that no connection is
//! refused in between.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use tokio::net::TcpSocket;
use tokio_rustls::TlsAcceptor;

/// Number of connections that may wait to be accepted.
const BACKLOG: u32 = 2_048;

/// Listening socket, with how its connections are read.
pub struct Listener {
    /// The socket itself.
    pub socket: TcpListener,
    /// Accepts TLS on its connections; `None` for plain HTTP.
    pub tls: Option<TlsAcceptor>,
}

impl Listener {
    /// Returns a second handle of the socket.
    ///
    /// # Errors
    /// Returns an error if the process may open no more files.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { socket: self.socket.try_clone()?, tls: self.tls.clone() })
    }
}

/// Listens on every address.
///
/// # Errors
/// Returns the error of the first address that cannot be listened on.
pub fn listen(addresses: &[SocketAddr], tls: Option<&TlsAcceptor>) -> io::Result<Vec<Listener>> {
    let sockets = addresses.iter().map(|address| listen_on(*address));
    sockets.map(|socket| Ok(Listener { socket: socket?, tls: tls.cloned() })).collect()
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Otherwise a server that restarts would have to wait for old connections to be forgotten.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Returns the addresses of listening sockets.
pub fn addresses(listeners: &[Listener]) -> Vec<SocketAddr> {
    listeners.iter().filter_map(|listener| listener.socket.local_addr().ok()).collect()
}

/// Returns the URLs of listening sockets, separated by spaces.
pub fn urls(listeners: &[Listener]) -> String {
    let schemes = listeners.iter().map(|listener| if listener.tls.is_some() { "https" } else { "http" });
    let urls: Vec<String> =
        schemes.zip(addresses(listeners)).map(|(scheme, address)| format!("{scheme}://{address}")).collect();
    urls.join(" ")
}
