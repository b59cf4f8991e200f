//! RADIO, DISH and DGRAM over `udp://`, and transports of datagrams.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use support::{event, fast_reconnect, within};
use tokio::net::UdpSocket;
use zeromq_async::transport::{DatagramSocket, DatagramTransport, Io, TransportOptions};
use zeromq_async::{
    BindErrorKind, ConnectErrorKind, Context, DgramSocket, DishSocket, DropReason, Endpoint, Frame,
    Group, Mismatch, PullSocket, PushSocket, RadioSocket, Rejected, SendErrorKind, SocketEvent,
    SocketType, StreamError, UdpEndpoint,
};

const ANY: &str = "udp://127.0.0.1:*";

fn group(name: &str) -> Group {
    Group::new(name.to_owned()).unwrap()
}

fn udp(endpoint: &Endpoint) -> &UdpEndpoint {
    match endpoint {
        Endpoint::Udp(udp) => udp,
        other => panic!("{other}"),
    }
}

fn loopback(endpoint: &Endpoint) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, udp(endpoint).port()).into()
}

async fn recv(dish: &DishSocket) -> (Group, Frame) {
    within("a message", dish.recv()).await.unwrap()
}

async fn dish_in(name: &str, at: &str) -> (DishSocket, Endpoint) {
    let dish = DishSocket::new();
    dish.join(name.to_owned()).unwrap();
    let endpoint = dish.bind(at).await.unwrap();
    (dish, endpoint)
}

// ---- RADIO and DISH ----

#[tokio::test]
async fn radio_reaches_dish_over_udp() {
    for at in [ANY, "udp://[::1]:*", "udp://lo:*", "udp://127.0.0.1;239.255.7.21:*"] {
        let (dish, endpoint) = dish_in("a", at).await;
        assert_ne!(udp(&endpoint).port(), 0);
        let radio = RadioSocket::new();
        radio.connect(&endpoint).unwrap();
        for size in [0, 1, 255, 256, 1472, 8190] {
            let body = vec![7; size];
            radio.send_to(group("a"), body.clone()).await.unwrap();
            assert_eq!(recv(&dish).await, (group("a"), body.into()), "{at}");
        }
        let (sent, received) = (radio.stats(), dish.stats());
        assert_eq!((sent.sent, received.received, received.taken), (6, 6, 6));
        assert_eq!(sent.dropped.total() + received.discarded.total(), 0);
    }
}

/// Two DISHes on different groups at one port hear only their own. A third program is in a group too.
#[tokio::test]
async fn dishes_at_one_port_hear_their_own_group() {
    let (first, endpoint) = dish_in("a", "udp://127.0.0.1;239.255.7.22:*").await;
    let port = udp(&endpoint).port();
    let (second, other) = dish_in("a", &format!("udp://127.0.0.1;239.255.7.23:{port}")).await;
    let (twin, _) = dish_in("a", &endpoint.to_string()).await;
    let radio = [&other, &endpoint].map(|to| {
        let radio = RadioSocket::new();
        radio.connect(to).unwrap();
        radio
    });
    for number in 0..50 {
        radio[0].send_to(group("a"), format!("second {number}")).await.unwrap();
        radio[1].send_to(group("a"), format!("first {number}")).await.unwrap();
        assert_eq!(recv(&second).await.1, Frame::from(format!("second {number}")));
        assert_eq!(recv(&first).await.1, Frame::from(format!("first {number}")));
        assert_eq!(recv(&twin).await.1, Frame::from(format!("first {number}")));
    }
    assert_eq!((first.stats().received, second.stats().received), (50, 50));
}

#[tokio::test]
async fn dish_sorts_out_other_groups() {
    let (dish, endpoint) = dish_in("a", ANY).await;
    let radio = RadioSocket::new();
    radio.connect(endpoint).unwrap();
    for name in ["", "b", "ab"] {
        radio.send_to(group(name), "other").await.unwrap();
    }
    radio.send_to(group("a"), "ours").await.unwrap();
    assert_eq!(recv(&dish).await, (group("a"), "ours".into()));
    assert_eq!(dish.stats().discarded.filtered, 3);
}

