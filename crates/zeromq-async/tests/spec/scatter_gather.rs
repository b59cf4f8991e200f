//! 49/SCATTER-GATHER, clause by clause: the visible behaviour of SCATTER and GATHER. Clauses are cited
//! by list and position. That both are used by many tasks at a time is shown in `tests/shared`, and
//! that messages of several frames do not compile in `tests/compile_errors.rs`.

use support::{ANY_PORT, RawPeer, disconnected, fast_reconnect, is_pending, listen, within};
use zeromq_async::{Context, Frame, GatherSocket, ScatterSocket, SendErrorKind, SocketType};

use crate::one_frame::{BODIES, drops_multipart, huge, places, receives_fairly};

fn text(frame: Frame) -> String {
    frame.to_str().unwrap().to_owned()
}

// ---- SCATTER ----

/// 49/SCATTER-GATHER: SCATTER, general 1 and 2, GATHER, general 1 and 2.
#[tokio::test]
async fn scatter_general_1_and_2_sends_unchanged() {
    for place in places() {
        let (scatter, gather) = (ScatterSocket::new(), GatherSocket::new());
        gather.connect(scatter.bind(place.as_str()).await.unwrap()).unwrap();
        for body in BODIES {
            within("a peer", scatter.send(body)).await.unwrap();
            assert_eq!(within("a message", gather.recv()).await.unwrap(), body);
        }
    }
}

/// 49/SCATTER-GATHER: SCATTER, general 4: before the connection and across lost ones.
#[tokio::test]
async fn scatter_general_4_queue_survives_reconnect() {
    let (listener, endpoint) = listen().await;
    let scatter = ScatterSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = scatter.events();
    scatter.connect(&endpoint).unwrap();
    for round in 0..3 {
        scatter.send(format!("between {round}")).await.unwrap();
        let mut peer = RawPeer::accept(&listener, SocketType::Gather).await;
        assert_eq!(peer.recv().await, format!("between {round}"));
        drop(peer);
        assert_eq!(disconnected(&mut events).await, 0);
    }
}

/// 49/SCATTER-GATHER: SCATTER, general 5.
#[tokio::test]
async fn scatter_general_5_binding_side_drops_queue() {
    let scatter = ScatterSocket::new();
    let mut events = scatter.events();
    let endpoint = scatter.bind(ANY_PORT).await.unwrap();
    let peer = RawPeer::connect(&endpoint, SocketType::Gather).await;
    scatter.wait_for_peers(1).await;
    scatter.send(huge(1)).await.unwrap();
    scatter.send("old").await.unwrap();
    drop(peer);
    assert_eq!(disconnected(&mut events).await, 2);
    let mut peer = RawPeer::connect(&endpoint, SocketType::Gather).await;
    within("a peer", scatter.send("new")).await.unwrap();
    assert_eq!(peer.recv().await, "new");
}

/// 49/SCATTER-GATHER: SCATTER, general 6 and outgoing 1: a full queue is passed over.
#[tokio::test]
async fn scatter_outgoing_1_skips_full_peers() {
    let context = Context::new();
    let scatter = ScatterSocket::builder_in(&context).send_high_water_mark(1).build();
    let gather = |mark: usize| GatherSocket::builder_in(&context).receive_high_water_mark(mark);
    let (small, large) = (gather(1).build(), gather(5).build());
    small.bind("inproc://small").await.unwrap();
    large.bind("inproc://large").await.unwrap();
    scatter.connect("inproc://small").unwrap();
    scatter.connect("inproc://large").unwrap();
    for number in 0..8 {
        scatter.try_send(format!("{number}")).unwrap();
    }
    assert_eq!(*scatter.try_send("too many").unwrap_err().kind(), SendErrorKind::Full);
    for number in [0, 2] {
        assert_eq!(small.try_recv().unwrap(), format!("{number}"));
    }
    for number in [1, 3, 4, 5, 6, 7] {
        assert_eq!(large.try_recv().unwrap(), format!("{number}"));
    }
}

