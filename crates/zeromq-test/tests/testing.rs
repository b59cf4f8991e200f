//! The testing tools: every fault does as documented, by Tokio's clock.

use std::io;
use std::time::Duration;

use support::{event, fast_reconnect, within};
use tokio::time::{Instant, timeout};
use zeromq_async::{
    BindErrorKind, Context, DisconnectReason, Events, HandshakeFailure, PairSocket, PullSocket,
    PushSocket, ReqSocket, SocketEvent, SocketType,
};
use zeromq_test::wire::{Command, MechanismName, Ttl};
use zeromq_test::{Ending, Fault, MemoryTransport, RawListener, RawPeer, Relay, Way, raw_bytes};

const SECOND: Duration = Duration::from_secs(1);

fn memory() -> Context {
    of(MemoryTransport::new())
}

fn of(transport: MemoryTransport) -> Context {
    let builder = Context::builder().transport("mem", transport).expect("a scheme");
    builder.reconnect(fast_reconnect()).build()
}

/// A PUSH connected to a PULL through a relay, and the events of the PUSH.
struct Relayed {
    push: PushSocket,
    pull: PullSocket,
    relay: Relay,
    events: Events,
}

impl Relayed {
    async fn new(context: &Context, at: &str) -> Self {
        let pull = PullSocket::builder_in(context).build();
        let bound = pull.bind(at).await.expect("a free address");
        let relay = Relay::start(context, at, bound).await.expect("a free address");
        let push = PushSocket::builder_in(context).build();
        let events = push.events();
        push.connect(relay.endpoint()).expect("an endpoint");
        within("the connection", push.wait_for_peers(1)).await;
        within("the connection", pull.wait_for_peers(1)).await;
        Self { push, pull, relay, events }
    }

    async fn in_memory() -> Self {
        Self::new(&memory(), "mem://*").await
    }

    async fn disconnected(&mut self) -> DisconnectReason {
        event(&mut self.events, "the end of the connection", |event| match event {
            SocketEvent::Disconnected { reason, .. } => Some(reason),
            _ => None,
        })
        .await
    }

    /// Transfers a message, and returns the time it took by Tokio's clock.
    async fn transfer(&mut self, message: &'static str) -> Duration {
        let start = Instant::now();
        self.push.send(message).await.expect("an open socket");
        assert_eq!(self.pull.recv().await.expect("an open socket"), message);
        start.elapsed()
    }
}

