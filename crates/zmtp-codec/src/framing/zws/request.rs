//! The server's side of the upgrade: checks a request and answers it.

use bytes::{Bytes, BytesMut};
use httparse::EMPTY_HEADER;

use super::head::{HEAD_MAX, HEADERS_MAX, HeadReader, Headers, has_whole_line_ends};
use super::key;
use super::profile::Profile;
use super::refusal::{Refusal, Status};
use crate::wire::MechanismName;

type Result<T, E = Refusal> = std::result::Result<T, E>;

/// A request that becomes a WebSocket: the headers of the response, and the profile to speak.
///
/// For a web server that reads requests itself and hands over the connection once it is upgraded. Such a
/// server can also check the origin and the cookies of a request, which this does not. Give
/// [`Zws::upgraded`](super::Zws::upgraded) to the connection.
///
/// ```
/// use zmtp_codec::framing::zws::{Profile, Upgrade};
/// use zmtp_codec::wire::MechanismName;
///
/// // The headers of a browser's request.
/// let headers = [
///     ("upgrade", "websocket"),
///     ("connection", "keep-alive, Upgrade"),
///     ("sec-websocket-version", "13"),
///     ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
///     ("sec-websocket-protocol", "ZWS2.0"),
/// ];
/// let headers = headers.map(|(name, value)| (name, value.as_bytes()));
/// let upgrade = Upgrade::accept(MechanismName::NULL, headers)?;
/// assert_eq!(upgrade.profile(), Profile::Bare);
/// assert_eq!(upgrade.headers()[2].1, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// # Ok::<_, zmtp_codec::framing::zws::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    profile: Profile,
    accept: String,
}

impl Upgrade {
    /// Checks the headers of a GET request, and chooses the first profile in the client's order that
    /// suits the socket's mechanism.
    ///
    /// # Errors
    ///
    /// The response that refuses the request.
    pub fn accept<'a>(
        mechanism: MechanismName,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self> {
        Self::check(mechanism, &Headers::new(headers))
    }

    fn check(mechanism: MechanismName, headers: &Headers<'_>) -> Result<Self> {
        let asks = headers.lists("Upgrade", "websocket") && headers.lists("Connection", "Upgrade");
        if !asks {
            return Err(upgrade_required("connect here with a WebSocket"));
        }
        if headers.only("Sec-WebSocket-Version") != Some(b"13") {
            return Err(upgrade_required("only version 13 of WebSocket is spoken here"));
        }
        let key = headers.only("Sec-WebSocket-Key").filter(|key| key::is_valid(key));
        let key = key.ok_or_else(|| bad_request("Sec-WebSocket-Key must be 16 bytes in base64"))?;
        let profile = Profile::find_in(headers.list("Sec-WebSocket-Protocol"), mechanism);
        let profile = profile.ok_or_else(|| no_profile(mechanism, headers))?;
        Ok(Self { profile, accept: key::accept(key) })
    }

    /// The profile to speak once the connection is upgraded.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The headers of the response, which has the status 101.
    pub fn headers(&self) -> [(&'static str, String); 4] {
        [
            ("Upgrade", "websocket".into()),
            ("Connection", "Upgrade".into()),
            ("Sec-WebSocket-Accept", self.accept.clone()),
            ("Sec-WebSocket-Protocol", self.profile.to_string()),
        ]
    }

    /// The whole response. libzmq's client compares the first line byte by byte, and wants no more
    /// than `Upgrade` in `Connection`.
    pub(super) fn to_response(&self) -> Bytes {
        let mut response = String::from("HTTP/1.1 101 Switching Protocols\r\n");
        for (name, value) in self.headers() {
            response += &format!("{name}: {value}\r\n");
        }
        response += "\r\n";
        response.into()
    }
}

/// Reads one request.
#[derive(Debug)]
pub(super) struct RequestReader {
    head: HeadReader,
    /// The only path that is served; `None` for every path.
    path: Option<Box<str>>,
    mechanism: MechanismName,
}

impl RequestReader {
    pub(super) fn new(path: Option<Box<str>>, mechanism: MechanismName) -> Self {
        Self { head: HeadReader::default(), path, mechanism }
    }

