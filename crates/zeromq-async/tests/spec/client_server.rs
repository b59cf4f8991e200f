//! 41/CLISRV, clause by clause: the visible behaviour of CLIENT and SERVER. Clauses are cited by list
//! and position. That both are used by many tasks at a time is shown in `tests/shared`, and that
//! messages of several frames do not compile in `tests/compile_errors.rs`.

use std::collections::BTreeSet;

use support::{ANY_PORT, RawPeer, disconnected, fast_reconnect, is_pending, listen, within};
use zeromq_async::{
    ClientSocket, Context, Frame, RouteId, SendErrorKind, ServerSocket, SocketType,
};

use crate::one_frame::{BODIES, drops_multipart, huge, places, receives_fairly};

fn body((_, frame): (RouteId, Frame)) -> String {
    frame.to_str().unwrap().to_owned()
}

// ---- CLIENT ----

/// 41/CLISRV: CLIENT, general 1 and 2, SERVER, general 1 and 2: connected to any number of peers, which
/// get and give messages unchanged.
#[tokio::test]
async fn client_general_1_and_2_talks_unchanged() {
    for place in places() {
        let (client, server) = (ClientSocket::new(), ServerSocket::new());
        client.connect(server.bind(place.as_str()).await.unwrap()).unwrap();
        for body in BODIES {
            client.send(body).await.unwrap();
            let (from, frame) = within("a request", server.recv()).await.unwrap();
            assert_eq!(frame, body);
            server.send_to(from, frame).await.unwrap();
            assert_eq!(within("a reply", client.recv()).await.unwrap(), body);
        }
    }
}

/// 41/CLISRV: CLIENT, general 4: the queue is there before the connection, and across lost ones.
#[tokio::test]
async fn client_general_4_queue_survives_reconnect() {
    let (listener, endpoint) = listen().await;
    let client = ClientSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = client.events();
    client.connect(&endpoint).unwrap();
    client.send("before any connection").await.unwrap();
    for round in 0..3 {
        let mut peer = RawPeer::accept(&listener, SocketType::Server).await;
        if round == 0 {
            assert_eq!(peer.recv().await, "before any connection");
        } else {
            assert_eq!(peer.recv().await.first().unwrap()[..], huge(round)[..]);
            assert_eq!(peer.recv().await, format!("between {round}"));
        }
        // A partially written message is sent completely over the next connection.
        client.send(huge(round + 1)).await.unwrap();
        peer.reset();
        assert_eq!(disconnected(&mut events).await, 1);
        client.send(format!("between {}", round + 1)).await.unwrap();
    }
}

/// 41/CLISRV: CLIENT, general 5.
#[tokio::test]
async fn client_general_5_binding_side_drops_queue() {
    let client = ClientSocket::new();
    let mut events = client.events();
    let endpoint = client.bind(ANY_PORT).await.unwrap();
    let peer = RawPeer::connect(&endpoint, SocketType::Server).await;
    client.wait_for_peers(1).await;
    client.send(huge(1)).await.unwrap();
    client.send("old").await.unwrap();
    drop(peer);
    assert_eq!(disconnected(&mut events).await, 2);
    assert!(is_pending(client.send("no peer")), "the queue of the peer that left is still there");
    let mut peer = RawPeer::connect(&endpoint, SocketType::Server).await;
    within("a peer", client.send("new")).await.unwrap();
    assert_eq!(peer.recv().await, "new");
}

/// 41/CLISRV: CLIENT, general 6: exactly as many messages as the limit wait.
#[tokio::test]
async fn client_general_6_limits_its_queue() {
    let client = ClientSocket::builder().send_high_water_mark(3).build();
    client.connect("inproc://client-limit").unwrap();
    for number in 0..3 {
        client.try_send(format!("{number}")).unwrap();
    }
    assert_eq!(*client.try_send("3").unwrap_err().kind(), SendErrorKind::Full);
}

/// 41/CLISRV: CLIENT, outgoing 1 and 2: all have room.
#[tokio::test]
async fn client_outgoing_2_sends_round_robin() {
    for place in places() {
        let client = ClientSocket::new();
        let mut servers = Vec::new();
        for number in 0..4 {
            let server = ServerSocket::new();
            let place = if place.starts_with("inproc") {
                format!("{place}/{number}")
            } else {
                place.clone()
            };
            client.connect(server.bind(place.as_str()).await.unwrap()).unwrap();
            servers.push(server);
        }
        for number in 0..40 {
            client.send(format!("{number}")).await.unwrap();
        }
        for (first, server) in servers.iter().enumerate() {
            for number in (first..40).step_by(4) {
                let received = within("this peer's share", server.recv()).await.unwrap();
                assert_eq!(body(received), format!("{number}"));
            }
        }
    }
}

