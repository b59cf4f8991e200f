//! What can be wrong with a ZAP handler and with what it replies.

use bytes::Bytes;
use zeromq_async::{MetadataError, SocketType};

/// Text that is no ZAP domain.
///
/// ```
/// use zeromq_auth::Zap;
///
/// let error = Zap::new("x".repeat(256)).unwrap_err();
/// assert!(error.to_string().contains("at most 255 ASCII characters"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no ZAP domain: that has at most 255 ASCII characters, such as \"global\"")]
pub struct ZapDomainError(pub(super) String);

/// Why a peer was not let in, where [`Zap`](super::Zap) decides.
///
/// It is the reason in [`HandshakeFailure::Denied`](zeromq_async::HandshakeFailure::Denied) and
/// [`Undecided`](zeromq_async::HandshakeFailure::Undecided).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_auth::{Zap, ZapError};
/// use zeromq_async::{Context, HandshakeFailure, PullSocket, PushSocket, SocketEvent};
///
/// let zap = Zap::in_context(&Context::new(), "nobody-handles-this")?;
/// let pull = PullSocket::builder().null_server(zap).build();
/// let mut events = pull.events();
/// let push = PushSocket::new();
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// while let Some(event) = events.next().await {
///     let SocketEvent::HandshakeFailed { reason, .. } = event else { continue };
///     let HandshakeFailure::Denied { reason: Some(reason), .. } = reason else { panic!() };
///     assert_eq!(reason.downcast_ref(), Some(&ZapError::NoHandler));
///     break;
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZapError {
    /// Nobody is bound where the handler should be.
    #[error(
        "no ZAP handler is bound to inproc://zeromq.zap.01 in the context; \
         bind a REP or ROUTER socket, or a ZapHandler"
    )]
    NoHandler,
    /// What is bound there is a socket of another type.
    #[error(
        "a {0} socket is bound to inproc://zeromq.zap.01, and a ZAP handler is a REP or a ROUTER"
    )]
    NotAHandler(SocketType),
    /// The handler was closed before it replied.
    #[error("the ZAP handler went away before it replied")]
    HandlerGone,
    /// The handler did not reply in time, and may not even have read.
    #[error("the ZAP handler did not reply in time")]
    NoReply,
    /// The handler turned the peer away.
    #[error("the ZAP handler refused the peer{}", in_words(text))]
    Refused {
        /// The status text of its reply; empty where it gave none.
        text: String,
    },
    /// What the handler replied is no reply.
    #[error("the ZAP handler's reply is malformed: {0}")]
    Malformed(#[from] ZapReplyError),
}

fn in_words(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text:?}") }
}

/// What is wrong with a reply of a ZAP handler (27/ZAP, "Message Format").
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZapReplyError {
    /// Other than one delimiter and six frames
    /// (`ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY`).
    #[error(
        "it has {0} frames, and 7 are needed: an empty one, which REP adds by itself, version, \
         request id, status code, status text, user id and metadata"
    )]
    FrameCount(usize),
    /// A first frame that is not empty (`ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED`).
    #[error("it does not begin with an empty frame")]
    NoDelimiter,
    /// A version other than 1.0 (`ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION`).
    #[error("its version is \"{}\", and 1.0 is spoken here", .0.escape_ascii())]
    Version(Bytes),
    /// The request id of another request (`ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID`).
    #[error("its request id is \"{}\", and that of the request was {request}", .reply.escape_ascii())]
    RequestId {
        /// What the request had.
        request: String,
        /// What the reply has.
        reply: Bytes,
    },
    /// A status code that there is not (`ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE`).
    #[error("its status code is \"{}\", and 200, 300, 400 and 500 are those there are", .0.escape_ascii())]
    Status(Bytes),
    /// A user id that is not text; libzmq takes any bytes.
    #[error("its user id is not UTF-8: \"{}\"", .0.escape_ascii())]
    UserId(Bytes),
    /// Metadata that cannot be read (`ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA`).
    #[error("its metadata cannot be read: {0}")]
    Metadata(#[from] MetadataError),
}
