//! HTTP responses to requests that are not upgraded.

use std::fmt;

use bytes::Bytes;

/// Why a server does not upgrade an HTTP request, and its response.
///
/// It displays the reason, for the body of the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: Status,
    reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    BadRequest,
    NotFound,
    MethodNotAllowed,
    UpgradeRequired,
    HeadTooLarge,
}

impl Refusal {
    pub(super) fn new(status: Status, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }

    /// The status code: 400, 404, 405, 426 or 431.
    pub fn status(&self) -> u16 {
        self.status.line().0
    }

    /// The headers of the response, besides those of its body.
    pub fn headers(&self) -> &'static [(&'static str, &'static str)] {
        match self.status {
            Status::MethodNotAllowed => &[("Allow", "GET")],
            Status::UpgradeRequired => &[("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")],
            _ => &[],
        }
    }

    /// The whole response.
    pub(super) fn to_response(&self) -> Bytes {
        let (code, text) = self.status.line();
        let connection = match self.status {
            Status::UpgradeRequired => "close, Upgrade",
            _ => "close",
        };
        let mut response = format!("HTTP/1.1 {code} {text}\r\nConnection: {connection}\r\n");
        for (name, value) in self.headers() {
            response += &format!("{name}: {value}\r\n");
        }
        let body = format!("{self}\n");
        response += &format!(
            "Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        response.into()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Refusal {}

impl Status {
    fn line(self) -> (u16, &'static str) {
        match self {
            Self::BadRequest => (400, "Bad Request"),
            Self::NotFound => (404, "Not Found"),
            Self::MethodNotAllowed => (405, "Method Not Allowed"),
            Self::UpgradeRequired => (426, "Upgrade Required"),
            Self::HeadTooLarge => (431, "Request Header Fields Too Large"),
        }
    }
}
