//! STREAM of this library and of libzmq, each at either end.

use std::time::Duration;

use interop::{IPC, TCP, frames, libzmq, recv, within};
use libzmq_peer::{Opt, Peer, SocketKind};
use zeromq_async::{Frame, Message, ReconnectBackoff, StreamSocket};

const SIZES: [usize; 7] = [1, 255, 8192, 8193, 65_536, 100_000, 1 << 20];

fn numbered(size: usize) -> Vec<u8> {
    (0..size).map(|n| u8::try_from(n % 251).expect("small")).collect()
}

fn to(peer: &[u8], body: impl Into<Frame>) -> Message {
    Message::multipart([Frame::from(peer.to_vec()), body.into()])
}

fn stream() -> StreamSocket {
    let often = ReconnectBackoff::new(Duration::from_millis(10));
    StreamSocket::builder().reconnect(often).build()
}

/// A message of one chunk: its peer and the chunk.
async fn ours_recv(ours: &mut StreamSocket) -> (Vec<u8>, Vec<u8>) {
    let [peer, chunk] = <[_; 2]>::try_from(frames(&recv(ours, "a chunk").await)).expect("two");
    (peer, chunk)
}

async fn theirs_recv(theirs: &Peer) -> (Vec<u8>, Vec<u8>) {
    let [peer, chunk] = <[_; 2]>::try_from(theirs.recv().await.unwrap()).expect("two");
    (peer, chunk)
}

/// The notices of a new connection: how each side names the other.
async fn meet(ours: &mut StreamSocket, theirs: &Peer) -> (Vec<u8>, Vec<u8>) {
    let ((to_theirs, here), (to_ours, there)) = (ours_recv(ours).await, theirs_recv(theirs).await);
    assert_eq!((here, there), (vec![], vec![]), "notices");
    (to_theirs, to_ours)
}

async fn exchange(ours: &mut StreamSocket, theirs: &Peer, to_theirs: &[u8], to_ours: &[u8]) {
    for size in SIZES {
        let bytes = numbered(size);
        ours.send(to(to_theirs, bytes.clone())).await.unwrap();
        let mut received = Vec::new();
        while received.len() < size {
            let (peer, chunk) = theirs_recv(theirs).await;
            assert!(peer == to_ours && !chunk.is_empty());
            received.extend(chunk);
        }
        assert!(received == bytes, "{size} bytes from this library");
        theirs.send(vec![to_ours.to_vec(), bytes.clone()]).await.unwrap();
        let mut received = Vec::new();
        while received.len() < size {
            let (peer, chunk) = ours_recv(ours).await;
            assert!(peer == to_theirs && !chunk.is_empty());
            received.extend(chunk);
        }
        assert!(received == bytes, "{size} bytes from libzmq");
    }
}

#[tokio::test]
async fn streams_exchange_bytes_both_ways() {
    for at in [TCP, IPC] {
        let mut ours = stream();
        let endpoint = ours.bind(at).await.unwrap().to_string();
        let theirs = libzmq(SocketKind::Stream, move |socket| socket.connect(&endpoint));
        let (to_theirs, to_ours) = meet(&mut ours, &theirs).await;
        exchange(&mut ours, &theirs, &to_theirs, &to_ours).await;

        let theirs = libzmq(SocketKind::Stream, move |socket| socket.bind(at));
        let mut ours = stream();
        let named = ours.connect_peer(theirs.endpoint()).unwrap();
        let (to_theirs, to_ours) = meet(&mut ours, &theirs).await;
        assert_eq!(to_theirs, *named);
        exchange(&mut ours, &theirs, &to_theirs, &to_ours).await;
    }
}

#[tokio::test]
async fn streams_keep_the_order_of_many_messages() {
    const COUNT: u32 = 20_000;
    let mut ours = stream();
    let endpoint = ours.bind(TCP).await.unwrap().to_string();
    let theirs = libzmq(SocketKind::Stream, move |socket| socket.connect(&endpoint));
    let (to_theirs, to_ours) = meet(&mut ours, &theirs).await;
    let expected: Vec<u8> = (0..COUNT).flat_map(u32::to_be_bytes).collect();
    let sending = async {
        for number in 0..COUNT {
            ours.send(to(&to_theirs, number.to_be_bytes().to_vec())).await.unwrap();
        }
    };
    let receiving = async {
        let mut received = Vec::new();
        while received.len() < expected.len() {
            received.extend(theirs_recv(&theirs).await.1);
        }
        received
    };
    assert!(tokio::join!(sending, receiving).1 == expected);
    for number in 0..COUNT {
        theirs.send(vec![to_ours.clone(), number.to_be_bytes().to_vec()]).await.unwrap();
    }
    let mut received = Vec::new();
    while received.len() < expected.len() {
        received.extend(ours_recv(&mut ours).await.1);
    }
    assert!(received == expected);
}

