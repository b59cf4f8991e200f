//! Rows about unfinished handshakes and handshakes of old versions.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use interop::peer::{Peer, Sent, Settings};
use interop::{Mechanism, Secured, TCP};
use libzmq_peer::SocketKind::{Pull, Push};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{interval, timeout};

use crate::support::{DEADLINE, next, single, times};

async fn dial(endpoint: &str) -> TcpStream {
    let address = endpoint.strip_prefix("tcp://").expect("a TCP endpoint");
    TcpStream::connect(address).await.expect("a listener")
}

/// The time until a new peer's first message is received.
async fn good_peer_is_served_after<P: Peer>(
    bound: &mut P,
    to: &str,
    settings: &Settings,
) -> Duration {
    let since = Instant::now();
    let mut good = P::start(settings).await;
    good.connect(to).await;
    assert_eq!(good.send(single("good"), DEADLINE).await, Sent::Taken);
    assert_eq!(next(bound, "the good peer's message").await, single("good"));
    since.elapsed()
}

side_by_side! {
    /// Peers that send single bytes slowly have the handshake timeout in total and delay no other
    /// peer.
    row_08_slow_loris: slow_loris,
    ours: SlowLoris { all_closed_in_time: true, good_is_served: true },
    libzmq: SlowLoris { all_closed_in_time: true, good_is_served: true },
}

#[derive(Debug, PartialEq)]
struct SlowLoris {
    all_closed_in_time: bool,
    good_is_served: bool,
}

async fn slow_loris<P: Peer>() -> SlowLoris {
    const LIMIT: Duration = Duration::from_secs(1);
    let mut pull = P::start(&Settings::new(Pull).handshake(1000)).await;
    let to = pull.bind(TCP).await;
    let slow = join_all((0..times(100, 400)).map(|_| drip(&to)));
    let settings = Settings::new(Push);
    let good = good_peer_is_served_after(&mut pull, &to, &settings);
    let (good, closed) = tokio::join!(good, slow);
    // The greeting alone would take 32 s.
    let in_time = LIMIT * 4 / 5..20 * LIMIT;
    SlowLoris {
        all_closed_in_time: closed.iter().all(|time| in_time.contains(time)),
        good_is_served: good < 20 * LIMIT,
    }
}

/// Writes a greeting, one byte every 500 ms. Returns the time at which the connection was closed.
async fn drip(to: &str) -> Duration {
    let mut stream = dial(to).await;
    let since = Instant::now();
    let mut ticks = interval(Duration::from_millis(500));
    let greeting = [&[0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 1][..], b"NULL", &[0; 48]].concat();
    let mut bytes = greeting.chunks(1);
    let mut heard = [0; 64];
    while since.elapsed() < DEADLINE {
        tokio::select! {
            _ = ticks.tick() => if let Some(byte) = bytes.next() {
                // Reading detects that the connection is closed.
                let _ = stream.write_all(byte).await;
            },
            read = stream.read(&mut heard) => if matches!(read, Ok(0) | Err(_)) { break },
        }
    }
    since.elapsed()
}

side_by_side! {
    /// An active peer of ZMTP 2.0 is not closed after the handshake timeout.
    row_09_old_peer_outlives_the_handshake_timer: old_peer,
    ours: OldPeer { heard: true, outlives: true },
    libzmq: OldPeer { heard: true, outlives: true },
}

#[derive(Debug, PartialEq)]
struct OldPeer {
    /// Whether its messages arrive.
    heard: bool,
    outlives: bool,
}

async fn old_peer<P: Peer>() -> OldPeer {
    const PUSH: u8 = 8;
    let mut pull = P::start(&Settings::new(Pull).handshake(300)).await;
    let mut old = dial(&pull.bind(TCP).await).await;
    let greeting = [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, PUSH];
    let no_identity = [0, 0];
    old.write_all(&[&greeting[..], &no_identity].concat()).await.expect("connected");
    let until = Instant::now() + Duration::from_secs(1);
    let mut ticks = interval(Duration::from_millis(50));
    let mut heard = false;
    while Instant::now() < until {
        ticks.tick().await;
        let said = old.write_all(&[0, 1, b'x']).await.is_ok();
        if !said || pull.recv(DEADLINE / 4).await != Some(single("x")) {
            return OldPeer { heard, outlives: false };
        }
        heard = true;
    }
    OldPeer { heard, outlives: true }
}

side_by_side! {
    /// Silent connections block no client of a CURVE server.
    row_10_silent_connections_and_a_curve_server: silent_connections,
    ours: true,
    libzmq: true,
}

async fn silent_connections<P: Peer>() -> bool {
    let secured = |is_server| Secured { mechanism: Mechanism::Curve, is_server };
    let mut pull = P::start(&Settings::new(Pull).secured(secured(true))).await;
    let to = pull.bind(TCP).await;
    let mut silent = Vec::new();
    for _ in 0..times(200, 1000) {
        silent.push(dial(&to).await);
    }
    let client = Settings::new(Push).secured(secured(false));
    timeout(DEADLINE, good_peer_is_served_after(&mut pull, &to, &client)).await.is_ok()
}
