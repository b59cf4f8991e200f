//! 51/P2P, clause by clause: the visible behaviour of PEER. Clauses are cited by list and position.
//! That messages of several frames do not compile is shown in `tests/compile_errors.rs`.

use std::collections::BTreeSet;

use support::{ANY_PORT, RawPeer, disconnected, fast_reconnect, is_pending, listen, within};
use zeromq_async::{
    ConnectErrorKind, DetachError, Frame, PeerSocket, RouteId, SendErrorKind, SocketType,
};

use crate::one_frame::{BODIES, drops_multipart, huge, places, receives_fairly};

fn body((_, frame): (RouteId, Frame)) -> String {
    frame.to_str().unwrap().to_owned()
}

/// 51/P2P: general 1 to 3: either side sends first, and messages are unchanged.
#[tokio::test]
async fn peer_general_1_to_3_talks_unchanged() {
    for place in places() {
        let hub = PeerSocket::new();
        let endpoint = hub.bind(place.as_str()).await.unwrap();
        let others = [PeerSocket::new(), PeerSocket::new()];
        for other in &others {
            let to_hub = other.connect_peer(&endpoint).unwrap();
            for body in BODIES {
                other.send_to(to_hub, body).await.unwrap();
                let (from, frame) = within("a message", hub.recv()).await.unwrap();
                assert_eq!(frame, body);
                hub.send_to(from, body).await.unwrap();
                let answer = within("an answer", other.recv()).await.unwrap();
                assert_eq!(answer, (to_hub, body.into()));
            }
        }
    }
}

/// 51/P2P: general 5 and 8: the id is there before the connection, and stays across lost ones, with
/// the queue.
#[tokio::test]
async fn peer_general_5_and_8_id_and_queue_stay() {
    let (listener, endpoint) = listen().await;
    let peer = PeerSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = peer.events();
    let to_other = peer.connect_peer(&endpoint).unwrap();
    for round in 0..3 {
        peer.send_to(to_other, format!("{round}")).await.unwrap();
        let mut other = RawPeer::accept(&listener, SocketType::Peer).await;
        assert_eq!(other.recv().await, format!("{round}"));
        other.send("answer").await;
        let answer = within("an answer", peer.recv()).await.unwrap();
        assert_eq!(answer, (to_other, "answer".into()));
        drop(other);
        disconnected(&mut events).await;
    }
    peer.disconnect(&endpoint).unwrap();
    let gone = peer.send_to(to_other, "gone").await.unwrap_err();
    assert_eq!(gone.kind(), &SendErrorKind::NoRoute(to_other));
}

/// 51/P2P: general 6: with a peer that had connected, its queue goes.
#[tokio::test]
async fn peer_general_6_binding_side_drops_queue() {
    let peer = PeerSocket::new();
    let mut events = peer.events();
    let endpoint = peer.bind(ANY_PORT).await.unwrap();
    let mut other = RawPeer::connect(&endpoint, SocketType::Peer).await;
    other.send("hello").await;
    let (from, _) = within("a message", peer.recv()).await.unwrap();
    peer.send_to(from, huge(1)).await.unwrap();
    drop(other);
    assert_eq!(disconnected(&mut events).await, 1);
    let error = peer.send_to(from, "too late").await.unwrap_err();
    assert_eq!(error.kind(), &SendErrorKind::NoRoute(from));
}

/// 51/P2P: general 7 and 8: each connection has an id of its own, which is not 0, from many tasks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peer_general_7_and_8_gives_unique_ids() {
    for place in places() {
        let (hub, peer) = (PeerSocket::new(), PeerSocket::new());
        let endpoint = hub.bind(place.as_str()).await.unwrap();
        let connecting: Vec<_> = (0..20)
            .map(|_| (peer.clone(), endpoint.clone()))
            .map(|(peer, endpoint)| {
                tokio::spawn(async move {
                    let id = peer.connect_peer(&endpoint).unwrap();
                    peer.send_to(id, id.to_string()).await.unwrap();
                    id
                })
            })
            .collect();
        let mut ids = BTreeSet::new();
        for task in connecting {
            let id = within("an id", task).await.unwrap();
            assert!(id.get() != 0 && ids.insert(id), "{id} of {ids:?}");
        }
        // Each message went over its own connection: the answer to it comes from its id.
        for _ in 0..20 {
            let (from, id) = within("a message", hub.recv()).await.unwrap();
            hub.send_to(from, id).await.unwrap();
        }
        for _ in 0..20 {
            let (from, id) = within("an answer", peer.recv()).await.unwrap();
            assert_eq!(id, from.to_string());
        }
    }
}

