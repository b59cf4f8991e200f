//! The encoding of requests and replies (27/ZAP, "Message Format").

use std::net::SocketAddr;

use zeromq_async::security::{Attempt, AuthenticationRequest, Credentials, DenyStatus};
use zeromq_async::{Frame, MechanismName, Message, Metadata, PeerAddress, RoutingId};

use super::error::ZapReplyError;

/// The endpoint of the ZAP handler in every context.
pub(super) const HANDLER: &str = "inproc://zeromq.zap.01";

const VERSION: &[u8] = b"1.0";

/// Encodes a request, including the delimiter.
pub(super) fn request(id: &str, domain: &str, attempt: &Attempt) -> Message {
    let routing_id = attempt.routing_id.as_ref().map_or(&[][..], |routing_id| routing_id);
    let address = format_address(&attempt.address);
    let head = [
        b"",
        VERSION,
        id.as_bytes(),
        domain.as_bytes(),
        address.as_bytes(),
        routing_id,
        attempt.request.mechanism.as_slice(),
    ];
    let credentials = attempt.request.credentials.to_frames();
    head.into_iter().map(Frame::from).chain(credentials.into_iter().map(Frame::from)).collect()
}

/// Decodes a request. Returns `None` if it is malformed.
pub(super) fn decode_request(body: &[Frame]) -> Option<Attempt> {
    let [version, _id, domain, address, routing_id, mechanism, credentials @ ..] = body else {
        return None;
    };
    if *version != VERSION {
        return None;
    }
    let mechanism = MechanismName::from_slice(mechanism)?;
    let credentials = Credentials::from_frames(mechanism, credentials)?;
    let request = AuthenticationRequest::new(mechanism, credentials);
    // Most peers have no routing id: the frame is empty then.
    let routing_id = RoutingId::try_from(&routing_id[..]).ok();
    let mut attempt = Attempt::new(request, parse_address(address.to_str().ok()?)?, routing_id);
    // A lossy conversion could turn an invalid domain into a valid one.
    attempt.domain = Some(domain.to_str().ok()?.to_owned());
    Some(attempt)
}

/// Formats an address as libzmq does: for tcp the IP address without a port, for ipc the user, group
/// and process ids.
fn format_address(address: &PeerAddress) -> String {
    match address {
        PeerAddress::Tcp(address) => address.ip().to_string(),
        PeerAddress::Ipc { user_id, group_id, process_id } => {
            let process_id = process_id.map(|id| id.to_string()).unwrap_or_default();
            format!("{LOCAL}:{user_id}:{group_id}:{process_id}")
        }
        other => other.to_string(),
    }
}

const LOCAL: &str = "localhost";

fn parse_address(text: &str) -> Option<PeerAddress> {
    let Some(ids) = text.strip_prefix(LOCAL) else {
        return Some(match text.parse() {
            Ok(ip) => PeerAddress::Tcp(SocketAddr::new(ip, 0)),
            Err(_) => PeerAddress::Other(text.into()),
        });
    };
    let mut ids = ids.strip_prefix(':')?.split(':');
    let (user_id, group_id) = (ids.next()?.parse().ok()?, ids.next()?.parse().ok()?);
    Some(PeerAddress::Ipc { user_id, group_id, process_id: ids.next()?.parse().ok() })
}

/// The reply of a handler.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) verdict: Verdict,
    pub(super) text: String,
    pub(super) user_id: String,
    pub(super) metadata: Metadata,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Allow,
    Deny(DenyStatus),
}

impl Verdict {
    fn code(self) -> u16 {
        match self {
            Self::Allow => 200,
            Self::Deny(status) => status.code(),
        }
    }

    fn from_code(code: &[u8]) -> Option<Self> {
        if code == b"200" {
            return Some(Self::Allow);
        }
        DenyStatus::from_reason(std::str::from_utf8(code).ok()?).map(Self::Deny)
    }
}

impl Reply {
    /// Decodes the reply to the request with this id, including the delimiter. Checks the frames in
    /// the same order as libzmq.
    pub(super) fn decode(reply: Message, id: &str) -> Result<Self, ZapReplyError> {
        let count = reply.frame_count();
        let [delimiter, version, reply_id, status, text, user_id, metadata] =
            <[Frame; 7]>::try_from(reply.into_frames())
                .map_err(|_| ZapReplyError::FrameCount(count))?
                .map(Frame::into_bytes);
        if !delimiter.is_empty() {
            return Err(ZapReplyError::NoDelimiter);
        }
        if version != VERSION {
            return Err(ZapReplyError::Version(version));
        }
        if reply_id != id {
            return Err(ZapReplyError::RequestId { request: id.to_owned(), reply: reply_id });
        }
        let verdict = Verdict::from_code(&status).ok_or(ZapReplyError::Status(status))?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let user_id = std::str::from_utf8(&user_id)
            .map(str::to_owned)
            .map_err(|_| ZapReplyError::UserId(user_id.clone()))?;
        let metadata = Metadata::decode(metadata)?;
        Ok(Self { verdict, text, user_id, metadata })
    }

    /// Encodes the reply to the request with this id, including the delimiter.
    pub(super) fn encode(&self, id: &[u8]) -> Message {
        let code = self.verdict.code().to_string();
        let mut metadata = Vec::new();
        self.metadata.encode(&mut metadata);
        let (text, user_id) = (self.text.as_bytes(), self.user_id.as_bytes());
        Message::multipart([b"", VERSION, id, code.as_bytes(), text, user_id, &metadata])
    }
}

#[cfg(feature = "__fuzzing")]
pub(crate) fn fuzz_reply(reply: Message) {
    const ID: &str = "1";
    if let Ok(reply) = Reply::decode(reply, ID) {
        assert_eq!(Reply::decode(reply.encode(ID.as_bytes()), ID).as_ref(), Ok(&reply));
    }
}

#[cfg(feature = "__fuzzing")]
pub(crate) fn fuzz_request(body: &Message) {
    // A decoded request survives encoding and decoding.
    if let Some(attempt) = decode_request(body.frames()) {
        let again = request("1", attempt.domain.as_deref().unwrap_or_default(), &attempt);
        assert!(decode_request(&again.frames()[1..]).is_some());
    }
}
