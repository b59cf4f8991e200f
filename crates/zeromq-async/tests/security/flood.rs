//! Many connections that never authenticate, and one client that does.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use support::{ANY_PORT, address, own_process, within};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use zeromq_async::security::{CurveKeyPair, Decision, generate_curve_keys};
use zeromq_async::{
    Displaced, Endpoint, Events, HandshakeFailure, Pull, PullSocket, PushSocket, SocketBuilder,
    SocketEvent,
};

/// The number of blocking connections of each kind.
const BLOCKERS: usize = 1000;

/// The default limit of pending handshakes per address.
const DEFAULT_LIMIT: usize = 1024;

fn server(keys: CurveKeyPair) -> SocketBuilder<Pull> {
    PullSocket::builder().curve_server(keys, |_| async { Decision::allow() })
}

fn client(server: &CurveKeyPair) -> PushSocket {
    PushSocket::builder().curve_client(generate_curve_keys(), *server.public_key()).build()
}

/// The number of connections for this process, which holds both ends of each.
#[expect(clippy::print_stderr, reason = "a lesser test says so")]
fn blockers() -> usize {
    let blockers =
        BLOCKERS.min(own_process::descriptor_limit().saturating_sub(DEFAULT_LIMIT + 100) / 2);
    if blockers < BLOCKERS {
        eprintln!("{blockers} instead of {BLOCKERS} connections, the limit of the system");
    }
    blockers
}

/// The outcomes of a socket's connections.
#[derive(Debug, Default)]
struct Tally {
    accepted: AtomicUsize,
    displaced: AtomicUsize,
}

impl Tally {
    fn of(mut events: Events, places: usize) -> Arc<Self> {
        let tally = Arc::new(Self::default());
        let kept = tally.clone();
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                match event {
                    SocketEvent::Accepted { .. } => tally.accepted.fetch_add(1, Ordering::Relaxed),
                    SocketEvent::HandshakeFailed {
                        reason: HandshakeFailure::Displaced(Displaced::Address { limit }),
                        ..
                    } => {
                        assert_eq!(limit, places);
                        tally.displaced.fetch_add(1, Ordering::Relaxed)
                    }
                    SocketEvent::HandshakeFailed { reason, .. } => panic!("{reason}"),
                    SocketEvent::Missed { count } => panic!("{count} events missed"),
                    _ => 0,
                };
            }
        });
        kept
    }

    async fn reaches(&self, accepted: usize, displaced: usize) {
        within("the connections to be accepted or displaced", async {
            while self.accepted.load(Ordering::Relaxed) < accepted
                || self.displaced.load(Ordering::Relaxed) < displaced
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

async fn connect(endpoint: &Endpoint, count: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..count {
        streams.push(TcpStream::connect(address(endpoint)).await.expect("a connection"));
    }
    streams
}

/// With the default limits.
#[test]
fn silent_connections_block_no_new_peer() {
    const NAME: &str = "flood::silent_connections_block_no_new_peer";
    if !own_process::enter(Some(4096), NAME) {
        return;
    }
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let blockers = blockers();
        let keys = generate_curve_keys();
        // The blocking connections stay longer than the test may take.
        let mut pull = server(keys.clone()).handshake_timeout(Duration::from_secs(3600)).build();
        let tally = Tally::of(pull.events(), DEFAULT_LIMIT);
        let endpoint = pull.bind(ANY_PORT).await.unwrap();
        let before = own_process::resident_memory();

        let _silent = connect(&endpoint, blockers).await;
        let mut slow = connect(&endpoint, blockers).await;
        tokio::spawn(async move {
            for byte in [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f] {
                for stream in &mut slow {
                    // Most have been displaced by the second byte.
                    let _ = stream.write_all(&[byte]).await;
                }
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
        });
        tally.reaches(2 * blockers, (2 * blockers).saturating_sub(DEFAULT_LIMIT)).await;
        let pending = 2 * blockers - tally.displaced.load(Ordering::Relaxed);
        assert!(pending <= DEFAULT_LIMIT, "{pending} handshakes are pending");
        if let (Some(before), Some(after)) = (before, own_process::resident_memory()) {
            let each = after.saturating_sub(before) / DEFAULT_LIMIT;
            assert!(each < 10 * 1024, "{each} bytes of memory for each pending handshake");
        }

        let mut push = client(&keys);
        push.connect(endpoint).unwrap();
        push.send("let me in").await.unwrap();
        assert_eq!(within("the message", pull.recv()).await.unwrap(), "let me in");
    });
}

/// Connections arrive as fast as they are accepted and displace each other. Every message has a
/// client of its own.
#[tokio::test]
async fn connection_flood_blocks_no_new_peer() {
    const DEFAULT_LIMIT: usize = 64;
    let keys = generate_curve_keys();
    let builder = server(keys.clone()).max_pending_handshakes_per_address(DEFAULT_LIMIT);
    let mut pull = builder.build();
    let tally = Tally::of(pull.events(), DEFAULT_LIMIT);
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let flooded = endpoint.clone();
    let flood = tokio::spawn(async move {
        let mut held = VecDeque::new();
        loop {
            held.extend(TcpStream::connect(address(&flooded)).await);
            if held.len() > 2 * DEFAULT_LIMIT {
                held.pop_front();
            }
        }
    });
    for number in 0..10_u8 {
        tally.reaches(0, DEFAULT_LIMIT * usize::from(number + 1)).await;
        let mut push = client(&keys);
        push.connect(&endpoint).unwrap();
        push.send([number]).await.unwrap();
        let message = within("the message", pull.recv()).await.unwrap();
        assert_eq!(message, &[number]);
    }
    flood.abort();
}