/// 51/P2P: general 8: an immediate socket has no queue before the connection, and so no id (libzmq's
/// `EFAULT`).
#[tokio::test]
async fn immediate_peer_cannot_be_named() {
    let peer = PeerSocket::builder().immediate(true).build();
    for endpoint in [ANY_PORT.replace('*', "1"), "inproc://immediate-peer".to_owned()] {
        let error = peer.connect_peer(endpoint.as_str()).unwrap_err();
        assert_eq!(error.kind(), &ConnectErrorKind::Immediate);
        assert!(peer.stats().peers.is_empty());
    }
}

/// 51/P2P: general 9.
#[tokio::test]
async fn peer_general_9_peer_chooses_no_id() {
    let peer = PeerSocket::new();
    let endpoint = peer.bind(ANY_PORT).await.unwrap();
    let mut one = RawPeer::connect_as(&endpoint, SocketType::Peer, "AAAA").await;
    let mut other = RawPeer::connect_as(&endpoint, SocketType::Peer, "AAAA").await;
    one.send("one").await;
    let (to_one, _) = within("a message", peer.recv()).await.unwrap();
    other.send("other").await;
    let (to_other, _) = within("a message", peer.recv()).await.unwrap();
    assert_ne!(to_one, to_other);
    peer.send_to(to_other, "to the other").await.unwrap();
    assert_eq!(other.recv().await, "to the other");
}

/// 51/P2P: incoming 1.
#[tokio::test]
async fn peer_incoming_1_receives_fairly() {
    receives_fairly(&PeerSocket::new(), SocketType::Peer, body).await;
}

/// 51/P2P: incoming 4.
#[tokio::test]
async fn peer_incoming_4_drops_multipart() {
    drops_multipart(&PeerSocket::new(), SocketType::Peer, body).await;
}

/// 51/P2P: outgoing 2 and 3: without a queue an error.
#[tokio::test]
async fn peer_outgoing_3_unknown_id_is_an_error() {
    let peer = PeerSocket::new();
    let unknown = RouteId::new(1).unwrap();
    let error = peer.send_to(unknown, "nobody's").await.unwrap_err();
    assert_eq!(error.kind(), &SendErrorKind::NoRoute(unknown));
    assert_eq!(error.into_frame().unwrap(), "nobody's");
    assert_eq!(peer.disconnect_peer(unknown), Err(DetachError::NoRoute(unknown)));
}

/// 51/P2P: outgoing 4 and 5: exactly as many messages as the limit are queued, and then sending waits.
#[tokio::test]
async fn peer_outgoing_4_and_5_blocks_when_full() {
    let context = zeromq_async::Context::new();
    let peer = PeerSocket::builder_in(&context).send_high_water_mark(2).build();
    let to_other = peer.connect_peer("inproc://other").unwrap();
    for number in 0..2 {
        peer.try_send_to(to_other, format!("{number}")).unwrap();
    }
    assert_eq!(*peer.try_send_to(to_other, "2").unwrap_err().kind(), SendErrorKind::Full);
    let waiting = peer.clone();
    let waiting = tokio::spawn(async move { waiting.send_to(to_other, "2").await });
    assert!(is_pending(peer.send_to(to_other, "never sent")));
    let other = PeerSocket::builder_in(&context).receive_high_water_mark(1).build();
    other.bind("inproc://other").await.unwrap();
    for number in 0..3 {
        assert_eq!(body(within("a message", other.recv()).await.unwrap()), format!("{number}"));
    }
    within("the sender", waiting).await.unwrap().unwrap();
}

/// `zmq_disconnect_peer`, of either side: what is queued is written, and the id is gone.
#[tokio::test]
async fn disconnected_peer_has_no_id() {
    for place in places() {
        let (one, other) = (PeerSocket::new(), PeerSocket::new());
        let to_other = one.connect_peer(other.bind(place.as_str()).await.unwrap()).unwrap();
        let mut events = other.events();
        one.send_to(to_other, "hello").await.unwrap();
        let (to_one, _) = within("a message", other.recv()).await.unwrap();
        one.send_to(to_other, "the last").await.unwrap();
        one.disconnect_peer(to_other).unwrap();
        assert_eq!(one.disconnect_peer(to_other), Err(DetachError::NoRoute(to_other)));
        let error = one.send_to(to_other, "too late").await.unwrap_err();
        assert_eq!(error.kind(), &SendErrorKind::NoRoute(to_other));
        assert_eq!(within("a message", other.recv()).await.unwrap(), (to_one, "the last".into()));
        disconnected(&mut events).await;
        let error = other.send_to(to_one, "too late").await.unwrap_err();
        assert_eq!(error.kind(), &SendErrorKind::NoRoute(to_one));
    }
}
