//! Types that do not fit: both libraries refuse the connection, and say why here.

use interop::{TCP, event, libzmq};
use libzmq_peer::SocketKind::{self, Client, Dealer, Gather, Pair, Peer, Pull, Push, Rep};
use libzmq_peer::SocketKind::{Router, Scatter, Server};
use zeromq_async::{
    ChannelSocket, ClientSocket, Events, FrameKind, GatherSocket, HandshakeFailure,
    PeerIncompatible, PeerSocket, ProtocolError, ScatterSocket, ServerSocket, SharedSocket,
    SocketEvent, SocketType,
};

#[tokio::test]
async fn wrong_pairings_are_refused() {
    refuses(&ClientSocket::new(), &[Client, Dealer, Router, Peer]).await;
    refuses(&ServerSocket::new(), &[Server, Dealer, Rep, Peer]).await;
    refuses(&ScatterSocket::new(), &[Scatter, Pull, Server]).await;
    refuses(&GatherSocket::new(), &[Gather, Push, Client]).await;
    refuses(&PeerSocket::new(), &[Client, Server, Dealer]).await;
    refuses(&ChannelSocket::new(), &[Pair, Client, Peer]).await;
}

async fn refuses<P: FrameKind>(socket: &SharedSocket<P>, others: &[SocketKind]) {
    let mut events = socket.events();
    let endpoint = socket.bind(TCP).await.unwrap().to_string();
    for &other in others {
        let theirs: SocketType = format!("{other:?}").to_uppercase().parse().unwrap();
        let expected = ProtocolError::from(PeerIncompatible::SocketType { ours: P::TYPE, theirs });
        while refusal(&mut events, other, &endpoint).await != Some(expected.clone()) {}
    }
}

/// Why the connection of this peer was refused. `None` if libzmq was faster: it closes as soon as it
/// detects the incompatibility, sometimes before it has sent its own type.
async fn refusal(events: &mut Events, other: SocketKind, endpoint: &str) -> Option<ProtocolError> {
    let at = endpoint.to_owned();
    let peer = libzmq(other, move |socket| socket.connect(&at));
    let error = event(events, format!("{other:?} to be refused"), |event| match event {
        SocketEvent::HandshakeFailed { reason: HandshakeFailure::Protocol(error), .. } => {
            Some(Some(error.clone()))
        }
        SocketEvent::HandshakeFailed { .. } => Some(None),
        SocketEvent::HandshakeSucceeded { info, .. } => panic!("{:?}", info.socket_type()),
        _ => None,
    })
    .await;
    peer.stop().await.unwrap();
    error
}