/// 41/CLISRV: CLIENT, outgoing 1: a full queue is passed over.
#[tokio::test]
async fn client_outgoing_1_skips_full_peers() {
    let context = Context::new();
    let client = ClientSocket::builder_in(&context).send_high_water_mark(1).build();
    let server =
        |mark: usize| ServerSocket::builder_in(&context).receive_high_water_mark(mark).build();
    let (small, large) = (server(1), server(5));
    small.bind("inproc://small").await.unwrap();
    large.bind("inproc://large").await.unwrap();
    client.connect("inproc://small").unwrap();
    client.connect("inproc://large").unwrap();
    for number in 0..8 {
        client.try_send(format!("{number}")).unwrap();
    }
    assert_eq!(*client.try_send("too many").unwrap_err().kind(), SendErrorKind::Full);
    for number in [0, 2] {
        assert_eq!(body(small.try_recv().unwrap()), format!("{number}"));
    }
    for number in [1, 3, 4, 5, 6, 7] {
        assert_eq!(body(large.try_recv().unwrap()), format!("{number}"));
    }
}

/// 41/CLISRV: CLIENT, outgoing 3, 4 and 5.
#[tokio::test]
async fn client_outgoing_3_to_5_blocks_without_room() {
    let client = ClientSocket::builder().send_high_water_mark(1).build();
    let endpoint = client.bind(ANY_PORT).await.unwrap();
    assert!(is_pending(client.send("no peer")));
    let error = client.try_send("no peer").unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Full);
    assert_eq!(error.into_frame(), Some("no peer".into()));

    let mut peer = RawPeer::connect(&endpoint, SocketType::Server).await;
    client.wait_for_peers(1).await;
    client.send(huge(1)).await.unwrap();
    assert!(is_pending(client.send("full")));
    let (received, sent) = tokio::join!(peer.recv(), within("room", client.send("then")));
    assert_eq!(received.first().unwrap()[..], huge(1)[..]);
    sent.unwrap();
    assert_eq!(peer.recv().await, "then");
}

/// 41/CLISRV: CLIENT, incoming 1.
#[tokio::test]
async fn client_incoming_1_receives_fairly() {
    let frame = |frame: Frame| frame.to_str().unwrap().to_owned();
    receives_fairly(&ClientSocket::new(), SocketType::Server, frame).await;
}

/// 41/CLISRV: CLIENT, incoming 3.
#[tokio::test]
async fn client_incoming_3_drops_multipart() {
    let frame = |frame: Frame| frame.to_str().unwrap().to_owned();
    drops_multipart(&ClientSocket::new(), SocketType::Server, frame).await;
}

// ---- SERVER ----

/// 41/CLISRV: SERVER, general 4: a SERVER that connects keeps the queue of its peer, and its id.
#[tokio::test]
async fn server_general_4_queue_survives_reconnect() {
    let (listener, endpoint) = listen().await;
    let server = ServerSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = server.events();
    server.connect(&endpoint).unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Client).await;
    peer.send("hello").await;
    let (from, _) = within("a request", server.recv()).await.unwrap();
    drop(peer);
    disconnected(&mut events).await;
    server.send_to(from, "queued").await.unwrap();
    let mut peer = RawPeer::accept(&listener, SocketType::Client).await;
    assert_eq!(peer.recv().await, "queued");
    peer.send("again").await;
    assert_eq!(within("a request", server.recv()).await.unwrap(), (from, "again".into()));
}

/// 41/CLISRV: SERVER, general 5: with the peer its queue goes, and its id.
#[tokio::test]
async fn server_general_5_binding_side_drops_queue() {
    let server = ServerSocket::new();
    let mut events = server.events();
    let endpoint = server.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Client).await;
    peer.send("hello").await;
    let (from, _) = within("a request", server.recv()).await.unwrap();
    server.send_to(from, huge(1)).await.unwrap();
    server.send_to(from, "old").await.unwrap();
    drop(peer);
    assert_eq!(disconnected(&mut events).await, 2);
    let error = server.send_to(from, "too late").await.unwrap_err();
    assert_eq!(error.kind(), &SendErrorKind::NoRoute(from));
}