#[tokio::test]
async fn hostile_datagrams_are_counted() {
    let (dish, endpoint) = dish_in("a", ANY).await;
    let mut events = dish.events();
    let raw = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let long = [&b"\x01a"[..], &[0; 8191]].concat();
    let hostile = [&b""[..], b"\x01", b"\xffshort", b"\x05abcd", &long];
    for datagram in hostile {
        raw.send_to(datagram, loopback(&endpoint)).await.unwrap();
    }
    raw.send_to(b"\x01ahello", loopback(&endpoint)).await.unwrap();
    raw.send_to(b"\x01a", loopback(&endpoint)).await.unwrap();
    assert_eq!(recv(&dish).await.1, "hello");
    assert_eq!(recv(&dish).await.1, "");
    let stats = dish.stats();
    assert_eq!((stats.discarded.malformed, stats.received, stats.taken), (5, 7, 2));
    assert_eq!(stats.unread, 0);
    let reason = event(&mut events, "a report of drops", |event| match event {
        SocketEvent::Dropping { reason, count } => Some((reason, count)),
        _ => None,
    });
    assert_eq!(reason.await.0, DropReason::Malformed);
}

/// One above the limit is refused with both sizes, at the limit it goes.
#[tokio::test]
async fn long_message_is_refused_at_send() {
    let (dish, endpoint) = dish_in("group", ANY).await;
    let radio = RadioSocket::new();
    radio.connect(endpoint).unwrap();
    let error = radio.send_to(group("group"), vec![1; 8187]).await.unwrap_err();
    assert_eq!(error.kind(), &SendErrorKind::DatagramTooLong { size: 8193, limit: 8192 });
    assert!(error.to_string().contains("8193"), "{error}");
    assert_eq!(error.into_frame().unwrap(), Frame::from(vec![1; 8187]));
    radio.send_to(group("group"), vec![1; 8186]).await.unwrap();
    assert_eq!(recv(&dish).await.1.len(), 8186);
}

/// A message too long for a datagram still goes to the members at connections.
#[tokio::test]
async fn long_message_skips_udp_only() {
    let (near, endpoint) = dish_in("group", ANY).await;
    let (far, tcp) = dish_in("group", "tcp://127.0.0.1:0").await;
    let radio = RadioSocket::builder().no_drop(true).build();
    radio.connect(endpoint).unwrap();
    radio.connect(tcp).unwrap();
    within("both members", radio.wait_for_members("group", 2)).await;
    radio.send_to(group("group"), vec![1; 8187]).await.unwrap();
    assert_eq!(recv(&far).await.1, Frame::from(vec![1; 8187]));
    radio.send_to(group("group"), "short").await.unwrap();
    assert_eq!((recv(&far).await.1, recv(&near).await.1), ("short".into(), "short".into()));
    let dropped = radio.stats().dropped;
    assert_eq!((dropped.failed, dropped.total()), (1, 1));

    let only_udp = radio.send_to(group("other"), vec![1; 8187]).await.unwrap_err();
    assert_eq!(only_udp.kind(), &SendErrorKind::DatagramTooLong { size: 8193, limit: 8192 });
}

/// The receiver is away, comes, goes and comes again. The RADIO sends all the time.
#[tokio::test]
async fn radio_outlives_dishes() {
    let (first, endpoint) = dish_in("a", ANY).await;
    let radio = RadioSocket::new();
    radio.connect(&endpoint).unwrap();
    radio.send_to(group("a"), "one").await.unwrap();
    assert_eq!(recv(&first).await.1, "one");
    first.close().await;
    for _ in 0..10 {
        radio.send_to(group("a"), "into the void").await.unwrap();
        radio.flush().await.unwrap();
    }
    let (second, _) = dish_in("a", &endpoint.to_string()).await;
    radio.send_to(group("a"), "two").await.unwrap();
    assert_eq!(recv(&second).await.1, "two");
    assert_eq!((radio.stats().sent, radio.stats().dropped.failed), (12, 0));
}

/// A send that the system refuses is counted and told, and the next one goes out.
#[tokio::test]
async fn failed_send_ends_nothing() {
    let dgram = DgramSocket::new();
    let mut events = dgram.events();
    dgram.bind(ANY).await.unwrap();
    let raw = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    // An IPv4 socket cannot send to IPv6.
    for _ in 0..3 {
        dgram.send_to(SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 9)), "never").await.unwrap();
    }
    dgram.send_to(raw.local_addr().unwrap(), "arrives").await.unwrap();
    let mut buffer = [0; 16];
    let size = within("a datagram", raw.recv(&mut buffer)).await.unwrap();
    assert_eq!(&buffer[..size], b"arrives");
    let error = event(&mut events, "a failure", |event| match event {
        SocketEvent::DatagramFailed { error, .. } => Some(error),
        _ => None,
    });
    assert!(error.await.raw_os_error().is_some());
    let stats = dgram.stats();
    assert_eq!((stats.sent, stats.dropped.failed, stats.queued), (1, 3, 0));
}

