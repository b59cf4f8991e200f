//! The client's side of the upgrade: makes a request and checks the response.

use bytes::{Bytes, BytesMut};
use httparse::EMPTY_HEADER;

use super::error::UpgradeError;
use super::head::{HEADERS_MAX, HeadReader, Headers, has_whole_line_ends};
use super::key;
use super::profile::Profile;
use crate::wire::MechanismName;

type Result<T, E = UpgradeError> = std::result::Result<T, E>;

/// The request, as libzmq writes it.
pub(super) fn request(host: &str, path: &str, key: &str, offered: &[Profile]) -> Bytes {
    let offered: Vec<_> = offered.iter().map(ToString::to_string).collect();
    let offered = offered.join(",");
    let request = format!(
        "GET {path} HTTP/1.1\r\n\
         Host: {host}\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Key: {key}\r\n\
         Sec-WebSocket-Protocol: {offered}\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n"
    );
    request.into()
}

/// Reads the response to one request.
#[derive(Debug)]
pub(super) struct ResponseReader {
    head: HeadReader,
    key: String,
    mechanism: MechanismName,
}

impl ResponseReader {
    /// Awaits the response to a request with this key.
    pub(super) fn new(key: String, mechanism: MechanismName) -> Self {
        Self { head: HeadReader::default(), key, mechanism }
    }

    /// Takes a response off the front of `input`; `Ok(None)` if it is incomplete.
    pub(super) fn read(&mut self, input: &mut BytesMut) -> Result<Option<Profile>> {
        if input.iter().zip(START).any(|(byte, start)| byte != start) {
            return Err(UpgradeError::NotHttp);
        }
        let head = self.head.take(input).map_err(|_| UpgradeError::InvalidResponse)?;
        head.map(|head| self.check(&head)).transpose()
    }

    fn check(&self, head: &[u8]) -> Result<Profile> {
        if !has_whole_line_ends(head) {
            return Err(UpgradeError::InvalidResponse);
        }
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(head).map_err(|_| UpgradeError::InvalidResponse)?;
        let (true, Some(code)) = (parsed.is_complete(), response.code) else {
            return Err(UpgradeError::InvalidResponse);
        };
        if code != 101 {
            let text = response.reason.unwrap_or_default();
            let text = text.chars().filter(|c| !c.is_control()).take(TEXT_MAX).collect();
            return Err(UpgradeError::Status { code, text });
        }
        let headers = Headers::parsed(response.headers).ok_or(UpgradeError::InvalidResponse)?;
        self.check_headers(&headers)
    }

    fn check_headers(&self, headers: &Headers<'_>) -> Result<Profile> {
        let wrong = |header| Err(UpgradeError::Header(header));
        if !headers.lists("Upgrade", "websocket") {
            return wrong("Upgrade");
        }
        if !headers.lists("Connection", "Upgrade") {
            return wrong("Connection");
        }
        let accept = key::accept(self.key.as_bytes());
        if headers.only("Sec-WebSocket-Accept") != Some(accept.as_bytes()) {
            return wrong("Sec-WebSocket-Accept");
        }
        if headers.list("Sec-WebSocket-Extensions").next().is_some() {
            return wrong("Sec-WebSocket-Extensions");
        }
        let chosen = headers.only("Sec-WebSocket-Protocol");
        let profile = Profile::find_in(chosen.into_iter(), self.mechanism);
        profile.ok_or_else(|| {
            let chosen = chosen.unwrap_or_default();
            let chosen = chosen.get(..TEXT_MAX).unwrap_or(chosen).escape_ascii().to_string();
            UpgradeError::SubProtocol { chosen, mechanism: self.mechanism }
        })
    }
}

/// The first bytes of an HTTP/1.1 response.
const START: &[u8] = b"HTTP/1.1 ";

/// The characters of a response that an error shows.
const TEXT_MAX: usize = 64;

#[cfg(test)]
mod tests;
