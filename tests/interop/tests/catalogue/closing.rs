//! Rows about closing sockets.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use interop::peer::{Closed, Peer, PeerEvent, Sent, Settings};
use interop::{RawListener, ReservedPort, TCP, within};
use libzmq_peer::SocketKind::{Pull, Push};
use zeromq_async::PushSocket;

use crate::support::{DEADLINE, next};

/// The peer of the closing socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    SomebodyWhoReads,
    Nobody,
    SomebodyStuck,
}

/// The duration of a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CloseTime {
    NoTime,
    TheLingerTime,
    ForEver,
}

/// A linger time in ms, a peer, the duration of the close, and whether unsent messages were
/// reported.
type Row = (i32, To, CloseTime, Option<bool>);

const LINGER: i32 = 5000;

side_by_side! {
    /// Every linger time with every kind of peer: closing takes at most the linger time, and this
    /// library reports the number of unsent messages.
    row_23_closing: closing,
    ours: rows(|row| Some(row.1 != To::SomebodyWhoReads)),
    libzmq: rows(|_| None),
}

fn rows(told: impl Fn(&Row) -> Option<bool>) -> Vec<Row> {
    let rows = [
        (0, To::SomebodyWhoReads, CloseTime::NoTime),
        (0, To::Nobody, CloseTime::NoTime),
        (0, To::SomebodyStuck, CloseTime::NoTime),
        (LINGER, To::SomebodyWhoReads, CloseTime::NoTime),
        (LINGER, To::Nobody, CloseTime::TheLingerTime),
        (LINGER, To::SomebodyStuck, CloseTime::TheLingerTime),
        (-1, To::SomebodyWhoReads, CloseTime::NoTime),
        (-1, To::Nobody, CloseTime::ForEver),
        (-1, To::SomebodyStuck, CloseTime::ForEver),
    ];
    rows.into_iter()
        .map(|(linger, to, took)| {
            let row = (linger, to, took, None);
            // A close that never returns reports nothing.
            (linger, to, took, if took == CloseTime::ForEver { None } else { told(&row) })
        })
        .collect()
}

async fn closing<P: Peer>() -> Vec<Row> {
    join_all(rows(|_| None).into_iter().map(|(linger, to, ..)| close::<P>(linger, to))).await
}

async fn close<P: Peer>(linger: i32, to: To) -> Row {
    const MESSAGES: usize = 50;
    let mut push = P::start(&Settings::new(Push).linger(linger).buffers(8192)).await;
    let (port, listener) = (ReservedPort::new(), RawListener::bind().await);
    let mut pull = P::start(&Settings::new(Pull)).await;
    push.connect(&match to {
        To::SomebodyWhoReads => pull.bind(TCP).await,
        To::Nobody => port.endpoint(),
        To::SomebodyStuck => listener.endpoint(),
    })
    .await;
    // More than the kernel buffers of a peer that does not read.
    let message = vec![vec![7; 256 * 1024]];
    let mut stuck = None;
    if to == To::SomebodyStuck {
        let mut peer = listener.accept().await;
        peer.handshake(1, "PULL").await;
        stuck = Some(peer);
    }
    for _ in 0..MESSAGES {
        assert_eq!(push.send(message.clone(), DEADLINE).await, Sent::Taken);
        if to == To::SomebodyWhoReads {
            next(&mut pull, "a message").await;
        }
    }
    let since = Instant::now();
    let closed = push.close(Duration::from_secs(15)).await;
    let took = match (since.elapsed().as_millis(), &closed) {
        (_, Closed::Waits) => CloseTime::ForEver,
        (0..4000, _) => CloseTime::NoTime,
        _ => CloseTime::TheLingerTime,
    };
    drop(stuck);
    let Closed::Returned { unsent } = closed else { return (linger, to, took, None) };
    (linger, to, took, unsent.map(|unsent| unsent > 0))
}

side_by_side! {
    /// A socket with endless linger loses no message for a late peer.
    row_23_the_tail_is_not_lost: late_reader,
    ours: 100,
    libzmq: 100,
}

/// The number of messages out of 100 that arrive.
async fn late_reader<P: Peer>() -> usize {
    let port = ReservedPort::new();
    let mut push = P::start(&Settings::new(Push).linger(-1).reconnect(5)).await;
    push.connect(&port.endpoint()).await;
    assert_eq!(push.send_until_full(vec![b"tail".to_vec()], 100).await, 100);
    assert!(push.observes(PeerEvent::Retried, DEADLINE).await);
    let received = async {
        let mut pull = P::start(&Settings::new(Pull)).await;
        pull.bind(&port.endpoint()).await;
        let mut received = 0;
        while received < 100 && pull.recv(DEADLINE).await.is_some() {
            received += 1;
        }
        received
    };
    let (closed, received) = tokio::join!(push.close(DEADLINE), received);
    assert_ne!(closed, Closed::Waits);
    received
}

/// Dropping a socket with endless linger blocks no other task on a current-thread runtime.
#[tokio::test]
async fn row_23_drop_does_not_block() {
    let port = ReservedPort::new();
    let mut push = PushSocket::builder().linger_forever().build();
    push.connect(port.endpoint()).unwrap();
    within("room", push.send("never")).await.unwrap();
    let since = Instant::now();
    drop(push);
    tokio::task::yield_now().await;
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}
