//! Listening sockets, opened once and served by one server after another, so that no connection is
//! refused in between.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use tokio::net::TcpSocket;

/// Number of connections that may wait to be accepted.
const BACKLOG: u32 = 2_048;

/// Listens on every address.
///
/// # Errors
/// Returns the error of the first address that cannot be listened on.
pub fn listen(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    addresses.iter().map(|address| listen_on(*address)).collect()
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
pub fn addresses(listeners: &[TcpListener]) -> Vec<SocketAddr> {
    listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
}

/// Returns the URLs of listening sockets, separated by spaces.
pub fn urls(listeners: &[TcpListener]) -> String {
    let urls: Vec<String> = addresses(listeners).iter().map(|address| format!("http://{address}")).collect();
    urls.join(" ")
}