#[tokio::test]
async fn missing_interface_is_tried_again() {
    let radio = RadioSocket::builder().reconnect(fast_reconnect()).linger(Duration::ZERO).build();
    let mut events = radio.events();
    radio.connect("udp://nosuchif0;239.255.7.25:5555").unwrap();
    radio.send_to(group("a"), "waits").await.unwrap();
    for attempt in 1..3 {
        let failed = event(&mut events, "a failed attempt", |event| match event {
            SocketEvent::ConnectFailed { attempt, .. } => Some(attempt),
            _ => None,
        });
        assert_eq!(failed.await, attempt);
    }
    assert_eq!(radio.stats().queued, 1);
    radio.disconnect("udp://nosuchif0;239.255.7.25:5555").unwrap();
    assert_eq!(radio.close().await.unsent, 1);
}

// ---- life ----

#[tokio::test]
async fn address_is_free_when_unbound_or_closed() {
    let (dish, endpoint) = dish_in("a", ANY).await;
    let error = DishSocket::new().bind(&endpoint).await.unwrap_err();
    assert_eq!(error.kind(), &BindErrorKind::InUse);
    let mut events = dish.events();
    dish.unbind(&endpoint).await.unwrap();
    let (again, _) = dish_in("a", &endpoint.to_string()).await;
    assert!(dish.unbind(&endpoint).await.is_err());
    event(&mut events, "the end of the endpoint", |event| {
        matches!(event, SocketEvent::ListenerClosed { .. }).then_some(())
    })
    .await;
    drop(again);
    let (last, _) = dish_in("a", &endpoint.to_string()).await;
    last.close().await;
    dish.bind(&endpoint).await.unwrap();
    let radio = RadioSocket::new();
    radio.connect(&endpoint).unwrap();
    radio.send_to(group("a"), "bound again").await.unwrap();
    assert_eq!(recv(&dish).await.1, "bound again");
}

#[tokio::test]
async fn close_sends_what_is_queued() {
    let raw = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let radio = RadioSocket::new();
    radio.connect(format!("udp://{}", raw.local_addr().unwrap())).unwrap();
    for number in 0..20 {
        radio.send_to(group("a"), number.to_string()).await.unwrap();
    }
    assert_eq!(radio.close().await.unsent, 0);
    let mut buffer = [0; 16];
    for number in 0..20 {
        let size = within("a datagram", raw.recv(&mut buffer)).await.unwrap();
        assert_eq!(buffer[..size], *format!("\u{1}a{number}").as_bytes());
    }
}

#[tokio::test]
async fn disconnected_radio_sends_no_more() {
    let (dish, endpoint) = dish_in("a", ANY).await;
    let radio = RadioSocket::new();
    let mut events = radio.events();
    radio.connect(&endpoint).unwrap();
    radio.send_to(group("a"), "the last").await.unwrap();
    radio.disconnect(&endpoint).unwrap();
    assert_eq!(recv(&dish).await.1, "the last");
    event(&mut events, "the end of the endpoint", |event| {
        matches!(event, SocketEvent::ConnectStopped { .. }).then_some(())
    })
    .await;
    radio.send_to(group("a"), "for no member").await.unwrap();
    assert_eq!(radio.stats().dropped.unsubscribed, 1);
    assert!(radio.stats().peers.is_empty());
}

/// The runtime on which it was connected ends. Another of the socket takes over.
#[test]
fn radio_moves_to_another_runtime() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let (dish, endpoint) = second.block_on(dish_in("a", ANY));
    let radio = RadioSocket::new();
    first.block_on(async {
        radio.connect(&endpoint).unwrap();
        radio.send_to(group("a"), "one").await.unwrap();
    });
    assert_eq!(second.block_on(recv(&dish)).1, "one");
    second.block_on(async { radio.bind("tcp://127.0.0.1:*").await.unwrap() });
    drop(first);
    second.block_on(async {
        radio.send_to(group("a"), "two").await.unwrap();
        assert_eq!(recv(&dish).await.1, "two");
    });
}

