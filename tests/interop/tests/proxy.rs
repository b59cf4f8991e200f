//! libzmq's clients and services through our proxy, and the same orders given to ours and theirs.

#![allow(clippy::unwrap_used, reason = "a test may fail where something goes wrong")]

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

/// A proxy of either library that is running.
struct Device {
    front: String,
    back: String,
    capture: Option<String>,
    control: String,
    ended: oneshot::Receiver<()>,
    /// What stops it for a while, and what lets it go on: libzmq 4.3.5 takes the one for the other,
    /// as its successors do not.
    pause: &'static str,
    resume: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Whose {
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
    async fn start(whose: Whose, kind: Kind, captures: bool) -> Self {
        match (whose, kind) {
            (Whose::Theirs, Kind::Queue) => Self::theirs(Router, Dealer, captures),
            (Whose::Theirs, Kind::Forwarder) => Self::theirs(Xsub, Xpub, captures),
            (Whose::Theirs, Kind::Streamer) => Self::theirs(Pull, Push, captures),
            (Whose::Ours, Kind::Queue) => {
                let (front, back) = (RouterSocket::new(), DealerSocket::new());
                let ends = [front.bind(TCP).await.unwrap(), back.bind(TCP).await.unwrap()];
                Self::ours(front, back, ends.map(|end| end.to_string()), captures).await
            }
            (Whose::Ours, Kind::Forwarder) => {
                let (front, back) = (XSubSocket::new(), XPubSocket::new());
                let ends = [front.bind(TCP).await.unwrap(), back.bind(TCP).await.unwrap()];
                Self::ours(front, back, ends.map(|end| end.to_string()), captures).await
            }
            (Whose::Ours, Kind::Streamer) => {
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

    /// A socket of libzmq that gives orders.
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

async fn order(master: &Peer, order: &str) -> Frames {
    master.send([order]).await.unwrap();
    master.recv().await.unwrap()
}

fn numbers(statistics: [u64; 8]) -> Frames {
    statistics.map(|number| number.to_ne_bytes().to_vec()).to_vec()
}

#[tokio::test]
async fn queue_proxy_serves_libzmq_peers() {
    let device = Device::start(Whose::Ours, Kind::Queue, false).await;
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
    let device = Device::start(Whose::Ours, Kind::Forwarder, false).await;
    let publisher = connected(Xpub, &device.front);
    let plain = connected(Pub, &device.front);
    let subscriber = connected(Sub, &device.back);
    assert_eq!(publisher.recv().await.unwrap(), [b"\x01news"]);
    for message in [["weather", "no"], ["news", "1"], ["newspaper", "2"]] {
        publisher.send(message).await.unwrap();
    }
    assert_eq!(subscriber.recv().await.unwrap(), [&b"news"[..], b"1"]);
    assert_eq!(subscriber.recv().await.unwrap(), [&b"newspaper"[..], b"2"]);
    // Another publisher is asked for the same as soon as it is there.
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

/// The same orders, and byte by byte the same answers.
#[tokio::test]
async fn both_proxies_answer_commands_alike() {
    for whose in [Whose::Ours, Whose::Theirs] {
        let device = Device::start(whose, Kind::Queue, false).await;
        let master = device.master();
        let (client, service) = (connected(Dealer, &device.front), connected(Dealer, &device.back));
        assert_eq!(order(&master, "STATISTICS").await, numbers([0; 8]), "{whose:?}");
        assert_eq!(order(&master, "nonsense").await, [b""], "{whose:?}");

        client.send(["", "hello"]).await.unwrap();
        let request = service.recv().await.unwrap();
        assert_eq!(request, [&b"asker"[..], b"", b"hello"], "{whose:?}");
        service.send(["asker", "", "good day"]).await.unwrap();
        assert_eq!(client.recv().await.unwrap(), [&b""[..], b"good day"], "{whose:?}");
        // Frames count, and the routing id is one of them.
        let passed = numbers([3, 10, 3, 13, 3, 13, 3, 10]);
        assert_eq!(order(&master, "STATISTICS").await, passed, "{whose:?}");

        assert_eq!(order(&master, device.pause).await, [b""], "{whose:?}");
        client.send(["", "while it is paused"]).await.unwrap();
        service.send(["asker", "", "paused"]).await.unwrap();
        for _ in 0..20 {
            assert_eq!(order(&master, "STATISTICS").await, passed, "{whose:?}");
        }
        assert_eq!(order(&master, device.resume).await, [b""], "{whose:?}");
        assert_eq!(service.recv().await.unwrap()[2], b"while it is paused", "{whose:?}");
        assert_eq!(client.recv().await.unwrap()[1], b"paused", "{whose:?}");

        master.send(["TERMINATE"]).await.unwrap();
        within("the proxy to end", device.ended).await.unwrap();
    }
}

/// libzmq's issue 1382: a proxy whose back is full ended only when there was room.
#[tokio::test]
async fn both_proxies_terminate_with_full_backend() {
    for whose in [Whose::Ours, Whose::Theirs] {
        let device = Device::start(whose, Kind::Streamer, false).await;
        let push = connected(Push, &device.front);
        for number in 0..100_u8 {
            push.send([[number]]).await.unwrap();
        }
        let master = device.master();
        let read = order(&master, "STATISTICS").await;
        assert_eq!(read, numbers([0; 8]), "{whose:?} read what there is no room for");
        master.send(["TERMINATE"]).await.unwrap();
        within("the proxy to end", device.ended).await.unwrap();
    }
}

#[tokio::test]
async fn both_proxies_capture_all_frames() {
    for whose in [Whose::Ours, Whose::Theirs] {
        let device = Device::start(whose, Kind::Queue, true).await;
        let capture = connected(Pull, device.capture.as_deref().unwrap());
        let (client, service) = (connected(Dealer, &device.front), connected(Rep, &device.back));
        client.send(["1", "", "hello"]).await.unwrap();
        assert_eq!(service.recv().await.unwrap(), [b"hello"]);
        service.send(["good", "day"]).await.unwrap();
        let reply = client.recv().await.unwrap();
        assert_eq!(reply, frames(&Message::multipart(["1", "", "good", "day"])), "{whose:?}");
        for copy in [vec!["asker", "1", "", "hello"], vec!["asker", "1", "", "good", "day"]] {
            let captured = capture.recv().await.unwrap();
            assert_eq!(captured, frames(&Message::multipart(copy)), "{whose:?}");
        }
    }
}
