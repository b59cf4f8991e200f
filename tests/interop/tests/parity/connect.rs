//! Source addresses, connect attempts and listeners.

use std::net::TcpListener as StdListener;

use interop::{Attach, End, Ours, TCP, event, within};
use libzmq_peer::{EventKind, Opt, Socket, SocketKind};
use tokio::net::TcpListener;
use zeromq_async::{PullSocket, PushSocket, SocketEvent, SubSocket};

use crate::{assert_same, connected, frame};

/// `tcp://source;destination`.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn both_connect_from_the_given_source() {
    for is_ours in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let to = format!("tcp://127.0.0.2:0;127.0.0.1:{port}");
        let place = Attach::Connect(&to);
        let _end = if is_ours {
            End::from_ours(PushSocket::new(), place).await
        } else {
            End::from_theirs(SocketKind::Push, |_| Ok(()), place)
        };
        let (_stream, from) = within("a connection", listener.accept()).await.unwrap();
        assert_eq!(from.ip().to_string(), "127.0.0.2", "ours: {is_ours}");
    }
}

/// `ZMQ_USE_FD`: a listener that the application created, over which libzmq's PUSH connects.
#[cfg(unix)]
#[tokio::test]
async fn both_adopt_a_foreign_listener() {
    use std::os::fd::IntoRawFd;

    let listener = || StdListener::bind("127.0.0.1:0").unwrap();
    let pull = PullSocket::new();
    let at = pull.handle().bind_listener(listener()).unwrap().to_string();
    let ours = (End::Ours(Box::new(Ours::Pull(pull))), at);

    let listener = listener();
    let at = format!("tcp://{}", listener.local_addr().unwrap());
    let descriptor = listener.into_raw_fd(); // libzmq closes it
    let options = move |socket: &Socket| socket.set_i32(Opt::USE_FD, descriptor);
    let theirs = End::from_theirs(SocketKind::Pull, options, Attach::Bind(&at));

    let seen = assert_same(ours, theirs, async |mut pull, at| {
        let push = connected(SocketKind::Push, &at, |_| Ok(()));
        push.send(["hello"]).await.unwrap();
        pull.recv("what came over it").await
    });
    assert_eq!(seen.await, frame("hello"));
}

/// One connection and one subscription.
#[tokio::test]
async fn second_connect_of_sub_is_ignored() {
    for is_ours in [true, false] {
        let xpub = interop::libzmq(SocketKind::Xpub, |socket| {
            socket.set_i32(Opt::XPUB_VERBOSE, 1)?; // every subscription is told
            socket.bind(TCP)
        });
        let to = xpub.endpoint().to_owned();
        let place = Attach::Connect(&to);
        let (sub, _) = if is_ours {
            let sub = SubSocket::builder().subscribe("").build();
            sub.connect(&to[..]).unwrap();
            End::from_ours(sub, place).await
        } else {
            let first = to.clone();
            let options = move |socket: &Socket| {
                socket.set_bytes(Opt::SUBSCRIBE, b"")?;
                socket.connect(&first)
            };
            End::from_theirs(SocketKind::Sub, options, place)
        };
        let _attending = sub.keep_receiving();
        assert_eq!(xpub.recv().await.unwrap(), frame("\u{1}"), "ours: {is_ours}");
        // The later connection is served later.
        let marker =
            connected(SocketKind::Sub, &to, |socket| socket.set_bytes(Opt::SUBSCRIBE, b"marker"));
        let marker = marker.recv();
        assert_eq!(xpub.recv().await.unwrap(), frame("\u{1}marker"), "ours: {is_ours}");
        drop(marker);
    }
}

/// `ZMQ_EVENT_LISTENING`.
#[tokio::test]
async fn both_report_the_listening_endpoint() {
    let pull = PullSocket::new();
    let mut events = pull.events();
    let at = pull.bind(TCP).await.unwrap();
    let told = event(&mut events, "our listener", |event| match event {
        SocketEvent::Listening { endpoint, .. } => Some(endpoint.to_string()),
        _ => None,
    });
    assert_eq!(told.await, at.to_string());
    let pull = interop::libzmq(SocketKind::Pull, |socket| socket.bind(TCP));
    let told = pull.event(EventKind::LISTENING).await.unwrap();
    assert_eq!(told.endpoint, pull.endpoint());
}