/// The endpoint of a runtime that ends is gone, and its address is free.
#[test]
fn dish_ends_with_its_runtime() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let (dish, endpoint) = first.block_on(dish_in("a", ANY));
    let mut events = dish.events();
    drop(first);
    second.block_on(async {
        event(&mut events, "the end of the endpoint", |event| {
            matches!(event, SocketEvent::ListenerClosed { .. }).then_some(())
        })
        .await;
        assert!(dish.stats().peers.is_empty());
        dish.bind(&endpoint).await.unwrap();
        let radio = RadioSocket::new();
        radio.connect(&endpoint).unwrap();
        radio.send_to(group("a"), "bound again").await.unwrap();
        assert_eq!(recv(&dish).await.1, "bound again");
    });
}

/// A peer that is dismissed is the endpoint itself.
#[tokio::test]
async fn dismissed_endpoint_is_closed() {
    let (dish, endpoint) = dish_in("a", ANY).await;
    let mut events = dish.events();
    let peer = dish.stats().peers[0].peer;
    dish.handle().disconnect_peer(peer).unwrap();
    event(&mut events, "the end of the endpoint", |event| {
        matches!(event, SocketEvent::ListenerClosed { .. }).then_some(())
    })
    .await;
    dish.bind(&endpoint).await.unwrap();
}

/// Also by the name that was asked for.
#[tokio::test]
async fn wildcard_is_unbound_by_either_name() {
    let dish = DishSocket::new();
    let bound = dish.bind("udp://*:*").await.unwrap();
    assert_eq!(bound.to_string(), format!("udp://0.0.0.0:{}", udp(&bound).port()));
    dish.unbind(format!("udp://*:{}", udp(&bound).port())).await.unwrap();
    let again = dish.bind(&bound).await.unwrap();
    dish.unbind(again).await.unwrap();
}

#[tokio::test]
async fn udp_endpoints_have_events() {
    let dish = DishSocket::new();
    let mut events = dish.events();
    let endpoint = dish.bind(ANY).await.unwrap();
    let Some(SocketEvent::Listening { endpoint: told, descriptor }) = events.next().await else {
        panic!();
    };
    assert_eq!((told, descriptor.is_some()), (endpoint.clone(), cfg!(unix)));
    let radio = RadioSocket::new();
    let mut events = radio.events();
    radio.connect(&endpoint).unwrap();
    let address = event(&mut events, "a connect", |event| match event {
        SocketEvent::Connected { address, .. } => Some(address),
        _ => None,
    });
    assert_eq!(address.await.to_string(), loopback(&endpoint).to_string());
    within("the endpoint to count as a peer", radio.wait_for_members("any", 1)).await;
    assert_eq!(radio.stats().peers.len(), 1);
}

/// A flood of datagrams takes turns with other tasks, and fills no more than the queue.
#[tokio::test(flavor = "current_thread")]
async fn flood_of_datagrams_starves_no_task() {
    let dish = DishSocket::builder().receive_high_water_mark(100).build();
    dish.join("a").unwrap();
    let endpoint = dish.bind(ANY).await.unwrap();
    let to = loopback(&endpoint);
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let goes_on = move || stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty);
    let flood = std::thread::spawn(move || {
        let raw = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let datagrams = [&b"\x01ahello"[..], b"", b"\x01bother", b"\xff"];
        while goes_on() {
            for datagram in datagrams {
                let _ = raw.send_to(datagram, to);
            }
        }
    });
    // Another task of the same thread gets its turns.
    let (push, mut pull) = (PushSocket::new(), PullSocket::new());
    push.connect(pull.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
    let mut push = push;
    for number in 0..200 {
        push.send(number.to_string()).await.unwrap();
        assert_eq!(within("its turn", pull.recv()).await.unwrap(), number.to_string());
        recv(&dish).await;
        assert!(dish.stats().unread <= 100);
    }
    drop(stop);
    flood.join().unwrap();
}

// ---- mismatches ----

