//! libzmq's clients and services through the proxy of this library, and the same control commands
//! for both proxies.

use std::sync::mpsc;
use std::thread;

use interop::{Frames, TCP, frames, libzmq, within};
use libzmq_peer::SocketKind::{Dealer, Pub, Pull, Push, Rep, Req, Router, Sub, Xpub, Xsub};
use libzmq_peer::{Context, EventKind, Opt, Peer, Socket, SocketKind, proxy_steerable};
use tokio::sync::oneshot;
use zeromq_async::{
    DealerSocket, Message, PullSocket, PushSocket, RepSocket, RouterSocket, XPubSocket, XSubSocket,
};
use zeromq_util::proxy::{End, Proxy, ProxyEnd};

/// A running proxy of either library.
struct Device {
    front: String,
    back: String,
    capture: Option<String>,
    control: String,
    ended: oneshot::Receiver<()>,
    /// The commands to pause and to resume. libzmq 4.3.5 confuses them, later versions do not.
    pause: &'static str,
    resume: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Library {
    Ours,
    Theirs,
}

/// The two sides of a device.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Queue,
    Forwarder,
    Streamer,
}

impl Device {
    async fn start(library: Library, kind: Kind, captures: bool) -> Self {
        match (library, kind) {
            (Library::Theirs, Kind::Queue) => Self::theirs(Router, Dealer, captures),
            (Library::Theirs, Kind::Forwarder) => Self::theirs(Xsub, Xpub, captures),
            (Library::Theirs, Kind::Streamer) => Self::theirs(Pull, Push, captures),
            (Library::Ours, Kind::Queue) => {
                let (front, back) = (RouterSocket::new(), DealerSocket::new());
                let ends = [front.bind(TCP).await.unwrap(), back.bind(TCP).await.unwrap()];
                Self::ours(front, back, ends.map(|end| end.to_string()), captures).await
            }
            (Library::Ours, Kind::Forwarder) => {
                let (front, back) = (XSubSocket::new(), XPubSocket::new());
                let ends = [front.bind(TCP).await.unwrap(), back.bind(TCP).await.unwrap()];
                Self::ours(front, back, ends.map(|end| end.to_string()), captures).await
            }
            (Library::Ours, Kind::Streamer) => {
                let (front, back) = (PullSocket::new(), PushSocket::new());
                let ends = [front.bind(TCP).await.unwrap(), back.bind(TCP).await.unwrap()];
                let (front, back) = (End::receive_only(front), End::send_only(back));
                Self::ours(front, back, ends.map(|end| end.to_string()), captures).await
            }
        }
    }

    async fn ours<F, B>(front: F, back: B, ends: [String; 2], captures: bool) -> Self
    where
        F: ProxyEnd + Send + 'static,
        B: ProxyEnd + Send + 'static,
    {
        let (control, capture) = (RepSocket::new(), PushSocket::new());
        let to_control = control.bind(TCP).await.unwrap().to_string();
        let to_capture = capture.bind(TCP).await.unwrap().to_string();
        let (end, ended) = oneshot::channel();
        let proxy = Proxy::new(front, back).control(control);
        tokio::spawn(async move {
            if captures {
                proxy.capture(capture).run().await.unwrap();
            } else {
                let mut proxy = proxy;
                proxy.run().await.unwrap();
            }
            let _ = end.send(());
        });
        let [front, back] = ends;
        let capture = captures.then_some(to_capture);
        let (pause, resume) = ("PAUSE", "RESUME");
        Self { front, back, capture, control: to_control, ended, pause, resume }
    }

    fn theirs(front: SocketKind, back: SocketKind, captures: bool) -> Self {
        let (tell, told) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        thread::spawn(move || {
            let context = Context::new().unwrap();
            let open = |kind| {
                let socket = Socket::new(&context, kind).unwrap();
                socket.bind(TCP).unwrap();
                tell.send(socket.get_string(Opt::LAST_ENDPOINT).unwrap()).unwrap();
                socket
            };
            let [front, back, control, capture] = [front, back, Rep, Push].map(open);
            let capture = captures.then_some(&capture);
            proxy_steerable(&front, &back, capture, Some(&control)).unwrap();
            let _ = end.send(());
        });
        let [front, back, control, capture] = [(); 4].map(|()| told.recv().unwrap());
        let capture = captures.then_some(capture);
        let (pause, resume) = ("RESUME", "PAUSE");
        Self { front, back, capture, control, ended, pause, resume }
    }

    /// A socket of libzmq that sends control commands.
    fn master(&self) -> Peer {
        connected(Req, &self.control)
    }
}

fn connected(kind: SocketKind, endpoint: &str) -> Peer {
    let endpoint = endpoint.to_owned();
    libzmq(kind, move |socket| {
        if kind == Sub {
            socket.set_bytes(Opt::SUBSCRIBE, b"news")?;
        }
        if kind == Dealer {
            socket.set_bytes(Opt::ROUTING_ID, b"asker")?;
        }
        socket.connect(&endpoint)
    })
}

async fn command(master: &Peer, order: &str) -> Frames {
    master.send([order]).await.unwrap();
    master.recv().await.unwrap()
}

fn numbers(statistics: [u64; 8]) -> Frames {
    statistics.map(|number| number.to_ne_bytes().to_vec()).to_vec()
}

