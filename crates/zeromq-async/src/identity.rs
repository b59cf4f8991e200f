//! The identity of a peer: its id, its address, and the sender of a message.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use zmtp::{Frame, Metadata, PeerInfo};

mod route_id;

pub use route_id::RouteId;

/// The id of a peer in its socket. Ids increase, and are not reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(u64);

impl PeerId {
    pub(crate) const fn new(id: u64) -> Self {
        Self(id)
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "peer {}", self.0)
    }
}

/// The address of a peer, as reported by the operating system, not by the peer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeerAddress {
    /// The peer's address and port.
    Tcp(SocketAddr),
    /// The address and port that datagrams are sent to.
    Udp(SocketAddr),
    /// The process at the other end of a Unix domain socket.
    Ipc {
        /// Its effective user id.
        user_id: u32,
        /// Its effective group id.
        group_id: u32,
        /// Its process id, if the system reports one. The process may have ended, and the id may be
        /// reused.
        process_id: Option<i32>,
    },
    /// The peer of a `vsock://` connection.
    Vsock {
        /// The context id of its virtual machine. 2 is the host.
        context_id: u32,
        /// Its port.
        port: u32,
    },
    /// The name that a custom [transport](crate::transport) gives it.
    ///
    /// Address rules do not match it. ZAP handlers receive the text.
    Other(Arc<str>),
}

impl From<SocketAddr> for PeerAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

/// The peer of a custom transport.
impl From<&str> for PeerAddress {
    fn from(name: &str) -> Self {
        Self::Other(name.into())
    }
}

impl From<String> for PeerAddress {
    fn from(name: String) -> Self {
        Self::Other(name.into())
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) | Self::Udp(address) => address.fmt(f),
            Self::Ipc { user_id, group_id, process_id } => {
                write!(f, "uid={user_id} gid={group_id}")?;
                process_id.map_or(Ok(()), |process_id| write!(f, " pid={process_id}"))
            }
            Self::Vsock { context_id, port } => write!(f, "vsock {context_id}:{port}"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// The user that a transport has verified, such as the holder of a certificate.
///
/// A transport attaches it to a connection with [`Io::with_user`](crate::transport::Io::with_user) or
/// [`Io::upgrade_with_user`](crate::transport::Io::upgrade_with_user). An
/// [authenticator](crate::security::Authenticator) gets it with each
/// [attempt](crate::security::Attempt::user). The peer's [user id](PeerInfo::user_id) is that of the
/// authenticator's decision. If there is no decision, or its user id is empty, the transport's counts.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::transport::Io;
/// use zeromq_async::{PullSocket, PushSocket, TransportUser};
///
/// let (near, far) = tokio::io::duplex(1024);
/// let (mut pull, mut push) = (PullSocket::new(), PushSocket::new());
/// pull.handle().accept_stream(Io::new(near, "far").with_user(TransportUser::new("user-7")))?;
/// push.handle().connect_stream(Io::new(far, "near"))?;
/// push.send("hello").await?;
///
/// let (_, peer) = pull.recv_from().await?;
/// assert_eq!(peer.info().user_id(), Some("user-7"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransportUser {
    id: String,
    metadata: Metadata,
}

impl TransportUser {
    /// A user without metadata. The id may be empty.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), metadata: Metadata::new() }
    }

    /// Adds properties of the user.
    #[must_use]
    pub fn with_metadata(self, metadata: Metadata) -> Self {
        Self { metadata, ..self }
    }

    /// The user id. It may be empty.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Properties of the user, such as the names in a certificate.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

/// The sender of a message, as known from the connection over which the message came.
///
/// Cheap to clone. It does not change when the peer disconnects, or when another peer connects at the
/// same endpoint.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::security::{Attempt, Decision};
/// use zeromq_async::{PullSocket, PushSocket};
///
/// let allow_all = |_: Attempt| async { Decision::allow_as("user-7") };
/// let mut pull = PullSocket::builder().null_server(allow_all).build();
/// let mut push = PushSocket::new();
/// push.connect(pull.bind("tcp://127.0.0.1:0").await?)?;
/// push.send("hello").await?;
///
/// let (message, peer) = pull.recv_from().await?;
/// assert_eq!(message, "hello");
/// assert_eq!(peer.info().user_id(), Some("user-7"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer(Arc<Session>);

#[derive(Debug, PartialEq, Eq)]
struct Session {
    id: PeerId,
    info: PeerInfo,
    address: Option<PeerAddress>,
    /// The routing id of the peer in a ROUTER.
    label: Frame,
}

impl Peer {
    pub(crate) fn new(
        id: PeerId,
        info: PeerInfo,
        address: Option<PeerAddress>,
        label: Frame,
    ) -> Self {
        Self(Arc::new(Session { id, info, address, label }))
    }

    pub(crate) fn label(&self) -> &Frame {
        &self.0.label
    }

    /// Its id in the socket, as in events and statistics.
    pub fn id(&self) -> PeerId {
        self.0.id
    }

    /// Its socket type, routing id, metadata and public key from the handshake, and the user id from
    /// the authenticator or the transport.
    pub fn info(&self) -> &PeerInfo {
        &self.0.info
    }

    /// Its address. `None` over inproc.
    pub fn address(&self) -> Option<&PeerAddress> {
        self.0.address.as_ref()
    }
}