#[tokio::test]
async fn socket_types_that_do_not_fit_are_refused() {
    let socket_type = SocketType::Push;
    let error = PushSocket::new().bind(ANY).await.unwrap_err();
    assert_eq!(error.kind(), &BindErrorKind::Mismatch(Mismatch::NoDatagrams { socket_type }));
    assert!(error.to_string().contains("udp://127.0.0.1:*"), "{error}");
    let error = PushSocket::new().connect("udp://127.0.0.1:5555").unwrap_err();
    assert_eq!(error.kind(), &ConnectErrorKind::Mismatch(Mismatch::NoDatagrams { socket_type }));

    let socket_type = SocketType::Radio;
    let error = RadioSocket::new().bind(ANY).await.unwrap_err();
    assert_eq!(error.kind(), &BindErrorKind::Mismatch(Mismatch::OnlyConnects { socket_type }));
    let socket_type = SocketType::Dish;
    let error = DishSocket::new().connect("udp://127.0.0.1:5555").unwrap_err();
    assert_eq!(error.kind(), &ConnectErrorKind::Mismatch(Mismatch::OnlyBinds { socket_type }));

    let socket_type = SocketType::Dgram;
    let error = DgramSocket::new().connect("udp://127.0.0.1:5555").unwrap_err();
    assert_eq!(error.kind(), &ConnectErrorKind::Mismatch(Mismatch::OnlyBinds { socket_type }));
    for place in ["tcp://127.0.0.1:5555", "inproc://dgram", "ipc:///tmp/dgram"] {
        let error = DgramSocket::new().connect(place).unwrap_err();
        let only = ConnectErrorKind::Mismatch(Mismatch::OnlyDatagrams { socket_type });
        assert_eq!(error.kind(), &only, "{place}");
        let error = DgramSocket::new().bind(place).await.unwrap_err();
        let only = BindErrorKind::Mismatch(Mismatch::OnlyDatagrams { socket_type });
        assert_eq!(error.kind(), &only, "{place}");
    }
}

#[tokio::test]
async fn dgram_takes_no_stream_and_no_listener() {
    let only = Mismatch::OnlyDatagrams { socket_type: SocketType::Dgram };
    let handle = DgramSocket::new().handle().clone();
    let stream = || Io::new(tokio::io::duplex(64).0, "a peer");
    assert_eq!(handle.accept_stream(stream()).unwrap_err(), StreamError::Mismatch(only));
    assert_eq!(handle.connect_stream(stream()).unwrap_err(), StreamError::Mismatch(only));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let error = handle.bind_listener(listener).unwrap_err();
    assert_eq!(error.kind(), &BindErrorKind::Mismatch(only));
    handle.bind(ANY).await.unwrap();
}

/// A datagram is neither encrypted nor authenticated, so a socket with security takes none.
#[tokio::test]
async fn socket_with_security_takes_no_datagrams() {
    let dish = DishSocket::builder().plain_client("user", "password").unwrap().build();
    let error = dish.bind(ANY).await.unwrap_err();
    assert_eq!(error.kind(), &BindErrorKind::Mismatch(Mismatch::NoSecurity));
    let radio = RadioSocket::builder().plain_client("user", "password").unwrap().build();
    let error = radio.connect("udp://127.0.0.1:5555").unwrap_err();
    assert_eq!(error.kind(), &ConnectErrorKind::Mismatch(Mismatch::NoSecurity));
}

#[tokio::test]
async fn accept_filter_keeps_senders_out() {
    let good = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let bad = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let only = good.local_addr().unwrap().to_string();
    let dish = DishSocket::builder().accept_filter(move |peer| peer.to_string() == only).build();
    dish.join("a").unwrap();
    let to = loopback(&dish.bind(ANY).await.unwrap());
    bad.send_to(b"\x01abad", to).await.unwrap();
    good.send_to(b"\x01agood", to).await.unwrap();
    assert_eq!(recv(&dish).await.1, "good");
    assert_eq!(dish.stats().discarded.filtered, 1);
}

// ---- DGRAM ----