/// 41/CLISRV: SERVER, general 6: each peer of each transport has an id of its own, which is not 0, and
/// the first id of a socket is random.
#[tokio::test]
async fn server_general_6_gives_unique_ids() {
    let mut first_ids = BTreeSet::new();
    for _ in 0..8 {
        let server = ServerSocket::new();
        let mut ids = BTreeSet::new();
        let mut clients = Vec::new();
        for place in places() {
            let endpoint = server.bind(place.as_str()).await.unwrap();
            for _ in 0..10 {
                let client = ClientSocket::new();
                client.connect(&endpoint).unwrap();
                client.send("hello").await.unwrap();
                let (from, _) = within("a request", server.recv()).await.unwrap();
                assert!(from.get() != 0 && ids.insert(from), "{from} of {ids:?}");
                clients.push(client);
            }
        }
        first_ids.insert(*ids.first().unwrap());
    }
    // Eight of 2^32, each drawn for itself.
    assert!(first_ids.len() > 6, "{first_ids:?}");
}

/// 41/CLISRV: SERVER, general 7: what a peer announces changes nothing.
#[tokio::test]
async fn server_general_7_peer_chooses_no_id() {
    let server = ServerSocket::new();
    let endpoint = server.bind(ANY_PORT).await.unwrap();
    let mut ids = BTreeSet::new();
    let mut peers = Vec::new();
    for _ in 0..4 {
        let mut peer = RawPeer::connect_as(&endpoint, SocketType::Client, "AAAA").await;
        peer.send("hello").await;
        let (from, _) = within("a request", server.recv()).await.unwrap();
        assert!(ids.insert(from), "{from} of {ids:?}");
        server.send_to(from, from.to_string()).await.unwrap();
        assert_eq!(peer.recv().await, from.to_string());
        peers.push(peer);
    }
}

/// 41/CLISRV: SERVER, incoming 1.
#[tokio::test]
async fn server_incoming_1_receives_fairly() {
    receives_fairly(&ServerSocket::new(), SocketType::Client, body).await;
}

/// 41/CLISRV: SERVER, incoming 4.
#[tokio::test]
async fn server_incoming_4_drops_multipart() {
    drops_multipart(&ServerSocket::new(), SocketType::Client, body).await;
}

/// 41/CLISRV: SERVER, incoming 3 and outgoing 1 and 2: each message goes to the peer that it names.
#[tokio::test]
async fn server_outgoing_1_and_2_sends_where_it_says() {
    for place in places() {
        let server = ServerSocket::new();
        let endpoint = server.bind(place.as_str()).await.unwrap();
        let mut clients = Vec::new();
        for number in 0..10 {
            let client = ClientSocket::new();
            client.connect(&endpoint).unwrap();
            client.send(format!("{number}")).await.unwrap();
            clients.push(client);
        }
        let mut ids = Vec::new();
        for _ in 0..10 {
            let (from, number) = within("a request", server.recv()).await.unwrap();
            ids.push((number, from));
        }
        for (number, from) in &ids {
            server.send_to(*from, number.clone()).await.unwrap();
        }
        for (number, client) in clients.iter().enumerate() {
            assert_eq!(within("a reply", client.recv()).await.unwrap(), format!("{number}"));
        }
    }
}

/// 41/CLISRV: SERVER, outgoing 3.
#[tokio::test]
async fn server_outgoing_3_unknown_id_is_an_error() {
    let server = ServerSocket::new();
    server.bind(ANY_PORT).await.unwrap();
    let unknown = RouteId::new(1).unwrap();
    let error = server.try_send_to(unknown, "nobody's").unwrap_err();
    assert_eq!(error.kind(), &SendErrorKind::NoRoute(unknown));
    assert_eq!(error.to_string(), "no peer has the routing id 1; it may have disconnected");
    assert_eq!(error.into_frame().unwrap(), "nobody's");
}

/// 41/CLISRV: SERVER, outgoing 4 and 5.
#[tokio::test]
async fn server_outgoing_4_and_5_blocks_when_full() {
    let server = ServerSocket::builder().send_high_water_mark(1).build();
    let endpoint = server.bind(ANY_PORT).await.unwrap();
    let mut peer = RawPeer::connect(&endpoint, SocketType::Client).await;
    peer.send("hello").await;
    let (from, _) = within("a request", server.recv()).await.unwrap();
    server.send_to(from, huge(1)).await.unwrap();
    let error = server.try_send_to(from, "full").unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Full);
    assert_eq!(error.into_frame().unwrap(), "full");
    assert!(is_pending(server.send_to(from, "full")));
    let (received, sent) = tokio::join!(peer.recv(), within("room", server.send_to(from, "then")));
    assert_eq!(received.first().unwrap()[..], huge(1)[..]);
    sent.unwrap();
    assert_eq!(peer.recv().await, "then");
}
