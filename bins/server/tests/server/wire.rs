//! HTTP by the byte, for requests that no client library sends.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::Server;

/// One connection to a server.
pub struct Wire<S = TcpStream> {
    pub stream: S,
    /// Bytes that were read beyond the last answer.
    rest: Vec<u8>,
}

/// Answer as it arrived.
#[derive(Debug)]
pub struct Arrived {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    /// Number of reads that brought it.
    pub reads: usize,
}

impl Arrived {
    pub fn code(&self) -> Value {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["error"]["code"].clone()
    }
}

impl Wire {
    pub async fn open(server: &Server) -> Self {
        Self::open_at(server.client.address()).await
    }

    pub async fn open_at(url: &str) -> Self {
        let stream = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
        Self::over(stream)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub fn over(stream: S) -> Self {
        Self { stream, rest: Vec::new() }
    }

    pub async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads one answer with a length; `None` if the connection ends before.
    pub async fn answer(&mut self) -> Option<Arrived> {
        self.arrived(true).await
    }

    /// Reads the answer to a request with the method HEAD.
    pub async fn head(&mut self) -> Arrived {
        self.arrived(false).await.unwrap()
    }

    async fn arrived(&mut self, has_body: bool) -> Option<Arrived> {
        let (mut reads, mut buffer) = (0, vec![0; 1 << 20]);
        loop {
            if let Some(arrived) = self.parsed(reads, has_body) {
                return Some(arrived);
            }
            let read = self.stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
            self.rest.extend_from_slice(&buffer[..read]);
            reads += 1;
        }
    }

    fn parsed(&mut self, reads: usize, has_body: bool) -> Option<Arrived> {
        let end = self.rest.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&self.rest[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length: usize = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let length = if has_body { length } else { 0 };
        let body = self.rest.get(end..end + length)?.to_vec();
        self.rest.drain(..end + length);
        Some(Arrived { status, headers, body, reads })
    }

    /// Reads until the server closes the connection.
    pub async fn closed(&mut self) {
        let mut buffer = [0; 1_024];
        while self.stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
    }
}

/// Sends one request on a connection of its own.
pub async fn ask(server: &Server, head: &str, body: &str) -> Arrived {
    let mut wire = Wire::open(server).await;
    wire.send(&format!("{head}\r\n\r\n{body}")).await;
    wire.answer().await.unwrap_or_else(|| panic!("no answer to {head}"))
}