#[tokio::test]
async fn dgrams_exchange_datagrams() {
    for at in ["udp://127.0.0.1:*", "udp://[::1]:*"] {
        let (one, other) = (DgramSocket::new(), DgramSocket::new());
        let to = one.bind(at).await.unwrap();
        other.bind(at).await.unwrap();
        let ip = udp(&to).host().to_string();
        let ip: std::net::IpAddr = ip.trim_matches(['[', ']']).parse().unwrap();
        for size in [0, 1, 1472, 8191, 8192] {
            let body = Frame::from(vec![3; size]);
            other.send_to((ip, udp(&to).port()), body.clone()).await.unwrap();
            let (from, frame) = within("a datagram", one.recv()).await.unwrap();
            assert_eq!(frame, body);
            one.send_to(from, frame).await.unwrap();
            let (from, frame) = within("the answer", other.recv()).await.unwrap();
            assert_eq!((from.port(), frame), (udp(&to).port(), body));
        }
        let error = other.send_to((ip, 9), vec![0; 8193]).await.unwrap_err();
        assert_eq!(error.kind(), &SendErrorKind::DatagramTooLong { size: 8193, limit: 8192 });
        let error = other.send_to((ip, 0), "no port").await.unwrap_err();
        assert_eq!(error.kind(), &SendErrorKind::NoAddress);
    }
}

