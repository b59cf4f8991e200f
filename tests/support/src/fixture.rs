//! A socket and its scripted peers, connected.

use tokio::net::TcpListener;
use zeromq_async::{Endpoint, Message, Receives, Socket, SocketKind, SocketType};

use crate::{ANY_PORT, RawPeer, listen, within};

/// Binds the socket and connects a peer of each type. The socket knows them when this returns.
pub async fn bind_to_peers<P: SocketKind, const N: usize>(
    socket: &Socket<P>,
    types: [SocketType; N],
) -> [RawPeer; N] {
    let endpoint = bind(socket).await;
    let mut peers = Vec::new();
    for socket_type in types {
        peers.push(RawPeer::connect(&endpoint, socket_type).await);
    }
    known(socket, peers).await
}

/// Binds the socket and connects a DEALER with each of these routing ids.
pub async fn bind_to_dealers<P: SocketKind, const N: usize>(
    socket: &Socket<P>,
    routing_ids: [&str; N],
) -> [RawPeer; N] {
    let endpoint = bind(socket).await;
    let mut dealers = Vec::new();
    for routing_id in routing_ids {
        dealers.push(RawPeer::connect_as(&endpoint, SocketType::Dealer, routing_id).await);
    }
    known(socket, dealers).await
}

/// Binds the socket and connects a SUB with each of these subscriptions, which have arrived when this
/// returns.
pub async fn bind_to_subscribers<P: SocketKind, const N: usize>(
    socket: &Socket<P>,
    topics: [&'static str; N],
) -> [RawPeer; N] {
    let mut subscribers = bind_to_peers(socket, [SocketType::Sub; N]).await;
    for (subscriber, topic) in subscribers.iter_mut().zip(topics) {
        subscriber.subscribe(topic).await;
        subscriber.sync().await;
    }
    subscribers
}

/// Connects the socket to a peer of this type. The listener takes further connections of the socket.
pub async fn connect_to_peer<P: SocketKind>(
    socket: &Socket<P>,
    socket_type: SocketType,
) -> (RawPeer, TcpListener) {
    let (listener, endpoint) = listen().await;
    socket.connect(&endpoint).expect("an endpoint to connect to");
    (RawPeer::accept(&listener, socket_type).await, listener)
}

/// Sends 100 messages from the first peer and 5 from the other, and waits until all have arrived.
pub async fn send_unevenly(
    (eager, often): (&mut RawPeer, impl Into<Message>),
    (modest, seldom): (&mut RawPeer, impl Into<Message>),
) {
    let (often, seldom) = (often.into(), seldom.into());
    for _ in 0..100 {
        eager.send(often.clone()).await;
    }
    for _ in 0..5 {
        modest.send(seldom.clone()).await;
    }
    eager.sync().await;
    modest.sync().await;
}

/// The number of messages that are `expected` among the next ten.
pub async fn count_in_ten<P: Receives>(
    socket: &mut Socket<P>,
    expected: impl Into<Message>,
) -> usize {
    let (expected, mut count) = (expected.into(), 0);
    for _ in 0..10 {
        let received = within("a message", socket.recv()).await.expect("an open socket");
        count += usize::from(received == expected);
    }
    count
}

async fn bind<P: SocketKind>(socket: &Socket<P>) -> Endpoint {
    socket.bind(ANY_PORT).await.expect("a free port")
}

async fn known<P: SocketKind, const N: usize>(
    socket: &Socket<P>,
    peers: Vec<RawPeer>,
) -> [RawPeer; N] {
    within("the peers", socket.wait_for_peers(N)).await;
    peers.try_into().unwrap_or_else(|_| panic!("{N} peers"))
}
