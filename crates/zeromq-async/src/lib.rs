//! ZeroMQ sockets for Tokio.

#![forbid(unsafe_code)]

mod context;
mod endpoint;
mod engine;
mod error;
mod event;
mod options;
mod pattern;
mod peer;
mod random;
mod socket;
mod sync;
mod transport;

pub use context::Context;
pub use endpoint::{Endpoint, Host, IpcEndpoint, IpcName, TcpAddress, TcpEndpoint};
pub use engine::CloseReport;
pub use error::{
    BindError, ConnectError, DetachError, EndpointError, RecvError, SendError, SendErrorKind,
};
pub use event::{DisconnectReason, Events, HandshakeFailure, SocketEvent};
pub use options::{HighWaterMark, Keepalive, ReconnectBackoff, SubscriptionNotices};
pub use peer::{PeerId, Rejected};
pub use socket::{
    Conflates, Dealer, DealerSocket, Named, Pair, PairSocket, Probes, Pub, PubSocket, Publishes,
    Pull, PullSocket, Push, PushSocket, Receiver, Receives, Rep, RepSocket, Req, ReqSocket, Router,
    RouterSocket, Sender, Sends, Socket, SocketBuilder, SocketHandle, SocketKind, Sub, SubSocket,
    Subscribes, XPub, XPubSocket, XSub, XSubSocket,
};
pub use transport::PeerAddress;
pub use zmtp::{Frame, Message, PeerInfo, ProtocolError, RoutingId, RoutingIdError, SocketType};