#[tokio::test]
async fn dgram_binds_once_at_a_time() {
    let dgram = DgramSocket::new();
    let first = dgram.bind(ANY).await.unwrap();
    let error = dgram.bind(ANY).await.unwrap_err();
    assert_eq!(error.kind(), &BindErrorKind::Rejected(Rejected::Occupied));
    dgram.unbind(&first).await.unwrap();
    within("its only place to be free", async {
        while dgram.bind(ANY).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn dgram_sends_to_a_multicast_group() {
    let group = DgramSocket::new();
    let bound = group.bind("udp://127.0.0.1;239.255.7.24:*").await.unwrap();
    let to = SocketAddr::from(([239, 255, 7, 24], udp(&bound).port()));
    // Sends from the interface of its own address.
    let raw = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let raw_socket = socket2::SockRef::from(&raw);
    raw_socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
    raw.send_to(b"hello", to).await.unwrap();
    let (from, frame) = within("a datagram", group.recv()).await.unwrap();
    assert_eq!((from, &frame[..]), (raw.local_addr().unwrap(), &b"hello"[..]));
    group.send_to(from, "welcome").await.unwrap();
    let mut buffer = [0; 16];
    let size = within("the answer", raw.recv(&mut buffer)).await.unwrap();
    assert_eq!(&buffer[..size], b"welcome");
}

// ---- transports of the application ----

/// A network in memory: every datagram goes to the one receiver, after a `block`ed send.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<WireState>>);

#[derive(Default)]
struct WireState {
    datagrams: VecDeque<Vec<u8>>,
    /// The kernel's buffer is full.
    blocked: bool,
    sender: Option<Waker>,
    receiver: Option<Waker>,
    /// Errors to return first.
    recv_errors: u32,
    max_datagram: Option<usize>,
}

struct WireEnd(Wire, Endpoint);

impl DatagramTransport for Wire {
    type Socket = WireEnd;

    async fn bind(&self, at: &Endpoint, _: &TransportOptions) -> io::Result<WireEnd> {
        Ok(WireEnd(self.clone(), at.clone()))
    }

    async fn connect(&self, to: &Endpoint, _: &TransportOptions) -> io::Result<WireEnd> {
        Ok(WireEnd(self.clone(), to.clone()))
    }

    fn max_datagram(&self) -> usize {
        self.0.lock().unwrap().max_datagram.unwrap_or(100_000)
    }
}

impl DatagramSocket for WireEnd {
    fn poll_send(
        &mut self,
        cx: &mut TaskContext<'_>,
        datagram: &[u8],
        _: Option<SocketAddr>,
    ) -> Poll<io::Result<()>> {
        let mut wire = self.0.0.lock().unwrap();
        if wire.blocked {
            wire.sender = Some(cx.waker().clone());
            return Poll::Pending;
        }
        wire.datagrams.push_back(datagram.to_vec());
        wire.receiver.take().into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(()))
    }

    fn poll_recv(
        &mut self,
        cx: &mut TaskContext<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        let mut wire = self.0.0.lock().unwrap();
        if wire.recv_errors > 0 {
            wire.recv_errors -= 1;
            return Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into()));
        }
        let Some(datagram) = wire.datagrams.pop_front() else {
            wire.receiver = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let size = datagram.len().min(buffer.len());
        buffer[..size].copy_from_slice(&datagram[..size]);
        Poll::Ready(Ok((size, (Ipv4Addr::LOCALHOST, 1).into())))
    }

    fn endpoint(&self) -> &Endpoint {
        &self.1
    }
}

fn wired() -> (Wire, Context) {
    let wire = Wire::default();
    let context = Context::builder().datagram_transport("wire", wire.clone()).unwrap().build();
    (wire, context)
}

async fn wired_pair(context: &Context) -> (RadioSocket, DishSocket) {
    let dish = DishSocket::builder_in(context).build();
    dish.join("a").unwrap();
    dish.bind("wire://anywhere").await.unwrap();
    let radio = RadioSocket::builder_in(context).send_high_water_mark(10).build();
    radio.connect("wire://anywhere").unwrap();
    radio.wait_for_peers(1).await;
    (radio, dish)
}

/// Large bodies reach the writer in pieces.
#[tokio::test]
async fn own_transport_carries_large_datagrams() {
    let (_, context) = wired();
    let (radio, dish) = wired_pair(&context).await;
    for size in [0, 8191, 8192, 65_000, 99_998] {
        let body = vec![u8::try_from(size % 251).unwrap(); size];
        radio.send_to(group("a"), body.clone()).await.unwrap();
        assert_eq!(recv(&dish).await.1, Frame::from(body));
    }
    let error = radio.send_to(group("a"), vec![0; 99_999]).await.unwrap_err();
    assert_eq!(error.kind(), &SendErrorKind::DatagramTooLong { size: 100_001, limit: 100_000 });
}

#[tokio::test]
async fn datagrams_are_limited_to_a_mebibyte() {
    let (wire, context) = wired();
    wire.0.lock().unwrap().max_datagram = Some(usize::MAX);
    let (radio, dish) = wired_pair(&context).await;
    let limit = 1 << 20;
    radio.send_to(group("a"), vec![1; limit - 2]).await.unwrap();
    assert_eq!(recv(&dish).await.1.len(), limit - 2);
    let error = radio.send_to(group("a"), vec![1; limit - 1]).await.unwrap_err();
    assert_eq!(error.kind(), &SendErrorKind::DatagramTooLong { size: limit + 1, limit });
}

/// While the system takes no datagram, the queue fills, and then messages are dropped and counted.
#[tokio::test]
async fn blocked_sends_fill_the_queue() {
    let (wire, context) = wired();
    let (radio, dish) = wired_pair(&context).await;
    wire.0.lock().unwrap().blocked = true;
    for number in 0..15_u8 {
        radio.send_to(group("a"), vec![number; 20_000]).await.unwrap();
    }
    let stats = radio.stats();
    assert_eq!((stats.queued, stats.dropped.full, stats.sent), (10, 5, 0));
    {
        let mut wire = wire.0.lock().unwrap();
        wire.blocked = false;
        wire.sender.take().into_iter().for_each(Waker::wake);
    }
    for number in 0..10 {
        assert_eq!(recv(&dish).await.1, Frame::from(vec![number; 20_000]));
    }
    assert_eq!(radio.close().await.unsent, 0);
}

/// Errors of receiving end nothing, and many of them do not keep the task busy.
#[tokio::test(start_paused = true)]
async fn receive_errors_end_nothing() {
    let (wire, context) = wired();
    let (radio, dish) = wired_pair(&context).await;
    let mut events = dish.events();
    wire.0.lock().unwrap().recv_errors = 100;
    radio.send_to(group("a"), "after the errors").await.unwrap();
    assert_eq!(recv(&dish).await.1, "after the errors");
    let error = event(&mut events, "a failure", |event| match event {
        SocketEvent::DatagramFailed { error, .. } => Some(error),
        _ => None,
    });
    assert_eq!(error.await.kind(), io::ErrorKind::ConnectionRefused);
    let told = std::iter::from_fn(|| events.try_next())
        .filter(|event| matches!(event, SocketEvent::DatagramFailed { .. }))
        .count();
    assert_eq!(told, 0, "once a second at most");
}

/// Messages still queued when the linger time ends are reported.
#[tokio::test(start_paused = true)]
async fn linger_time_limits_blocked_sends() {
    let (wire, context) = wired();
    let (radio, _dish) = wired_pair(&context).await;
    wire.0.lock().unwrap().blocked = true;
    for number in 0..3 {
        radio.send_to(group("a"), number.to_string()).await.unwrap();
    }
    let report = radio.handle().close_within(Duration::from_millis(10)).await;
    assert_eq!(report.unsent, 3);
}