#[tokio::test(start_paused = true)]
async fn delayed_bytes_arrive_on_time_and_in_order() {
    let mut relayed = Relayed::in_memory().await;
    assert_eq!(relayed.transfer("at once").await, Duration::ZERO);
    relayed.relay.fault(Way::Up, Fault::Delay(SECOND));
    relayed.relay.fault(Way::Up, Fault::Delay(SECOND / 2));
    let took = relayed.transfer("later").await;
    assert!((SECOND * 3 / 2..SECOND * 2).contains(&took), "{took:?}");

    let start = Instant::now();
    for number in 0..10_u8 {
        relayed.push.send([number]).await.unwrap();
        tokio::time::sleep(SECOND / 10).await;
    }
    for number in 0..10_u8 {
        assert_eq!(relayed.pull.recv().await.unwrap(), &[number]);
    }
    // The delays overlap.
    assert!(start.elapsed() < SECOND * 3, "{:?}", start.elapsed());

    relayed.relay.heal(Way::Up);
    assert_eq!(relayed.transfer("at once again").await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn throttled_bytes_arrive_slowly() {
    let mut relayed = Relayed::in_memory().await;
    relayed.relay.fault(Way::Up, Fault::Throttle { bytes: 1, every: SECOND });
    // Two bytes of header and eight of body. There is no pause after the last.
    assert_eq!(relayed.transfer("8 bytes.").await.as_secs(), 9);
}

#[tokio::test(start_paused = true)]
async fn stalled_bytes_arrive_after_the_stall() {
    let mut relayed = Relayed::in_memory().await;
    relayed.relay.fault(Way::Up, Fault::Stall);
    relayed.push.send("held").await.unwrap();
    assert!(timeout(SECOND * 3600, relayed.pull.recv()).await.is_err());
    relayed.relay.heal(Way::Up);
    assert_eq!(within("what was held", relayed.pull.recv()).await.unwrap(), "held");
}

#[tokio::test(start_paused = true)]
async fn black_hole_drops_bytes_for_good() {
    let mut relayed = Relayed::in_memory().await;
    relayed.relay.fault(Way::Up, Fault::BlackHole);
    relayed.push.send("gone").await.unwrap();
    relayed.push.flush().await.unwrap();
    assert!(timeout(SECOND * 3600, relayed.pull.recv()).await.is_err());
    relayed.relay.heal(Way::Up);
    relayed.transfer("there").await;
}

#[tokio::test(start_paused = true)]
async fn flip_changes_one_byte() {
    let mut relayed = Relayed::in_memory().await;
    let body = relayed.relay.passed(Way::Up) + 2;
    relayed.relay.fault(Way::Up, Fault::Flip { offset: body + 3, bits: b' ' });
    relayed.push.send("abcdef").await.unwrap();
    assert_eq!(within("the message", relayed.pull.recv()).await.unwrap(), "abcDef");
    relayed.transfer("abcdef").await; // only once for each connection
}

#[tokio::test(start_paused = true)]
async fn connection_ends_after_byte_count() {
    let mut relayed = Relayed::in_memory().await;
    let so_far = relayed.relay.passed(Way::Up);
    let ending = Ending::Cut;
    relayed.relay.fault(Way::Up, Fault::EndAfter { bytes: so_far + 7, ending });
    relayed.push.send("first").await.unwrap();
    assert_eq!(within("the first message", relayed.pull.recv()).await.unwrap(), "first");
    relayed.relay.wait_for_ended(1).await;
    assert_eq!(relayed.relay.passed(Way::Up), so_far + 7);
    relayed.disconnected().await;

    // The next message uses a new connection.
    relayed.relay.heal(Way::Up);
    relayed.transfer("on the next").await;
    assert_eq!(relayed.relay.connections(), 2);
}

#[tokio::test(start_paused = true)]
async fn overdue_fault_applies_at_once() {
    let mut relayed = Relayed::in_memory().await;
    relayed.relay.fault(Way::Down, Fault::EndAfter { bytes: 1, ending: Ending::Cut });
    relayed.disconnected().await;
}

#[tokio::test]
async fn relay_reset_is_a_tcp_reset() {
    let mut relayed = Relayed::new(Context::shared(), "tcp://127.0.0.1:*").await;
    relayed.relay.end(Ending::Reset);
    let reason = relayed.disconnected().await;
    let DisconnectReason::Io(error) = &reason else { panic!("{reason}") };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    within("the next connection", relayed.transfer("after it")).await;

    relayed.relay.end(Ending::Cut);
    let reason = relayed.disconnected().await;
    assert!(matches!(reason, DisconnectReason::PeerClosed), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn half_close_keeps_the_other_direction() {
    let context = memory();
    let mut listener = RawListener::bind(&context, "mem://*").await.unwrap();
    let relay = Relay::start(&context, "mem://*", listener.endpoint()).await.unwrap();
    relay.fault(Way::Up, Fault::HalfCloseAfter { bytes: 5 });
    let mut near = RawPeer::connect(&context, relay.endpoint()).await.unwrap();
    let mut far = listener.accept().await.unwrap();
    near.write("hello and goodbye").await.unwrap();
    assert_eq!(within("the end", far.read_to_end()).await, "hello");
    far.write("still here").await.unwrap();
    assert_eq!(within("the other way", near.read(10)).await.unwrap(), "still here");
}

#[tokio::test(start_paused = true)]
async fn function_can_alter_relayed_bytes() {
    let context = memory();
    let mut listener = RawListener::bind(&context, "mem://*").await.unwrap();
    let relay = Relay::start(&context, "mem://*", listener.endpoint()).await.unwrap();
    relay.alter(|way| {
        move |bytes: &[u8]| match way {
            Way::Up => bytes.repeat(2),
            Way::Down => Vec::new(),
        }
    });
    let mut near = RawPeer::connect(&context, relay.endpoint()).await.unwrap();
    let mut far = listener.accept().await.unwrap();
    far.write("lost").await.unwrap();
    near.write("twice ").await.unwrap();
    assert_eq!(within("both", far.read(12)).await.unwrap(), "twice twice ");
    far.shutdown().await.unwrap();
    assert_eq!(within("nothing", near.read_to_end()).await, "");
    assert_eq!((relay.passed(Way::Up), relay.passed(Way::Down)), (6, 4));
}

#[tokio::test(start_paused = true)]
async fn relay_without_target_ends_connections() {
    let context = memory();
    let relay = Relay::start(&context, "mem://*", "mem://nobody").await.unwrap();
    let mut peer = RawPeer::connect(&context, relay.endpoint()).await.unwrap();
    assert_eq!(within("the end", peer.read_to_end()).await, "");
    assert_eq!(relay.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn memory_names_are_bound_and_released() {
    let context = memory();
    let first = PullSocket::builder_in(&context).build();
    let second = PullSocket::builder_in(&context).build();
    let name = first.bind("mem://*").await.unwrap();
    assert_ne!(name, second.bind("mem://*").await.unwrap());
    let error = second.bind(&name).await.unwrap_err();
    assert_eq!(error.kind(), &BindErrorKind::InUse);
    first.unbind(&name).await.unwrap();
    let refused = RawPeer::connect(&context, &name).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    second.bind(&name).await.unwrap();

    // Another network does not share the names.
    let elsewhere = RawPeer::connect(&memory(), &name).await.unwrap_err();
    assert_eq!(elsewhere.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test(start_paused = true)]
async fn memory_transport_applies_backpressure() {
    let context = of(MemoryTransport::new().with_capacity(100));
    let mut push = PushSocket::builder_in(&context).build();
    let mut listener = RawListener::bind(&context, "mem://*").await.unwrap();
    push.connect(listener.endpoint()).unwrap();
    let mut peer = listener.accept().await.unwrap();
    peer.handshake(SocketType::Pull).await.unwrap();
    push.send(vec![1; 1000]).await.unwrap();
    assert!(timeout(SECOND * 3600, push.flush()).await.is_err());
    assert_eq!(peer.read_message().await.unwrap().size(), 1000);
    within("the flush", push.flush()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn raw_peer_sends_and_reads_anything() {
    let context = memory();
    let mut listener = RawListener::bind(&context, "mem://*").await.unwrap();
    let mut req = ReqSocket::builder_in(&context).heartbeat_interval(SECOND).build();
    req.connect(listener.endpoint()).unwrap();
    let mut peer = listener.accept().await.unwrap();
    let greeting = peer.greet(MechanismName::NULL).await.unwrap();
    assert_eq!(greeting.mechanism(), MechanismName::NULL);
    peer.write(raw_bytes::ready("REP")).await.unwrap();
    let Command::Ready { .. } = peer.read_command().await.unwrap() else { panic!("no READY") };

    req.send("a question").await.unwrap();
    let (header, delimiter) = peer.read_frame().await.unwrap();
    assert!(header.has_more() && delimiter.is_empty());
    assert_eq!(peer.read_message().await.unwrap(), "a question");
    peer.write(raw_bytes::frame(1, b"")).await.unwrap();
    peer.write(raw_bytes::frame(0, b"an answer")).await.unwrap();
    assert_eq!(req.recv().await.unwrap(), "an answer");

    let ping = within("a heartbeat", peer.read_command()).await.unwrap();
    assert!(matches!(ping, Command::Ping { .. }), "{ping:?}");
    let error = peer.send_command(&Command::Error { reason: "enough".into() }).await;
    error.unwrap();
    within("the end", peer.read_to_end()).await;
}

#[tokio::test(start_paused = true)]
async fn raw_peer_errors_name_what_was_received() {
    let context = memory();
    let pair = PairSocket::builder_in(&context).build();
    let endpoint = pair.bind("mem://*").await.unwrap();
    let mut peer = RawPeer::connect(&context, &endpoint).await.unwrap();
    peer.handshake(SocketType::Pair).await.unwrap();
    peer.send_command(&Command::Ping { ttl: Ttl::NONE, context: "x".into() }).await.unwrap();
    let error = peer.read_message().await.unwrap_err();
    assert!(error.to_string().contains("Pong"), "{error}");
    pair.close().await;
    let error = peer.read_message().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test(start_paused = true)]
async fn dropped_read_keeps_its_bytes() {
    let context = memory();
    let mut listener = RawListener::bind(&context, "mem://*").await.unwrap();
    let mut one = RawPeer::connect(&context, listener.endpoint()).await.unwrap();
    let mut other = listener.accept().await.unwrap();
    one.write(raw_bytes::frame(1, b"first")).await.unwrap();
    one.write(b"\0\x06sec").await.unwrap();
    assert!(timeout(SECOND, other.read_message()).await.is_err());
    one.write(b"ond").await.unwrap();
    let message = other.read_message().await.unwrap();
    assert_eq!(message.frames(), ["first", "second"]);
}

#[tokio::test(start_paused = true)]
async fn handshake_timeout_follows_tokio_clock() {
    let context = memory();
    let limit = SECOND * 3600;
    let pull = PullSocket::builder_in(&context).handshake_timeout(limit).build();
    let mut events = pull.events();
    let endpoint = pull.bind("mem://*").await.unwrap();
    let mut silent = RawPeer::connect(&context, &endpoint).await.unwrap();
    let start = Instant::now();
    silent.read_to_end().await;
    assert!(start.elapsed() >= limit, "{:?}", start.elapsed());
    let reason = event(&mut events, "the end of the handshake", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    })
    .await;
    assert!(matches!(reason, HandshakeFailure::TimedOut(_)), "{reason}");
}
