//! Errors of ZAP handlers and their replies.

use bytes::Bytes;
use zeromq_async::{MetadataError, SocketType};

/// Text is not a ZAP domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a ZAP domain; use at most 255 ASCII characters, such as \"global\"")]
pub struct ZapDomainError(pub(super) String);

/// The reason why [`Zap`](super::Zap) denied a peer.
///
/// Find it in [`HandshakeFailure::Denied`](zeromq_async::HandshakeFailure::Denied) and
/// [`Undecided`](zeromq_async::HandshakeFailure::Undecided).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_auth::{Zap, ZapError};
/// use zeromq_async::{Context, HandshakeFailure, PullSocket, PushSocket, SocketEvent};
///
/// let zap = Zap::in_context(&Context::new(), "global")?;
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
    /// The context has no ZAP handler.
    #[error(
        "no ZAP handler is bound to inproc://zeromq.zap.01 in this context; \
         bind a REP or ROUTER socket, or a ZapHandler"
    )]
    NoHandler,
    /// The socket that is bound to the handler's endpoint has another type.
    #[error("a {0} socket is bound to inproc://zeromq.zap.01; a ZAP handler must be REP or ROUTER")]
    NotAHandler(SocketType),
    /// The handler was closed before it replied.
    #[error("the ZAP handler was closed before it replied")]
    HandlerGone,
    /// The handler did not reply in time. It may not have read the request.
    #[error("the ZAP handler did not reply in time")]
    NoReply,
    /// The handler denied the peer.
    #[error("the ZAP handler denied the peer{}", after_colon(text))]
    Refused {
        /// The status text of the reply. It may be empty.
        text: String,
    },
    /// The handler's reply is malformed.
    #[error("the ZAP handler's reply is malformed: {0}")]
    Malformed(#[from] ZapReplyError),
}

fn after_colon(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text:?}") }
}

/// The fault in a reply of a ZAP handler (27/ZAP, "Message Format").
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZapReplyError {
    /// The reply does not have one delimiter and six frames
    /// (`ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY`).
    #[error(
        "it has {0} frames instead of 7: an empty delimiter, which REP adds by itself, version, \
         request id, status code, status text, user id and metadata"
    )]
    FrameCount(usize),
    /// The first frame is not empty (`ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED`).
    #[error("it does not begin with an empty frame")]
    NoDelimiter,
    /// The version is not 1.0 (`ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION`).
    #[error("its version is \"{}\" instead of 1.0", .0.escape_ascii())]
    Version(Bytes),
    /// The request id differs from the request's (`ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID`).
    #[error("its request id is \"{}\" instead of {request}", .reply.escape_ascii())]
    RequestId {
        /// The id of the request.
        request: String,
        /// The id in the reply.
        reply: Bytes,
    },
    /// The status code is not defined by 27/ZAP (`ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE`).
    #[error("its status code is \"{}\"; use 200, 300, 400 or 500", .0.escape_ascii())]
    Status(Bytes),
    /// The user id is not UTF-8. libzmq accepts any bytes.
    #[error("its user id is not UTF-8: \"{}\"", .0.escape_ascii())]
    UserId(Bytes),
    /// The metadata is malformed (`ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA`).
    #[error("its metadata is malformed: {0}")]
    Metadata(#[from] MetadataError),
}
