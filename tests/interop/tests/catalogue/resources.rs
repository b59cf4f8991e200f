//! Rows about resources that peers can exhaust, each in its own process.

use std::time::Duration;

use interop::RawPeer;
use interop::TCP;
use interop::peer::{Peer, Sent, Settings};
use libzmq_peer::SocketKind::{Pub, Pull, Push, Sub};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::support::{Child, DEADLINE, ProcessState, SHORT, single, times};

const MIB: usize = 1 << 20;

async fn dial(endpoint: &str) -> TcpStream {
    let address = endpoint.strip_prefix("tcp://").expect("a TCP endpoint");
    TcpStream::connect(address).await.expect("a listener")
}

/// Whether the process receives a new peer's message.
async fn is_served<P: Peer>(child: &mut Child, to: &str) -> bool {
    let mut good = P::start(&Settings::new(Push)).await;
    good.connect(to).await;
    assert_eq!(good.send(single("good"), DEADLINE).await, Sent::Taken);
    child.recv(5 * SHORT).await == Some(single("good"))
}

side_by_side! {
    /// More connections than descriptors.
    row_14_no_descriptors: no_descriptors,
    ours: NoDescriptors { fate: ProcessState::Alive, served_meanwhile: true, spins: false, served: true },
    libzmq: NoDescriptors { fate: ProcessState::Alive, served_meanwhile: false, spins: true, served: true },
}

#[derive(Debug, PartialEq)]
struct NoDescriptors {
    fate: ProcessState,
    served_meanwhile: bool,
    /// Whether the process spins on failing accepts.
    spins: bool,
    /// Whether a valid peer is served after the others have left.
    served: bool,
}

async fn no_descriptors<P: Peer>() -> NoDescriptors {
    let mut child = Child::limited(P::LIBRARY, &Settings::new(Pull), "-n 64").await;
    let to = child.bind(TCP).await;
    let mut crowd = Vec::new();
    for _ in 0..90 {
        crowd.push(dial(&to).await);
    }
    let served_meanwhile = is_served::<P>(&mut child, &to).await;
    let before = child.processor();
    sleep(2 * SHORT).await;
    let spins = child.processor() - before > SHORT / 10;
    drop(crowd);
    let served = is_served::<P>(&mut child, &to).await;
    NoDescriptors { fate: child.state(), served_meanwhile, spins, served }
}

side_by_side! {
    /// Subscribers come and go at a publisher that makes no call.
    row_15_idle_publisher: idle_publisher,
    ours: IdlePublisher { memory_grows: false, descriptors_grow: false },
    libzmq: IdlePublisher { memory_grows: true, descriptors_grow: false },
}

#[derive(Debug, PartialEq)]
struct IdlePublisher {
    memory_grows: bool,
    descriptors_grow: bool,
}

async fn idle_publisher<P: Peer>() -> IdlePublisher {
    let rounds = times(1000, 10_000);
    let mut child = Child::start(P::LIBRARY, &Settings::new(Pub)).await;
    let to = child.bind(TCP).await;
    come_and_go(&to, rounds).await;
    let (memory, descriptors) = (child.resident(), child.descriptors());
    come_and_go(&to, 2 * rounds).await;
    // The process closes its end of a closed connection a moment later.
    let mut left = 100;
    while child.descriptors() > descriptors && left > 0 {
        sleep(Duration::from_millis(10)).await;
        left -= 1;
    }
    IdlePublisher {
        // A leak of a few bytes per subscriber would show.
        memory_grows: child.resident() > memory + 2 * rounds * 256,
        descriptors_grow: child.descriptors() > descriptors,
    }
}

async fn come_and_go(to: &str, times: usize) {
    for _ in 0..times {
        let mut peer = RawPeer::connect(to).await;
        peer.handshake(1, "SUB").await;
        peer.write(&interop::subscribe_command(b"topic")).await;
    }
}

side_by_side! {
    /// Frames that announce more than the 400 MiB of address space that the process may use.
    row_17_huge_lengths: huge_lengths,
    ours: HugeLengths { fate: ProcessState::Alive, takes_in_advance: false, served: true },
    libzmq: HugeLengths { fate: ProcessState::Alive, takes_in_advance: false, served: true },
}

#[derive(Debug, PartialEq)]
struct HugeLengths {
    fate: ProcessState,
    takes_in_advance: bool,
    served: bool,
}

async fn huge_lengths<P: Peer>() -> HugeLengths {
    let mut outcome =
        HugeLengths { fate: ProcessState::Alive, takes_in_advance: false, served: true };
    for limit in [None, Some(1 << 20)] {
        let mut settings = Settings::new(Pull);
        settings.max_message = limit;
        let mut child = Child::limited(P::LIBRARY, &settings, "-v 409600").await;
        let to = child.bind(TCP).await;
        assert!(is_served::<P>(&mut child, &to).await);
        let before = child.resident();
        let mut held = Vec::new();
        for exponent in [26, 28, 29, 30, 31, 32, 40, 47, 62, 63, 64] {
            let size = if exponent == 64 { u64::MAX } else { 1_u64 << exponent };
            let mut peer = RawPeer::connect(&to).await;
            peer.handshake(1, "PUSH").await;
            let header = [&[2][..], &size.to_be_bytes(), b"a byte or two"].concat();
            peer.write(&header).await;
            held.push(peer);
            // Later bytes are read later.
            outcome.served &=
                child.state() == ProcessState::Alive && is_served::<P>(&mut child, &to).await;
            if child.state() != ProcessState::Alive {
                break;
            }
            outcome.takes_in_advance |= child.resident() > before + 16 * MIB;
        }
        if outcome.fate == ProcessState::Alive {
            outcome.fate = child.state();
        }
    }
    outcome
}

