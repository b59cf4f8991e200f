//! Rows about receiving.

use std::time::{Duration, Instant};

use interop::peer::{Library, Settings};
use interop::{RawPeer, TCP, recv, send};
use libzmq_peer::SocketKind::Pull;
use tokio::time::{interval, sleep, timeout};
use zeromq_async::{
    DealerSocket, PullSocket, PushSocket, Receiver, RepSocket, ReqSocket, RouterSocket, Sender,
};

use crate::support::{Child, SHORT};

/// A `recv` that is cancelled repeatedly beside a ticker loses and duplicates nothing, and a
/// request receives its own reply.
#[tokio::test]
async fn row_13_dropped_recv() {
    const MESSAGES: usize = 2000;
    let mut rep = RepSocket::new();
    let mut req = ReqSocket::new();
    req.connect(rep.bind(TCP).await.unwrap()).unwrap();
    let serving = async {
        let mut clock = interval(Duration::from_micros(100));
        for _ in 0..MESSAGES {
            let request = loop {
                tokio::select! {
                    biased;
                    _ = clock.tick() => {}
                    request = rep.recv() => break request.unwrap(),
                }
            };
            send(&mut rep, request).await;
        }
    };
    let asking = async {
        let mut clock = interval(Duration::from_micros(130));
        for number in 0..MESSAGES {
            send(&mut req, number.to_string()).await;
            let reply = loop {
                tokio::select! {
                    biased;
                    _ = clock.tick() => {}
                    reply = req.recv() => break reply.unwrap(),
                }
            };
            assert_eq!(reply, number.to_string().as_str());
        }
    };
    interop::within("all replies", async { tokio::join!(serving, asking) }).await;
}

/// One peer that sends without pause and many that send rarely: none of the latter waits.
#[tokio::test]
async fn row_25_firehose_beside_slow_peers() {
    const TRICKLES: usize = 50;
    let mut pull = PullSocket::new();
    let to = pull.bind(TCP).await.unwrap();
    let mut trickles = Vec::new();
    for _ in 0..TRICKLES {
        let trickle = PushSocket::new();
        trickle.connect(&to).unwrap();
        trickles.push(trickle);
    }
    let mut firehose = PushSocket::new();
    firehose.connect(&to).unwrap();
    pull.wait_for_peers(TRICKLES + 1).await;
    let pouring = tokio::spawn(async move { while firehose.send("firehose").await.is_ok() {} });
    let mut times = Vec::new();
    for trickle in &mut trickles {
        for _ in 0..4 {
            let sent = Instant::now();
            send(trickle, "trickle").await;
            while recv(&mut pull, "the trickle").await != "trickle" {}
            times.push(sent.elapsed());
        }
    }
    pouring.abort();
    times.sort_unstable();
    let median = times[times.len() / 2];
    assert!(median < Duration::from_secs(1), "the median waits {median:?}");
    let worst = times[times.len() - 1];
    assert!(worst < Duration::from_secs(20), "one waits {worst:?}");
}

/// A process with silent peers uses no processor time.
#[tokio::test]
async fn row_25_idle_socket_does_not_spin() {
    let mut child = Child::start(Library::Ours, &Settings::new(Pull)).await;
    let to = child.bind(TCP).await;
    let mut peers = Vec::new();
    for _ in 0..50 {
        let mut peer = RawPeer::connect(&to).await;
        peer.handshake(1, "PUSH").await;
        peers.push(peer);
    }
    // One peer has sent a message, and the test waits for another.
    peers[0].write(&interop::message(b"once")).await;
    assert!(child.recv(10 * SHORT).await.is_some());
    let before = child.processor();
    assert_eq!(timeout(10 * SHORT, child.recv(2 * SHORT)).await, Ok(None));
    sleep(SHORT).await;
    let used = child.processor() - before;
    assert!(used <= Duration::from_millis(20), "{used:?} for nothing");
}

/// Sockets and their halves move between threads, one owner at a time, as the compiler enforces.
/// (After a `fork` a Tokio runtime does not work in the child: start a new process instead.)
#[test]
fn row_26_sockets_move_between_threads() {
    fn moves<T: Send + 'static>() {}
    moves::<PushSocket>();
    moves::<PullSocket>();
    moves::<DealerSocket>();
    moves::<RouterSocket>();
    moves::<Sender<zeromq_async::Dealer>>();
    moves::<Receiver<zeromq_async::Dealer>>();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (far, mut pull, to) = (runtime(), PullSocket::new(), "inproc://row-26");
    far.block_on(pull.bind(to)).unwrap();
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let mut push = PushSocket::new();
            runtime().block_on(async {
                push.connect(to).unwrap();
                send(&mut push, "from another thread").await;
            });
            push
        });
        let message = far.block_on(recv(&mut pull, "the other thread"));
        assert_eq!(message, "from another thread");
        drop(sender.join().unwrap());
    });
}
