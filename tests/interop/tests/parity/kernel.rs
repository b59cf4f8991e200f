//! Kernel options of TCP sockets: the same in either library, at both ends.

use std::time::Duration;

use interop::{Attach, End, TCP};
use libzmq_peer::{Opt, Socket, SocketKind, TcpEnd, tcp_backlog, tcp_option};
use tokio::net::{TcpListener, TcpStream};
use zeromq_async::{Keepalive, PairSocket};

/// The name, level and number of each option on Linux.
const OPTIONS: [(&str, i32, i32); 12] = [
    ("SO_SNDBUF", 1, 7),
    ("SO_RCVBUF", 1, 8),
    ("SO_KEEPALIVE", 1, 9),
    ("SO_PRIORITY", 1, 12),
    ("SO_BUSY_POLL", 1, 46),
    ("SO_BINDTOIFINDEX", 1, 62),
    ("IP_TOS", 0, 1),
    ("TCP_NODELAY", 6, 1),
    ("TCP_KEEPIDLE", 6, 4),
    ("TCP_KEEPINTVL", 6, 5),
    ("TCP_KEEPCNT", 6, 6),
    ("TCP_USER_TIMEOUT", 6, 18),
];

async fn ours(place: Attach<'_>, busy_poll: bool) -> (End, String) {
    let keepalive =
        Keepalive::new().idle(Duration::from_secs(61)).interval(Duration::from_secs(11)).count(4);
    let mut pair = PairSocket::builder()
        .send_buffer(20_000)
        .receive_buffer(30_000)
        .tcp_keepalive(keepalive)
        .type_of_service(0x28)
        .priority(5)
        .bind_device("lo")
        .tcp_retransmit_limit(Duration::from_millis(12_345));
    if busy_poll {
        pair = pair.busy_poll(Duration::from_micros(50));
    }
    End::from_ours(pair.build(), place).await
}

fn theirs(place: Attach<'_>, busy_poll: bool) -> (End, String) {
    let options = move |socket: &Socket| {
        for (option, value) in [
            (Opt::SNDBUF, 20_000),
            (Opt::RCVBUF, 30_000),
            (Opt::TCP_KEEPALIVE, 1),
            (Opt::TCP_KEEPALIVE_IDLE, 61),
            (Opt::TCP_KEEPALIVE_INTVL, 11),
            (Opt::TCP_KEEPALIVE_CNT, 4),
            (Opt::TOS, 0x28),
            (Opt::TCP_MAXRT, 12_345),
            (Opt::PRIORITY, 5),
        ] {
            socket.set_i32(option, value)?;
        }
        if busy_poll {
            socket.set_i32(Opt::BUSY_POLL, 50)?;
        }
        socket.set_str(Opt::BINDTODEVICE, Some("lo"))
    };
    End::from_theirs(SocketKind::Pair, options, place)
}

fn kernel_options(end: TcpEnd) -> Vec<(&'static str, Option<i32>)> {
    OPTIONS.map(|(name, level, option)| (name, tcp_option(end, level, option))).to_vec()
}

/// `ZMQ_SNDBUF`, `ZMQ_RCVBUF`, `ZMQ_TCP_KEEPALIVE` and its like, `ZMQ_TOS`, `ZMQ_TCP_MAXRT`,
/// `ZMQ_PRIORITY`, `ZMQ_BUSY_POLL`, `ZMQ_BINDTODEVICE`.
#[tokio::test]
async fn connection_options_match_libzmq() {
    // The option needs a privilege, and libzmq aborts without it.
    let busy_poll = PairSocket::builder().busy_poll(Duration::from_micros(50)).build();
    let busy_poll = busy_poll.bind(TCP).await.is_ok();
    let mut connecting = Vec::new();
    let mut accepting = Vec::new();
    for is_ours in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let to = format!("tcp://127.0.0.1:{port}");
        let place = Attach::Connect(&to);
        let _end = if is_ours { ours(place, busy_poll).await } else { theirs(place, busy_poll) };
        let (mut accepted, _) = interop::within("a connection", listener.accept()).await.unwrap();
        // The handshake is finished, so the options are set.
        interop::within("a greeting", tokio::io::AsyncReadExt::read_u8(&mut accepted))
            .await
            .unwrap();
        connecting.push(kernel_options(TcpEnd::Connected(port)));

        let place = Attach::Bind(TCP);
        let (_end, at) =
            if is_ours { ours(place, busy_poll).await } else { theirs(place, busy_poll) };
        let address = at.strip_prefix("tcp://").unwrap();
        let mut stream =
            interop::within("a connection", TcpStream::connect(address)).await.unwrap();
        interop::within("a greeting", tokio::io::AsyncReadExt::read_u8(&mut stream)).await.unwrap();
        accepting.push(kernel_options(TcpEnd::Accepted(stream.peer_addr().unwrap().port())));
    }
    assert_eq!(connecting[0], connecting[1], "ours on the left, libzmq on the right");
    assert_eq!(accepting[0], accepting[1], "ours on the left, libzmq on the right");
    assert!(connecting[0].contains(&("TCP_KEEPIDLE", Some(61))), "{connecting:?}");
    assert!(accepting[0].contains(&("TCP_USER_TIMEOUT", Some(12_345))), "{accepting:?}");
    let polls = if busy_poll { 50 } else { 0 };
    for told in [&connecting[0], &accepting[0]] {
        assert!(told.contains(&("SO_PRIORITY", Some(5))), "{told:?}");
        assert!(told.contains(&("SO_BUSY_POLL", Some(polls))), "{told:?}");
    }
    let device = connecting[0].iter().find(|(name, _)| *name == "SO_BINDTOIFINDEX");
    assert!(device.is_some_and(|(_, index)| index.is_some_and(|index| index > 0)), "{device:?}");
}

/// `ZMQ_BACKLOG`.
#[tokio::test]
async fn listener_options_match_libzmq() {
    for backlog in [1_u8, 17] {
        let ours = PairSocket::builder().backlog(backlog.into()).build();
        let (_ours, at_ours) = End::from_ours(ours, Attach::Bind(TCP)).await;
        let options = move |socket: &Socket| socket.set_i32(Opt::BACKLOG, backlog.into());
        let (_theirs, at_theirs) = End::from_theirs(SocketKind::Pair, options, Attach::Bind(TCP));
        let told = [at_ours, at_theirs].map(|at| {
            let (_, port) = at.rsplit_once(':').unwrap();
            tcp_backlog(port.parse().unwrap())
        });
        assert_eq!(told, [Some(backlog.into()); 2], "ours on the left, libzmq on the right");
    }
}