#[tokio::test]
async fn queue_proxy_serves_libzmq_peers() {
    let device = Device::start(Library::Ours, Kind::Queue, false).await;
    let services = [connected(Rep, &device.back), connected(Rep, &device.back)];
    for service in services {
        tokio::spawn(async move {
            while let Ok(request) = service.recv().await {
                service.send(request).await.unwrap();
            }
        });
    }
    let clients: Vec<_> = (0..4).map(|_| connected(Req, &device.front)).collect();
    for round in 0..10 {
        for (number, client) in clients.iter().enumerate() {
            client.send([format!("{round} of {number}"), String::new()]).await.unwrap();
        }
        for (number, client) in clients.iter().enumerate() {
            let reply = client.recv().await.unwrap();
            assert_eq!(reply, [format!("{round} of {number}").as_bytes(), b""]);
        }
    }
}

#[tokio::test]
async fn forwarder_proxy_serves_libzmq_peers() {
    let device = Device::start(Library::Ours, Kind::Forwarder, false).await;
    let publisher = connected(Xpub, &device.front);
    let plain = connected(Pub, &device.front);
    let subscriber = connected(Sub, &device.back);
    assert_eq!(publisher.recv().await.unwrap(), [b"\x01news"]);
    for message in [["weather", "no"], ["news", "1"], ["newspaper", "2"]] {
        publisher.send(message).await.unwrap();
    }
    assert_eq!(subscriber.recv().await.unwrap(), [&b"news"[..], b"1"]);
    assert_eq!(subscriber.recv().await.unwrap(), [&b"newspaper"[..], b"2"]);
    // A later publisher receives the same subscription as soon as it connects.
    plain.event(EventKind::HANDSHAKE_SUCCEEDED).await.unwrap();
    let again = subscriber.recv();
    let mut again = std::pin::pin!(again);
    let received = within("news of the other", async {
        loop {
            plain.send(["news", "3"]).await.unwrap();
            tokio::select! {
                received = &mut again => break received,
                () = tokio::task::yield_now() => {}
            }
        }
    });
    assert_eq!(received.await.unwrap(), [&b"news"[..], b"3"]);
}

/// The same commands, and the same answers byte by byte.
#[tokio::test]
async fn both_proxies_answer_commands_alike() {
    for library in [Library::Ours, Library::Theirs] {
        let device = Device::start(library, Kind::Queue, false).await;
        let master = device.master();
        let (client, service) = (connected(Dealer, &device.front), connected(Dealer, &device.back));
        assert_eq!(command(&master, "STATISTICS").await, numbers([0; 8]), "{library:?}");
        assert_eq!(command(&master, "nonsense").await, [b""], "{library:?}");

        client.send(["", "hello"]).await.unwrap();
        let request = service.recv().await.unwrap();
        assert_eq!(request, [&b"asker"[..], b"", b"hello"], "{library:?}");
        service.send(["asker", "", "good day"]).await.unwrap();
        assert_eq!(client.recv().await.unwrap(), [&b""[..], b"good day"], "{library:?}");
        // Frames are counted, including the routing id.
        let passed = numbers([3, 10, 3, 13, 3, 13, 3, 10]);
        assert_eq!(command(&master, "STATISTICS").await, passed, "{library:?}");

        assert_eq!(command(&master, device.pause).await, [b""], "{library:?}");
        client.send(["", "while it is paused"]).await.unwrap();
        service.send(["asker", "", "paused"]).await.unwrap();
        for _ in 0..20 {
            assert_eq!(command(&master, "STATISTICS").await, passed, "{library:?}");
        }
        assert_eq!(command(&master, device.resume).await, [b""], "{library:?}");
        assert_eq!(service.recv().await.unwrap()[2], b"while it is paused", "{library:?}");
        assert_eq!(client.recv().await.unwrap()[1], b"paused", "{library:?}");

        master.send(["TERMINATE"]).await.unwrap();
        within("the proxy to end", device.ended).await.unwrap();
    }
}

/// libzmq's issue 1382: a proxy with a full backend ended only when there was room.
#[tokio::test]
async fn both_proxies_terminate_with_full_backend() {
    for library in [Library::Ours, Library::Theirs] {
        let device = Device::start(library, Kind::Streamer, false).await;
        let push = connected(Push, &device.front);
        for number in 0..100_u8 {
            push.send([[number]]).await.unwrap();
        }
        let master = device.master();
        let read = command(&master, "STATISTICS").await;
        assert_eq!(read, numbers([0; 8]), "{library:?} read beyond its room");
        master.send(["TERMINATE"]).await.unwrap();
        within("the proxy to end", device.ended).await.unwrap();
    }
}

#[tokio::test]
async fn both_proxies_capture_all_frames() {
    for library in [Library::Ours, Library::Theirs] {
        let device = Device::start(library, Kind::Queue, true).await;
        let capture = connected(Pull, device.capture.as_deref().unwrap());
        let (client, service) = (connected(Dealer, &device.front), connected(Rep, &device.back));
        client.send(["1", "", "hello"]).await.unwrap();
        assert_eq!(service.recv().await.unwrap(), [b"hello"]);
        service.send(["good", "day"]).await.unwrap();
        let reply = client.recv().await.unwrap();
        assert_eq!(reply, frames(&Message::multipart(["1", "", "good", "day"])), "{library:?}");
        for copy in [vec!["asker", "1", "", "hello"], vec!["asker", "1", "", "good", "day"]] {
            let captured = capture.recv().await.unwrap();
            assert_eq!(captured, frames(&Message::multipart(copy)), "{library:?}");
        }
    }
}
