//! Messages that sockets send and receive on their own when peers connect and disconnect.

use interop::{Attach, End, Frames, RawPeer, ReservedPort, TCP};
use libzmq_peer::{Context, Opt, Peer, SocketKind};
use zeromq_async::{DealerSocket, RouterSocket};

use crate::{Subject, assert_same, connected, frame, ours, theirs};

/// Concatenates frames.
fn message<const N: usize>(frames: [&str; N]) -> Frames {
    frames.map(|frame| frame.as_bytes().to_vec()).to_vec()
}

/// A DEALER of libzmq with a routing id, connected to this endpoint.
fn dealer(at: &str, routing_id: &'static str) -> Peer {
    connected(SocketKind::Dealer, at, move |socket| {
        socket.set_bytes(Opt::ROUTING_ID, routing_id.as_bytes())
    })
}

/// A ROUTER of either library with `ZMQ_ROUTER_NOTIFY`: 1 for connects, 2 for disconnects.
async fn notifying(mask: i32, place: Attach<'_>) -> [Subject; 2] {
    let builder = RouterSocket::builder();
    let ours = builder.notify_connected(mask & 1 > 0).notify_disconnected(mask & 2 > 0).build();
    let options = move |socket: &libzmq_peer::Socket| socket.set_i32(Opt::ROUTER_NOTIFY, mask);
    [End::from_ours(ours, place).await, End::from_theirs(SocketKind::Router, options, place)]
}

/// `ZMQ_ROUTER_NOTIFY`: before and after all messages of a peer.
#[tokio::test]
async fn router_is_notified_of_peer_changes() {
    for mask in 0..=3 {
        let [ours, theirs] = notifying(mask, Attach::Bind(TCP)).await;
        let seen = assert_same(ours, theirs, async |mut router, at| {
            let mut seen = Vec::new();
            for id in ["one", "two"] {
                let peer = dealer(&at, id);
                peer.send(["hello"]).await.unwrap();
                while seen.last() != Some(&message([id, "hello"])) {
                    seen.push(router.recv("its message").await);
                }
                peer.send(["the last"]).await.unwrap();
                while seen.last() != Some(&message([id, "the last"])) {
                    seen.push(router.recv("its last message").await);
                }
                peer.stop().await.unwrap();
                if mask & 2 > 0 {
                    seen.push(router.recv("its end").await);
                }
            }
            seen
        });
        let seen = seen.await;
        let notices = seen.iter().filter(|message| message[1].is_empty()).count();
        assert_eq!(notices, 2 * [0, 1, 1, 2][usize::try_from(mask).unwrap()], "{seen:?}");
    }
}

/// `ZMQ_ROUTER_NOTIFY` of a connecting ROUTER.
#[tokio::test]
async fn connecting_router_is_notified() {
    let peers = [(); 2].map(|()| {
        interop::libzmq(SocketKind::Dealer, |socket| {
            socket.set_bytes(Opt::ROUTING_ID, b"bound")?;
            socket.bind(TCP)
        })
    });
    let mut seen = Vec::new();
    for (number, peer) in peers.into_iter().enumerate() {
        let [ours, theirs] = notifying(3, Attach::Connect(peer.endpoint())).await;
        let (mut router, _) = if number == 0 { ours } else { theirs };
        let come = router.recv("that it is there").await;
        peer.stop().await.unwrap();
        seen.push([come, router.recv("that it is gone").await]);
    }
    assert_eq!(seen[0], [message(["bound", ""]), message(["bound", ""])]);
    assert_eq!(seen[0], seen[1], "ours on the left, libzmq on the right");
}

