//! Heartbeats of both sides among 10,000 messages each way: no message is lost, and no connection ends.

use std::time::Duration;

use interop::{Attach, TCP, handshake};
use libzmq_peer::SocketKind::{self, Channel, Client, Peer, Server};
use tokio::time::timeout;
use zeromq_async::SocketEvent;

use crate::end::{End, Setup};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heartbeats_lose_no_frames() {
    for (bound, connected) in [(Server, Client), (Client, Server), (Peer, Peer), (Channel, Channel)]
    {
        for ours_binds in [true, false] {
            run(bound, connected, ours_binds).await;
        }
    }
}

async fn run(bound: SocketKind, connected: SocketKind, ours_binds: bool) {
    let what = format!("{bound:?} bound, {connected:?} connected, ours bound: {ours_binds}");
    let setup = Setup {
        heartbeat: Some(Duration::from_millis(5)),
        high_water_mark: Some(20),
        ..Setup::default()
    };
    let (bound_end, at, _) = End::new(bound, ours_binds, setup, Attach::Bind(TCP)).await;
    let place = Attach::Connect(&at);
    let (connected_end, _, to_bound) = End::new(connected, !ours_binds, setup, place).await;
    let ours = if ours_binds { &bound_end } else { &connected_end };
    let End::Ours(ours) = ours else { panic!("{what}: ours") };
    let mut events = ours.events();
    if ours_binds {
        handshake(&mut events).await;
    }

    // The side that can send first: one that has an address, or needs none.
    let (first, second) =
        if bound == Client { (&bound_end, &connected_end) } else { (&connected_end, &bound_end) };
    let messages: Vec<Vec<u8>> = (0..10_000_u32).map(|n| n.to_be_bytes().to_vec()).collect();
    let sending = first.send_all(&what, to_bound, messages.clone());
    let ((), (to_first, received)) = tokio::join!(sending, second.recv_all(&what, 10_000));
    assert!(received == messages, "{what}: in order");
    let sending = second.send_all(&what, to_first, messages.clone());
    let ((), (_, received)) = tokio::join!(sending, first.recv_all(&what, 10_000));
    assert!(received == messages, "{what}: in order");

    while let Ok(event) = timeout(Duration::ZERO, events.next()).await {
        let is_end = matches!(event, Some(SocketEvent::Disconnected { .. }) | None);
        assert!(!is_end, "{what}: {event:?}");
    }
}
