//! Answers to heads that the parser of HTTP refuses: there is no request yet, so no route and no
//! middleware sees them, and the parser answers with a head alone.

use actix_web::{body::MessageBody, http::StatusCode};
use docent_telemetry::names;

use super::{ApiError, RequestId};

/// Maximum length of a head that the parser writes.
const MAX_HEAD_BYTES: usize = 256;
/// End of a head.
const END: &[u8] = b"\r\n\r\n";
/// Lines of a head that the parser writes, by their beginning. Answers of routes have others too,
/// above all that of the request id.
const LINES: [&str; 3] = ["content-length: 0", "connection: ", "date: "];

/// Answer that is sent in the place of one of the parser.
#[derive(Debug)]
pub struct Refusal {
    bytes: Vec<u8>,
    sent: usize,
}

/// Finds the answer of the parser at the end of what is sent. Returns the place where it begins,
/// and its status.
pub fn find(sent: &[u8]) -> Option<(usize, StatusCode)> {
    let head = sent.strip_suffix(END)?;
    let from = head.len().saturating_sub(MAX_HEAD_BYTES);
    let start = from + head.get(from..)?.windows(7).rposition(|bytes| bytes == b"HTTP/1.")?;
    let mut lines = std::str::from_utf8(head.get(start..)?).ok()?.split("\r\n");
    let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let status = StatusCode::from_u16(status).ok().filter(|status| is_refusal(*status))?;
    let mut n_lines = 0;
    for line in lines {
        LINES.iter().find(|known| line.starts_with(**known))?;
        n_lines += 1;
    }
    (n_lines > 0).then_some((start, status))
}

fn is_refusal(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST | StatusCode::REQUEST_TIMEOUT | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    )
}

impl Refusal {
    /// Renders the error of a head in the place of `original`, and counts and logs it. Scans of the
    /// internet are full of them, so the line is for debugging.
    pub fn of(status: StatusCode, original: &[u8]) -> Self {
        let error = ApiError::refused_head(status);
        let id = RequestId::generate();
        tracing::debug!(request_id = id.as_str(), status = status.as_u16(), %error, "a head was refused");
        if status == StatusCode::REQUEST_TIMEOUT {
            // The others are counted with the end of the connection.
            metrics::counter!(names::HTTP_CONNECTIONS_REFUSED, "reason" => "slow").increment(1);
        }
        let (head, body) = error.response(id.as_str()).into_parts();
        let body = body.try_into_bytes().unwrap_or_default();
        let mut bytes = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len()).into_bytes();
        for (name, value) in head.headers() {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        let date = original.split_inclusive(|byte| *byte == b'\n').find(|line| line.starts_with(b"date: "));
        bytes.extend_from_slice(date.unwrap_or_default());
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&body);
        Self { bytes, sent: 0 }
    }

    /// Returns the bytes that are left to send.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }

    /// Notes that bytes were sent.
    pub fn advance(&mut self, sent: usize) {
        self.sent += sent;
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;

    use super::find;

    #[test]
    fn only_a_head_as_the_parser_writes_it_is_found() {
        let bare = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\ndate: x\r\n\r\n";
        let behind = format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-request-id: a\r\n\r\n{{}}{bare}");
        for (sent, found) in [
            (bare, Some((0, StatusCode::BAD_REQUEST))),
            (&*behind, Some((57, StatusCode::BAD_REQUEST))),
            (&*bare.replace("400", "431"), Some((0, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE))),
            (&*bare.replace("400", "200"), None),
            (&*bare.replace("400", "404"), None),
            (&*bare.replace("date", "x-request-id"), None),
            (&*bare.replace("content-length: 0", "content-length: 7"), None),
            (&bare[..bare.len() - 1], None),
            ("HTTP/1.1 100 Continue\r\n\r\n", None),
            ("HTTP/1.1 400 Bad Request\r\n\r\n", None),
            ("\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(find(sent.as_bytes()), found, "{sent}");
        }
    }
}