side_by_side! {
    /// An endless message.
    row_18_endless_multipart: endless,
    ours: Endless { ended_by_the_socket: true, memory_grows: false },
    libzmq: Endless { ended_by_the_socket: false, memory_grows: true },
}

#[derive(Debug, PartialEq)]
struct Endless {
    ended_by_the_socket: bool,
    memory_grows: bool,
}

async fn endless<P: Peer>() -> Endless {
    let mut child = Child::start(P::LIBRARY, &Settings::new(Pull)).await;
    let to = child.bind(TCP).await;
    assert!(is_served::<P>(&mut child, &to).await);
    let before = child.resident();
    let mut stream = shake_hands(&to, "PUSH").await;
    let more = [1, 1, b'x'].repeat(1000);
    let mut ended_by_the_socket = false;
    for _ in 0..times(400, 10_000) {
        if timeout(DEADLINE, stream.write_all(&more)).await.expect("it reads").is_err() {
            ended_by_the_socket = true;
            break;
        }
    }
    ended_by_the_socket |= !is_open(&mut stream).await;
    // The process may not have read all of it yet.
    let grown = async {
        while child.resident() < before + 16 * MIB {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let patience = if ended_by_the_socket { Duration::ZERO } else { 10 * SHORT };
    let memory_grows = timeout(patience, grown).await.is_ok();
    assert!(is_served::<P>(&mut child, &to).await);
    Endless { ended_by_the_socket, memory_grows }
}

/// A connection after the NULL handshake.
async fn shake_hands(to: &str, socket_type: &str) -> TcpStream {
    let mut stream = dial(to).await;
    let mut greeting = [0; 64];
    greeting[0] = 0xff;
    greeting[9..12].copy_from_slice(&[0x7f, 3, 1]);
    greeting[12..16].copy_from_slice(b"NULL");
    stream.write_all(&greeting).await.expect("connected");
    let length = u8::try_from(socket_type.len()).expect("short");
    let ready =
        [&b"\x05READY\x0bSocket-Type\0\0\0"[..], &[length], socket_type.as_bytes()].concat();
    let header = [4, u8::try_from(ready.len()).expect("short")];
    stream.write_all(&[&header[..], &ready].concat()).await.expect("connected");
    stream.read_exact(&mut greeting).await.expect("a greeting");
    let mut header = [0; 2];
    stream.read_exact(&mut header).await.expect("READY");
    stream.read_exact(&mut vec![0; header[1].into()]).await.expect("READY");
    stream
}

side_by_side! {
    /// Subscriptions to very long topics, each a prefix of the next, and to very many, cancelled in
    /// another order.
    row_19_subscription_flood: subscription_flood,
    ours: SubscriptionFlood { fate: ProcessState::Alive, long_topic_is_taken: false, served: true },
    libzmq: SubscriptionFlood { fate: ProcessState::Alive, long_topic_is_taken: true, served: true },
}

#[derive(Debug, PartialEq)]
struct SubscriptionFlood {
    fate: ProcessState,
    /// Whether a peer may subscribe to 10 MB with one command.
    long_topic_is_taken: bool,
    served: bool,
}

async fn subscription_flood<P: Peer>() -> SubscriptionFlood {
    let topics = u32::try_from(times(50_000, 500_000)).expect("few");
    let mut child = Child::start(P::LIBRARY, &Settings::new(Pub)).await;
    let to = child.bind(TCP).await;
    let mut long = shake_hands(&to, "SUB").await;
    let topic = vec![b'a'; 10_000_000];
    let long_topic_is_taken =
        subscribe(&mut long, &topic).await.is_ok() && is_open(&mut long).await;
    drop(long);
    let mut nested = shake_hands(&to, "SUB").await;
    for bytes in (0..4000).step_by(20) {
        subscribe(&mut nested, &topic[..bytes]).await.expect("within the limits");
    }
    let mut many = shake_hands(&to, "SUB").await;
    for name in ["SUBSCRIBE", "CANCEL"] {
        let mut commands = Vec::new();
        for number in 0..topics {
            // In steps, with a different order for the second name.
            let factor = if name == "CANCEL" { 2_654_435_761 } else { 40_503 };
            let topic = number.wrapping_mul(factor) % topics;
            commands.extend(interop::command(name, topic.to_string().as_bytes()));
        }
        many.write_all(&commands).await.expect("within the limits");
    }
    let good = async {
        let mut subscriber = P::start(&Settings::new(Sub).topic("good")).await;
        subscriber.connect(&to).await;
        let mut received = None;
        while received.is_none() && child.state() == ProcessState::Alive {
            child.send(single("good"), DEADLINE).await;
            received = subscriber.recv(Duration::from_millis(20)).await;
        }
        received == Some(single("good"))
    };
    let served = timeout(DEADLINE, good).await.unwrap_or(false);
    SubscriptionFlood { fate: child.state(), long_topic_is_taken, served }
}

async fn subscribe(stream: &mut TcpStream, topic: &[u8]) -> std::io::Result<()> {
    let size = 10 + topic.len() as u64;
    stream.write_all(&[&[6][..], &size.to_be_bytes(), b"\x09SUBSCRIBE", topic].concat()).await
}

/// Whether an idle connection stays open.
async fn is_open(stream: &mut TcpStream) -> bool {
    timeout(3 * SHORT, stream.read_u8()).await.is_err()
}
