//! What requests and replies look like (27/ZAP, "Message Format").

use std::net::SocketAddr;

use zeromq_async::MechanismName;
use zeromq_async::security::{AuthenticationRequest, Credentials, DenyStatus};
use zeromq_async::{Frame, Message, Metadata, RoutingId};

use super::error::ZapReplyError;
use zeromq_async::PeerAddress;
use zeromq_async::security::Attempt;

const VERSION: &[u8] = b"1.0";

/// The request, delimiter included.
pub(super) fn request(id: &str, domain: &str, attempt: &Attempt) -> Message {
    let routing_id = attempt.routing_id.as_ref().map_or(&[][..], |routing_id| routing_id);
    let address = write_address(&attempt.address);
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

/// The attempt that a request asks about; `None` where the request makes no sense.
pub(super) fn read_request(body: &[Frame]) -> Option<Attempt> {
    let [version, _id, domain, address, routing_id, mechanism, credentials @ ..] = body else {
        return None;
    };
    if *version != VERSION {
        return None;
    }
    let mechanism = MechanismName::from_slice(mechanism)?;
    let credentials = Credentials::from_frames(mechanism, credentials)?;
    let request = AuthenticationRequest::new(mechanism, credentials);
    // What is no routing id is none: an empty frame is what most requests have.
    let routing_id = RoutingId::try_from(&routing_id[..]).ok();
    let mut attempt = Attempt::new(request, read_address(address.to_str().ok()?)?, routing_id);
    // A domain that is not text must not be taken for one that is.
    attempt.domain = Some(domain.to_str().ok()?.to_owned());
    Some(attempt)
}

/// The address as libzmq writes it: the number and no port, or, for ipc, the ids of the user, the
/// group and the process.
fn write_address(address: &PeerAddress) -> String {
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

fn read_address(text: &str) -> Option<PeerAddress> {
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

/// What a handler says.
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

    fn read(code: &[u8]) -> Option<Self> {
        if code == b"200" {
            return Some(Self::Allow);
        }
        DenyStatus::from_reason(std::str::from_utf8(code).ok()?).map(Self::Deny)
    }
}

impl Reply {
    /// Reads the reply to the request of this id, delimiter included, in the order in which libzmq
    /// looks at it.
    pub(super) fn read(reply: Message, id: &str) -> Result<Self, ZapReplyError> {
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
        let verdict = Verdict::read(&status).ok_or(ZapReplyError::Status(status))?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let user_id = std::str::from_utf8(&user_id)
            .map(str::to_owned)
            .map_err(|_| ZapReplyError::UserId(user_id.clone()))?;
        let metadata = Metadata::decode(metadata)?;
        Ok(Self { verdict, text, user_id, metadata })
    }

    /// The reply to the request of this id, delimiter included.
    pub(super) fn write(&self, id: &[u8]) -> Message {
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
    if let Ok(reply) = Reply::read(reply, ID) {
        assert_eq!(Reply::read(reply.write(ID.as_bytes()), ID).as_ref(), Ok(&reply));
    }
}

#[cfg(feature = "__fuzzing")]
pub(crate) fn fuzz_request(body: &Message) {
    // An attempt that was read may be asked about again.
    if let Some(attempt) = read_request(body.frames()) {
        let again = request("1", attempt.domain.as_deref().unwrap_or_default(), &attempt);
        assert!(read_request(&again.frames()[1..]).is_some());
    }
}
