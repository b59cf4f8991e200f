//! Messages between this library and a libzmq behind stunnel.

use interop::{ReservedPort, event, libzmq, within};
use libzmq_peer::{Opt, Peer, SocketKind};
use support::authority::{ANY_TLS_PORT, Authority, HOST, Issued};
use support::fast_reconnect;
use zeromq_async::tls::{TlsClient, TlsFailure, TlsServer};
use zeromq_async::{DealerSocket, HandshakeFailure, Message, SocketEvent};

use crate::stunnel::{Side, Stunnel, is_missing};

const VERSIONS: [&str; 2] = ["TLSv1.3", "TLSv1.2"];

const SIZES: [usize; 8] = [0, 1, 255, 256, 8192, 16_384, 100_000, 1 << 20];

/// One authority, and the certificates of both ends.
struct Certificates {
    authority: Authority,
    server: Issued,
    client: Issued,
}

impl Certificates {
    fn new() -> Self {
        let authority = Authority::new();
        let (server, client) = (authority.issue(HOST), authority.issue("client.example"));
        Self { authority, server, client }
    }

    /// Our server, which requires client certificates.
    fn tls_server(&self) -> TlsServer {
        TlsServer::new(self.server.tls()).require_client_certificates(self.authority.roots())
    }

    fn tls_client(&self) -> TlsClient {
        self.authority.client().certificate(self.client.tls())
    }

    /// stunnel as a client of our server.
    fn stunnel_client(&self, to: &str, version: &str) -> Stunnel {
        Stunnel::start(&Side::Client, to, &self.client, &self.authority.pem(), version)
    }

    /// stunnel as the server in front of libzmq.
    fn stunnel_server(&self, to: &str, version: &str) -> Stunnel {
        Stunnel::start(&Side::Server, to, &self.server, &self.authority.pem(), version)
    }
}

fn theirs_connecting(endpoint: String, heartbeat: bool) -> Peer {
    libzmq(SocketKind::Dealer, move |socket| {
        if heartbeat {
            socket.set_i32(Opt::HEARTBEAT_IVL, 50)?;
            socket.set_i32(Opt::HEARTBEAT_TIMEOUT, 30_000)?;
        }
        socket.set_i32(Opt::RECONNECT_IVL, 10)?;
        socket.connect(&endpoint)
    })
}

fn theirs_bound(endpoint: String) -> Peer {
    libzmq(SocketKind::Dealer, move |socket| {
        socket.set_i32(Opt::LINGER, 0)?;
        socket.bind(&endpoint)
    })
}

fn frame(number: usize) -> Vec<u8> {
    let mut body = vec![u8::try_from(number % 256).unwrap(); SIZES[number % SIZES.len()]];
    body.iter_mut().zip(number.to_be_bytes()).for_each(|(byte, digit)| *byte = digit);
    body
}

/// Sends messages of all sizes both ways at the same time, in order.
async fn exchange(ours: &mut DealerSocket, theirs: &Peer) {
    const COUNT: usize = SIZES.len() * 20;
    let mut sender = ours.sender();
    let our_sending = async {
        for number in 0..COUNT {
            let frames = [frame(number), b"end".to_vec()];
            sender.send(frames.into_iter().collect::<Message>()).await.unwrap();
        }
    };
    let our_receiving = async {
        for number in 0..COUNT {
            let message = ours.recv().await.unwrap();
            assert!(*message.first().unwrap() == *frame(number), "message {number}");
        }
    };
    let their_side = async {
        for number in 0..COUNT {
            theirs.send([frame(number)]).await.unwrap();
            let message = theirs.recv().await.unwrap();
            assert!(message == [frame(number), b"end".to_vec()], "message {number}");
        }
    };
    within("all messages", async { tokio::join!(our_sending, our_receiving, their_side) }).await;
}

