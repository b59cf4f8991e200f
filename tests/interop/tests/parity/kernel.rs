//! What the kernel is told of TCP sockets: the same by either library, at both ends.

use std::time::Duration;

use interop::{End, Place, TCP};
use libzmq_peer::{Opt, Socket, SocketKind, TcpEnd, tcp_option};
use tokio::net::{TcpListener, TcpStream};
use zeromq_async::{Keepalive, PairSocket};

/// Each option's name, level and number on Linux.
const OPTIONS: [(&str, i32, i32); 9] = [
    ("SO_SNDBUF", 1, 7),
    ("SO_RCVBUF", 1, 8),
    ("SO_KEEPALIVE", 1, 9),
    ("IP_TOS", 0, 1),
    ("TCP_NODELAY", 6, 1),
    ("TCP_KEEPIDLE", 6, 4),
    ("TCP_KEEPINTVL", 6, 5),
    ("TCP_KEEPCNT", 6, 6),
    ("TCP_USER_TIMEOUT", 6, 18),
];

async fn ours(place: Place<'_>) -> (End, String) {
    let keepalive =
        Keepalive::new().idle(Duration::from_secs(61)).interval(Duration::from_secs(11)).count(4);
    let pair = PairSocket::builder()
        .send_buffer(20_000)
        .receive_buffer(30_000)
        .tcp_keepalive(keepalive)
        .type_of_service(0x28)
        .tcp_retransmit_limit(Duration::from_millis(12_345));
    End::of_ours(pair.build(), place).await
}

fn theirs(place: Place<'_>) -> (End, String) {
    let options = |socket: &Socket| {
        for (option, value) in [
            (Opt::SNDBUF, 20_000),
            (Opt::RCVBUF, 30_000),
            (Opt::TCP_KEEPALIVE, 1),
            (Opt::TCP_KEEPALIVE_IDLE, 61),
            (Opt::TCP_KEEPALIVE_INTVL, 11),
            (Opt::TCP_KEEPALIVE_CNT, 4),
            (Opt::TOS, 0x28),
            (Opt::TCP_MAXRT, 12_345),
        ] {
            socket.set_i32(option, value)?;
        }
        Ok(())
    };
    End::of_theirs(SocketKind::Pair, options, place)
}

fn told(end: TcpEnd) -> Vec<(&'static str, Option<i32>)> {
    OPTIONS.map(|(name, level, option)| (name, tcp_option(end, level, option))).to_vec()
}

/// `ZMQ_SNDBUF`, `ZMQ_RCVBUF`, `ZMQ_TCP_KEEPALIVE` and its like, `ZMQ_TOS`, `ZMQ_TCP_MAXRT`.
#[tokio::test]
async fn the_kernel_is_told_the_same_of_connections() {
    let mut connecting = Vec::new();
    let mut accepting = Vec::new();
    for is_ours in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let to = format!("tcp://127.0.0.1:{port}");
        let place = Place::Connect(&to);
        let _end = if is_ours { ours(place).await } else { theirs(place) };
        let (mut accepted, _) = interop::within("a connection", listener.accept()).await.unwrap();
        // It has greeted, and so is set up.
        interop::within("a greeting", tokio::io::AsyncReadExt::read_u8(&mut accepted))
            .await
            .unwrap();
        connecting.push(told(TcpEnd::Connected(port)));

        let (_end, at) =
            if is_ours { ours(Place::Bind(TCP)).await } else { theirs(Place::Bind(TCP)) };
        let address = at.strip_prefix("tcp://").unwrap();
        let mut stream =
            interop::within("a connection", TcpStream::connect(address)).await.unwrap();
        interop::within("a greeting", tokio::io::AsyncReadExt::read_u8(&mut stream)).await.unwrap();
        accepting.push(told(TcpEnd::Accepted(stream.peer_addr().unwrap().port())));
    }
    assert_eq!(connecting[0], connecting[1], "ours on the left, libzmq on the right");
    assert_eq!(accepting[0], accepting[1], "ours on the left, libzmq on the right");
    assert!(connecting[0].contains(&("TCP_KEEPIDLE", Some(61))), "{connecting:?}");
    assert!(accepting[0].contains(&("TCP_USER_TIMEOUT", Some(12_345))), "{accepting:?}");
}