#[tokio::test]
async fn empty_chunk_ends_the_connection() {
    let mut ours = stream();
    let endpoint = ours.bind(TCP).await.unwrap().to_string();
    let theirs = libzmq(SocketKind::Stream, move |socket| {
        socket.set_i32(Opt::RECONNECT_IVL, 10)?;
        socket.connect(&endpoint)
    });
    let (to_theirs, to_ours) = meet(&mut ours, &theirs).await;
    ours.send(to(&to_theirs, "bye")).await.unwrap();
    ours.send(to(&to_theirs, "")).await.unwrap();
    assert_eq!(theirs_recv(&theirs).await, (to_ours.clone(), b"bye".to_vec()));
    assert_eq!(theirs_recv(&theirs).await, (to_ours.clone(), vec![]));
    // It connects again, and names this side as before.
    let (to_theirs, again) = meet(&mut ours, &theirs).await;
    assert_eq!(again, to_ours);
    theirs.send(vec![to_ours.clone(), vec![]]).await.unwrap();
    // libzmq closes the connection when its socket is used next.
    let _used = theirs.recv();
    assert_eq!(ours_recv(&mut ours).await, (to_theirs, vec![]));
}

#[tokio::test]
async fn our_stream_connects_to_libzmq_again() {
    let theirs = libzmq(SocketKind::Stream, |socket| socket.bind(TCP));
    let endpoint = theirs.endpoint().to_owned();
    let mut ours = stream();
    let named = ours.connect_peer(endpoint.as_str()).unwrap().to_vec();
    meet(&mut ours, &theirs).await;
    drop(theirs);
    assert_eq!(ours_recv(&mut ours).await, (named.clone(), vec![]), "lost");
    let theirs = libzmq(SocketKind::Stream, move |socket| socket.bind(&endpoint));
    let (to_theirs, to_ours) = meet(&mut ours, &theirs).await;
    assert_eq!(to_theirs, named);
    exchange(&mut ours, &theirs, &to_theirs, &to_ours).await;
}

#[tokio::test]
async fn stream_waits_for_a_libzmq_that_reads_late() {
    let mut ours = StreamSocket::builder().send_high_water_mark(10).build();
    let endpoint = ours.bind(TCP).await.unwrap().to_string();
    let theirs = libzmq(SocketKind::Stream, move |socket| {
        socket.set_i32(Opt::RCVHWM, 10)?;
        socket.connect(&endpoint)
    });
    let (to_theirs, _) = meet(&mut ours, &theirs).await;
    let chunk = numbered(100_000);
    let mut sent = 0;
    while ours.stats().peers[0].queued < 10 {
        match ours.try_send(to(&to_theirs, chunk.clone())) {
            Ok(()) => sent += 1,
            Err(_) => tokio::task::yield_now().await,
        }
        assert!(sent < 10_000, "the queue is bounded");
    }
    let mut received = 0;
    while received < sent * chunk.len() {
        received += theirs_recv(&theirs).await.1.len();
    }
    within("the queue to be written", ours.flush()).await.unwrap();
}

#[tokio::test]
async fn stream_errors_are_those_of_libzmq() {
    use libzmq_peer::errno;
    use zeromq_async::SendErrorKind;

    let mut ours = stream();
    let theirs = libzmq(SocketKind::Stream, |socket| socket.bind(TCP));
    for body in ["data", ""] {
        let error = ours.send(Message::multipart(["who", body])).await.unwrap_err();
        assert_eq!(*error.kind(), SendErrorKind::Unroutable("who".into()));
        let sent = theirs.send(vec![b"who".to_vec(), body.into()]).await;
        assert_eq!(sent.unwrap_err().errno(), Some(errno::EHOSTUNREACH));
    }
}