/// 49/SCATTER-GATHER: SCATTER, outgoing 2.
#[tokio::test]
async fn scatter_outgoing_2_sends_round_robin() {
    let scatter = ScatterSocket::new();
    let mut gathers = Vec::new();
    for _ in 0..4 {
        let gather = GatherSocket::new();
        scatter.connect(gather.bind(ANY_PORT).await.unwrap()).unwrap();
        gathers.push(gather);
    }
    for number in 0..40 {
        scatter.send(format!("{number}")).await.unwrap();
    }
    for (first, gather) in gathers.iter().enumerate() {
        for number in (first..40).step_by(4) {
            let received = within("this peer's share", gather.recv()).await.unwrap();
            assert_eq!(received, format!("{number}"));
        }
    }
}

/// 49/SCATTER-GATHER: SCATTER, outgoing 3, 4 and 5.
#[tokio::test]
async fn scatter_outgoing_3_to_5_blocks_without_room() {
    let scatter = ScatterSocket::builder().send_high_water_mark(1).build();
    let endpoint = scatter.bind(ANY_PORT).await.unwrap();
    assert!(is_pending(scatter.send("no peer")));
    assert_eq!(*scatter.try_send("no peer").unwrap_err().kind(), SendErrorKind::Full);
    let mut peer = RawPeer::connect(&endpoint, SocketType::Gather).await;
    scatter.wait_for_peers(1).await;
    scatter.send(huge(1)).await.unwrap();
    assert!(is_pending(scatter.send("full")));
    let (received, sent) = tokio::join!(peer.recv(), within("room", scatter.send("then")));
    assert_eq!(received.first().unwrap()[..], huge(1)[..]);
    sent.unwrap();
    assert_eq!(peer.recv().await, "then");
}

// ---- GATHER ----

/// 49/SCATTER-GATHER: GATHER, general 3 and 6: a full queue stops its own peer only.
#[tokio::test]
async fn gather_general_3_has_a_queue_per_peer() {
    let gather = GatherSocket::builder().receive_high_water_mark(2).build();
    let endpoint = gather.bind(ANY_PORT).await.unwrap();
    let mut full = RawPeer::connect(&endpoint, SocketType::Scatter).await;
    for number in 0..10 {
        full.send(format!("full {number}")).await;
    }
    let mut other = RawPeer::connect(&endpoint, SocketType::Scatter).await;
    other.send("other").await;
    other.sync().await;
    let mut received = Vec::new();
    for _ in 0..11 {
        received.push(text(within("a message", gather.recv()).await.unwrap()));
    }
    assert!(received[..3].contains(&"other".into()), "it waited: {received:?}");
    received.retain(|message| *message != "other");
    let expected: Vec<String> = (0..10).map(|number| format!("full {number}")).collect();
    assert_eq!(received, expected);
}

/// 49/SCATTER-GATHER: GATHER, general 4: arrived messages outlive the connection. General 5 discards
/// those of a peer that had connected; they are kept, as libzmq keeps them.
#[tokio::test]
async fn gather_general_4_and_5_hears_gone_peer() {
    let gather = GatherSocket::new();
    let mut events = gather.events();
    let (listener, endpoint) = listen().await;
    gather.connect(&endpoint).unwrap();
    let bound = gather.bind(ANY_PORT).await.unwrap();
    let accepted = RawPeer::accept(&listener, SocketType::Scatter).await;
    for mut peer in [accepted, RawPeer::connect(&bound, SocketType::Scatter).await] {
        peer.send("before").await;
        peer.sync().await;
        drop(peer);
        disconnected(&mut events).await;
    }
    for _ in 0..2 {
        assert_eq!(within("what had arrived", gather.recv()).await.unwrap(), "before");
    }
}

/// 49/SCATTER-GATHER: GATHER, incoming 1.
#[tokio::test]
async fn gather_incoming_1_receives_fairly() {
    receives_fairly(&GatherSocket::new(), SocketType::Scatter, text).await;
}

/// 49/SCATTER-GATHER: GATHER, incoming 3.
#[tokio::test]
async fn gather_incoming_3_drops_multipart() {
    drops_multipart(&GatherSocket::new(), SocketType::Scatter, text).await;
}