/// `ZMQ_ROUTER_NOTIFY`: not for a peer without a finished handshake. A partial message of a peer
/// that leaves is not received.
#[tokio::test]
async fn router_gets_no_notice_of_partial_peers() {
    let [ours, theirs] = notifying(3, Attach::Bind(TCP)).await;
    let seen = assert_same(ours, theirs, async |mut router, at| {
        let mut stranger = RawPeer::connect(&at).await;
        stranger.greet(1, "NULL").await;
        stranger.read(64).await;
        drop(stranger);
        let mut peer = RawPeer::connect(&at).await;
        peer.handshake(1, "DEALER").await;
        // An incomplete message.
        peer.write(b"\x01\x05first").await;
        drop(peer);
        let mut seen = Vec::new();
        for _ in 0..2 {
            let mut notice = router.recv("a notice").await;
            // The routing id is generated.
            assert_eq!(notice.remove(0).len(), 5);
            seen.push(notice);
        }
        let last = dealer(&at, "last");
        last.send(["hello"]).await.unwrap();
        seen.push(router.recv("that the last is there").await);
        seen
    });
    assert_eq!(seen.await, [message([""]), message([""]), message(["last", ""])]);
}

/// `ZMQ_HELLO_MSG` of a bound ROUTER.
#[tokio::test]
async fn router_hello_precedes_everything() {
    let theirs = theirs(SocketKind::Router, |socket| socket.set_bytes(Opt::HELLO_MSG, b"HELLO"));
    let ours = ours(RouterSocket::builder().hello("HELLO").build()).await;
    assert_same(ours, theirs, async |mut router, at| {
        let mut seen = Vec::new();
        for id in ["one", "two"] {
            let peer = dealer(&at, id);
            seen.push(peer.recv().await.unwrap());
            peer.send(["question"]).await.unwrap();
            seen.push(router.recv("a question").await);
            router.send("an answer", message([id, "answer"])).await;
            seen.push(peer.recv().await.unwrap());
        }
        seen
    })
    .await;
}

/// `ZMQ_HELLO_MSG` and `ZMQ_PROBE_ROUTER` of a connecting DEALER: before queued messages, and the
/// hello message over each connection.
#[tokio::test]
async fn dealer_hello_and_probe_precede_the_queue() {
    let mut seen = Vec::new();
    for is_ours in [true, false] {
        let port = ReservedPort::new();
        let at = port.endpoint();
        let (mut dealer, _) = if is_ours {
            let dealer = DealerSocket::builder().hello("HELLO").probe_router(true).build();
            End::from_ours(dealer, Attach::Connect(&at)).await
        } else {
            let options = |socket: &libzmq_peer::Socket| {
                socket.set_bytes(Opt::HELLO_MSG, b"HELLO")?;
                socket.set_i32(Opt::PROBE_ROUTER, 1)
            };
            End::from_theirs(SocketKind::Dealer, options, Attach::Connect(&at))
        };
        dealer.send("what waits", frame("waited")).await;
        let bound = || {
            let at = at.clone();
            interop::libzmq(SocketKind::Router, move |socket| socket.bind(&at))
        };
        let mut received = Vec::new();
        let router = bound();
        for _ in 0..3 {
            received.push(router.recv().await.unwrap().split_off(1));
        }
        router.stop().await.unwrap();
        let router = bound();
        received.push(router.recv().await.unwrap().split_off(1));
        if is_ours {
            // libzmq does not send it to a ROUTER that was restarted.
            assert_eq!(router.recv().await.unwrap().split_off(1), frame(""));
        }
        dealer.send("what comes then", frame("then")).await;
        received.push(router.recv().await.unwrap().split_off(1));
        seen.push(received);
    }
    assert_eq!(seen[0], ["HELLO", "", "waited", "HELLO", "then"].map(frame));
    assert_eq!(seen[0], seen[1], "ours on the left, libzmq on the right");
}

