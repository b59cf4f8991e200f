//! DGRAM: datagrams to and from any address.

use std::net::SocketAddr;
use std::sync::Arc;

use zmtp::SocketType;

use super::{
    FrameKind, Multicasts, Receives, Sends, SharedSocket, SharesSending, SocketKind, Stacks,
};
use crate::pattern::{Datagrams, FairQueue, Occupancy, Peers};

/// Sends and receives UDP datagrams, each with its address.
///
/// It binds to one `udp://` endpoint, and sends from there. There is no protocol on top, so the other
/// side may be any program. A datagram has at most 8,192 bytes and may be lost. While the queue is
/// full, the system drops datagrams that its buffer does not hold.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{DgramSocket, Endpoint};
///
/// let (one, other) = (DgramSocket::new(), DgramSocket::new());
/// let Endpoint::Udp(udp) = one.bind("udp://127.0.0.1:*").await? else { panic!() };
/// other.bind("udp://127.0.0.1:*").await?;
/// other.send_to(([127, 0, 0, 1], udp.port()), "ping").await?;
/// let (from, frame) = one.recv().await?;
/// assert_eq!(frame, "ping");
/// one.send_to(from, "pong").await?;
/// assert_eq!(other.recv().await?.1, "pong");
/// # Ok(()) }
/// ```
pub type DgramSocket = SharedSocket<Dgram>;

/// The type of a [`DgramSocket`].
#[derive(Debug)]
pub enum Dgram {}

impl SocketKind for Dgram {
    const TYPE: SocketType = SocketType::Dgram;
    const ONE_FRAME: bool = true;
    type SendStack = Datagrams;
    type ReceiveStack = FairQueue;
    type Options = ();
    type Control = ();

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        Stacks {
            send: Datagrams::new(peers),
            receive: FairQueue::new(peers),
            hooks: Arc::new(Occupancy::default()),
            control: (),
        }
    }
}

impl FrameKind for Dgram {
    type To = SocketAddr;
    type From = SocketAddr;
}

impl Sends for Dgram {}
impl SharesSending for Dgram {}
impl Receives for Dgram {}
impl Multicasts for Dgram {}