#[tokio::test]
async fn libzmq_client_reaches_our_server() {
    if is_missing() {
        return;
    }
    for version in VERSIONS {
        let certificates = Certificates::new();
        let mut ours = DealerSocket::builder().tls_server(certificates.tls_server()).build();
        let bound = ours.bind(ANY_TLS_PORT).await.unwrap();
        let stunnel = certificates.stunnel_client(&bound.to_string(), version);
        let theirs = theirs_connecting(stunnel.endpoint(), true);
        theirs.send(["hello"]).await.unwrap();
        let (message, peer) = within("the first message", ours.recv_from()).await.unwrap();
        assert_eq!(message, "hello");
        assert_eq!(peer.info().user_id(), Some("client.example"));
        exchange(&mut ours, &theirs).await;
        theirs.stop().await.unwrap();
    }
}

#[tokio::test]
async fn our_client_reaches_libzmq_server() {
    if is_missing() {
        return;
    }
    for version in VERSIONS {
        let certificates = Certificates::new();
        let theirs = theirs_bound("tcp://127.0.0.1:*".to_owned());
        let stunnel = certificates.stunnel_server(theirs.endpoint(), version);
        let mut ours = DealerSocket::builder()
            .tls_client(certificates.tls_client())
            .reconnect(fast_reconnect())
            .build();
        ours.connect(stunnel.endpoint().replace("tcp", "tls")).unwrap();
        exchange(&mut ours, &theirs).await;
        theirs.stop().await.unwrap();
    }
}

#[tokio::test]
async fn each_part_may_restart() {
    if is_missing() {
        return;
    }
    let certificates = Certificates::new();
    let port = ReservedPort::new();
    let mut theirs = theirs_bound(port.endpoint());
    let mut stunnel = certificates.stunnel_server(&port.endpoint(), "all");
    let mut ours = DealerSocket::builder()
        .tls_client(certificates.tls_client())
        .reconnect(fast_reconnect())
        .build();
    let endpoint = stunnel.endpoint().replace("tcp", "tls");
    ours.connect(endpoint.as_str()).unwrap();
    exchange(&mut ours, &theirs).await;

    let mut events = ours.events();
    let lost =
        |event: &SocketEvent| matches!(event, SocketEvent::Disconnected { .. }).then_some(());
    stunnel.restart();
    event(&mut events, "the lost connection", lost).await;
    exchange(&mut ours, &theirs).await;

    theirs.stop().await.unwrap();
    event(&mut events, "the lost connection", lost).await;
    theirs = theirs_bound(port.endpoint());
    exchange(&mut ours, &theirs).await;

    let report = within("our end", ours.close()).await;
    assert_eq!(report.unsent, 0);
    let mut again = DealerSocket::builder().tls_client(certificates.tls_client()).build();
    again.connect(endpoint.as_str()).unwrap();
    exchange(&mut again, &theirs).await;
    drop(again);
    theirs.stop().await.unwrap();
}

#[tokio::test]
async fn stunnel_refuses_client_of_other_authority() {
    if is_missing() {
        return;
    }
    let certificates = Certificates::new();
    let theirs = theirs_bound("tcp://127.0.0.1:*".to_owned());
    let stunnel = certificates.stunnel_server(theirs.endpoint(), "TLSv1.3");
    let forged = Authority::new().issue("client.example");
    let client = certificates.authority.client().certificate(forged.tls());
    let ours = DealerSocket::builder().tls_client(client).reconnect(fast_reconnect()).build();
    let mut events = ours.events();
    ours.connect(stunnel.endpoint().replace("tcp", "tls")).unwrap();
    let reason = event(&mut events, "a refusal", |event| match event {
        SocketEvent::HandshakeFailed { reason: HandshakeFailure::Tls(reason), .. } => {
            Some(reason.clone())
        }
        SocketEvent::HandshakeSucceeded { .. } => panic!("it was let in"),
        _ => None,
    })
    .await;
    let TlsFailure::Refused { alert } = &reason else { panic!("{reason:?}") };
    assert_eq!(alert, "UnknownCA");
    theirs.stop().await.unwrap();
}