    /// Takes a request off the front of `input`; `Ok(None)` if it is incomplete.
    pub(super) fn read(&mut self, input: &mut BytesMut) -> Result<Option<Upgrade>> {
        if input.first().is_some_and(|first| !first.is_ascii_uppercase()) {
            return Err(bad_request("this is no HTTP request"));
        }
        let head = self.head.take(input).map_err(|_| head_too_large())?;
        head.map(|head| self.check(&head)).transpose()
    }

    fn check(&self, head: &[u8]) -> Result<Upgrade> {
        if !has_whole_line_ends(head) {
            return Err(bad_request("each line of a request ends with CRLF"));
        }
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        let parsed = request.parse(head).map_err(|error| match error {
            httparse::Error::TooManyHeaders => head_too_large(),
            error => bad_request(format!("this is no HTTP/1.1 request: {error}")),
        })?;
        let (true, Some(method), Some(path), Some(1)) =
            (parsed.is_complete(), request.method, request.path, request.version)
        else {
            return Err(bad_request("this is no HTTP/1.1 request"));
        };
        let headers = Headers::parsed(request.headers).ok_or_else(head_too_large)?;
        if headers.only("Host").is_none() {
            return Err(bad_request("a request has one Host header"));
        }
        if !self.serves(path) {
            return Err(Refusal::new(Status::NotFound, "there is no socket at this path"));
        }
        if method != "GET" {
            return Err(Refusal::new(Status::MethodNotAllowed, "a WebSocket begins with GET"));
        }
        // A proxy that takes what follows for a body, and this, would see two different messages.
        let announces_body = ["Content-Length", "Transfer-Encoding"].map(|name| headers.has(name));
        if announces_body.contains(&true) {
            return Err(bad_request("a request for a WebSocket has no body"));
        }
        Upgrade::check(self.mechanism, &headers)
    }

    /// Whether the target of a request is the path that is served. The query does not matter.
    fn serves(&self, target: &str) -> bool {
        let Some(served) = &self.path else { return true };
        // Only a proxy sends the whole URL (RFC 9112 §3.2.2).
        let path = match target.split_once("://") {
            Some((_, rest)) if !target.starts_with('/') => {
                rest.find('/').map_or("/", |at| &rest[at..])
            }
            _ => target,
        };
        path.split('?').next() == Some(served)
    }
}

fn bad_request(reason: impl Into<String>) -> Refusal {
    Refusal::new(Status::BadRequest, reason)
}

fn upgrade_required(reason: &str) -> Refusal {
    Refusal::new(Status::UpgradeRequired, reason)
}

fn head_too_large() -> Refusal {
    let reason = format!("a request has at most {HEAD_MAX} bytes and {HEADERS_MAX} headers");
    Refusal::new(Status::HeadTooLarge, reason)
}

/// No profile fits: names both sides'.
fn no_profile(mechanism: MechanismName, headers: &Headers<'_>) -> Refusal {
    let ours = Profile::offered_with(mechanism);
    let ours: Vec<_> = ours.iter().map(ToString::to_string).collect();
    let theirs: Vec<_> = headers
        .list("Sec-WebSocket-Protocol")
        .take(SHOWN_MAX)
        .map(|name| name.get(..SHOWN_LENGTH).unwrap_or(name).escape_ascii().to_string())
        .collect();
    let theirs = if theirs.is_empty() { "none".into() } else { theirs.join(", ") };
    bad_request(format!(
        "the socket here speaks the sub-protocols {}, and the request offers {theirs}",
        ours.join(", ")
    ))
}

/// The names of a request that an error shows, and the bytes of each.
const SHOWN_MAX: usize = 4;
const SHOWN_LENGTH: usize = 32;

#[cfg(test)]
mod tests;