/// `ZMQ_DISCONNECT_MSG`, alone and after a notification.
#[tokio::test]
async fn router_gets_disconnect_message_of_peers() {
    for notifies in [false, true] {
        let theirs = theirs(SocketKind::Router, move |socket| {
            socket.set_i32(Opt::ROUTER_NOTIFY, if notifies { 2 } else { 0 })?;
            socket.set_bytes(Opt::DISCONNECT_MSG, b"BYE")
        });
        let builder = RouterSocket::builder().notify_disconnected(notifies);
        let ours = ours(builder.disconnect_message("BYE").build()).await;
        let seen = assert_same(ours, theirs, async |mut router, at| {
            let peer = dealer(&at, "peer");
            peer.send(["the last"]).await.unwrap();
            assert_eq!(router.recv("its message").await, message(["peer", "the last"]));
            peer.stop().await.unwrap();
            let mut seen = vec![router.recv("that it is gone").await];
            if notifies {
                seen.push(router.recv("that it is gone").await);
            }
            let disconnects = dealer(&at, "disconnects");
            disconnects.send(["a message"]).await.unwrap();
            seen.push(router.recv("its message").await);
            let from = at.clone();
            disconnects.run(move |socket| socket.disconnect(&from)).await.unwrap();
            // libzmq serves its connections only during a call.
            let _attends = disconnects.recv();
            seen.push(router.recv("that it is gone").await);
            seen
        });
        assert_eq!(seen.await.len(), if notifies { 4 } else { 3 });
    }
}

/// `ZMQ_DISCONNECT_MSG` over inproc, between two sockets of one library.
#[tokio::test]
async fn router_gets_disconnect_message_over_inproc() {
    const AT: &str = "inproc://disconnect-message";
    let mut ours = RouterSocket::builder().disconnect_message("BYE").build();
    ours.bind(AT).await.unwrap();
    let context = Context::new().unwrap();
    let theirs = Peer::spawn_in(&context, SocketKind::Router, |socket| {
        socket.set_bytes(Opt::DISCONNECT_MSG, b"BYE")?;
        socket.bind(AT)
    })
    .unwrap();

    let mut our_dealer = DealerSocket::builder().routing_id("peer").unwrap().build();
    our_dealer.connect(AT).unwrap();
    our_dealer.send("the last").await.unwrap();
    our_dealer.close().await;
    let their_dealer = Peer::spawn_in(&context, SocketKind::Dealer, |socket| {
        socket.set_bytes(Opt::ROUTING_ID, b"peer")?;
        socket.connect(AT)
    })
    .unwrap();
    their_dealer.send(["the last"]).await.unwrap();
    their_dealer.stop().await.unwrap();

    for expected in ["the last", "BYE"] {
        let expected = message(["peer", expected]);
        assert_eq!(interop::frames(&interop::recv(&mut ours, "ours").await), expected);
        assert_eq!(theirs.recv().await.unwrap(), expected);
    }
}

/// `ZMQ_HICCUP_MSG` at each disconnect, and `ZMQ_HELLO_MSG` after it from a ROUTER that returns.
#[tokio::test]
async fn dealer_gets_hiccup_message() {
    let mut seen = Vec::new();
    for is_ours in [true, false] {
        let port = ReservedPort::new();
        let at = port.endpoint();
        let bound = || {
            let at = at.clone();
            interop::libzmq(SocketKind::Router, move |socket| {
                socket.set_bytes(Opt::HELLO_MSG, b"HELLO")?;
                socket.bind(&at)
            })
        };
        let router = bound();
        let (mut dealer, _) = if is_ours {
            let dealer = DealerSocket::builder().hiccup_message("HICCUP").build();
            End::from_ours(dealer, Attach::Connect(&at)).await
        } else {
            let options =
                |socket: &libzmq_peer::Socket| socket.set_bytes(Opt::HICCUP_MSG, b"HICCUP");
            End::from_theirs(SocketKind::Dealer, options, Attach::Connect(&at))
        };
        let mut received = vec![dealer.recv("the hello").await];
        router.stop().await.unwrap();
        received.push(dealer.recv("the hiccup").await);
        let router = bound();
        received.push(dealer.recv("the second hello").await);
        router.stop().await.unwrap();
        received.push(dealer.recv("the second hiccup").await);
        seen.push(received);
    }
    assert_eq!(seen[0], ["HELLO", "HICCUP", "HELLO", "HICCUP"].map(frame));
    assert_eq!(seen[0], seen[1], "ours on the left, libzmq on the right");
}
