//! `quic://` between this library and omq-tokio.

use std::time::Duration;

use omq_tokio::options::QuicOptions;
use omq_tokio::{Message as TheirMessage, Options, Socket as Theirs, SocketType};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tokio::time::timeout;
use zeromq_async::tls::{TlsCertificate, TlsClient, TlsRoots, TlsServer};
use zeromq_async::{
    DealerSocket, Events, Message, PullSocket, PushSocket, ReconnectBackoff, ReqSocket,
    SocketBuilder, SocketEvent,
};

const HOST: &str = "127.0.0.1";
const ANY_PORT: &str = "quic://127.0.0.1:0";
const SIZES: [usize; 8] = [0, 1, 255, 256, 1200, 8192, 100_000, 1 << 20];

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(60), future).await.unwrap_or_else(|_| panic!("waited for {what}"))
}

/// A certificate that is its own authority.
struct Certificate(CertifiedKey<KeyPair>);

impl Certificate {
    fn new() -> Self {
        Self(generate_simple_self_signed([HOST.to_owned()]).unwrap())
    }

    fn our_server(&self) -> TlsServer {
        let key = self.0.signing_key.serialize_pem();
        TlsServer::new(TlsCertificate::from_pem(self.0.cert.pem(), key).unwrap())
    }

    fn our_client(&self) -> TlsClient {
        TlsClient::new().roots(TlsRoots::from_pem(self.0.cert.pem()).unwrap())
    }

    /// Options of either side of omq.
    fn theirs(&self) -> Options {
        let pem = self.0.cert.pem().into_bytes();
        let key = self.0.signing_key.serialize_pem().into_bytes();
        Options {
            quic: QuicOptions {
                server_cert_pem: Some(pem.clone()),
                server_key_pem: Some(key),
                trust_pem: Some(pem),
                trust_system: false,
                ..QuicOptions::default()
            },
            ..Options::default()
        }
    }
}

async fn bind(theirs: &Theirs, endpoint: &str) -> String {
    let endpoint: omq_tokio::Endpoint = endpoint.parse().unwrap();
    let bound = async {
        loop {
            // omq leaves the port a moment after its close has returned.
            match theirs.bind(endpoint.clone()).await {
                Ok(bound) => return bound.to_string(),
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    within("omq to bind", bound).await
}

async fn connect(theirs: &Theirs, endpoint: &str) {
    theirs.connect(endpoint.parse::<omq_tokio::Endpoint>().unwrap()).await.unwrap();
}

fn fast() -> ReconnectBackoff {
    ReconnectBackoff::new(Duration::from_millis(5))
}

fn our_dealer(certificate: &Certificate) -> SocketBuilder<zeromq_async::Dealer> {
    DealerSocket::builder()
        .tls_server(certificate.our_server())
        .tls_client(certificate.our_client())
        .reconnect(fast())
}

fn frame(number: usize) -> Vec<u8> {
    let mut body = vec![u8::try_from(number % 256).unwrap(); SIZES[number % SIZES.len()]];
    body.iter_mut().zip(number.to_be_bytes()).for_each(|(byte, digit)| *byte = digit);
    body
}

/// Sends messages of all sizes both ways at the same time, in order.
async fn exchange(ours: &mut DealerSocket, theirs: &Theirs) {
    const COUNT: usize = SIZES.len() * 15;
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
    let their_sending = async {
        for number in 0..COUNT {
            theirs.send(TheirMessage::single(frame(number))).await.unwrap();
        }
    };
    let their_receiving = async {
        for number in 0..COUNT {
            let message = theirs.recv().await.unwrap();
            assert_eq!(message.len(), 2);
            assert!(message.part_bytes(0).unwrap() == frame(number), "message {number}");
        }
    };
    let all = async { tokio::join!(our_sending, our_receiving, their_sending, their_receiving) };
    within("all messages", all).await;
}

async fn disconnected(events: &mut Events) {
    let wait = async {
        while let Some(event) = events.next().await {
            if let SocketEvent::Disconnected { .. } = event {
                return;
            }
        }
        panic!("the socket ended");
    };
    within("the end of the connection", wait).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_reaches_omq_server() {
    let certificate = Certificate::new();
    let theirs = Theirs::new(SocketType::Dealer, certificate.theirs());
    let endpoint = bind(&theirs, ANY_PORT).await;
    let mut ours = our_dealer(&certificate).build();
    ours.connect(endpoint.as_str()).unwrap();
    exchange(&mut ours, &theirs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn omq_client_reaches_our_server() {
    let certificate = Certificate::new();
    let mut ours = our_dealer(&certificate).build();
    let endpoint = ours.bind("quic://127.0.0.1:*").await.unwrap().to_string();
    let theirs = Theirs::new(SocketType::Dealer, certificate.theirs());
    connect(&theirs, &endpoint).await;
    exchange(&mut ours, &theirs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_of_both_keep_the_connection() {
    let certificate = Certificate::new();
    let (interval, timeout) = (Duration::from_millis(50), Duration::from_secs(5));
    let options = certificate.theirs().heartbeat_interval(interval).heartbeat_timeout(timeout);
    let theirs = Theirs::new(SocketType::Dealer, options);
    let ours = our_dealer(&certificate).heartbeat_interval(interval).heartbeat_timeout(timeout);
    let mut ours = ours.build();
    let endpoint = ours.bind("quic://127.0.0.1:*").await.unwrap().to_string();
    connect(&theirs, &endpoint).await;
    exchange(&mut ours, &theirs).await;
    let mut events = ours.events();
    // Longer than the timeout: a side without answers would end the connection.
    tokio::time::sleep(timeout * 2).await;
    exchange(&mut ours, &theirs).await;
    while let Some(event) = events.try_next() {
        assert!(!matches!(event, SocketEvent::Disconnected { .. }), "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn either_side_may_restart() {
    let certificate = Certificate::new();
    let mut theirs = Theirs::new(SocketType::Dealer, certificate.theirs());
    let endpoint = bind(&theirs, ANY_PORT).await;
    let mut ours = our_dealer(&certificate).build();
    ours.connect(endpoint.as_str()).unwrap();
    for _ in 0..3 {
        exchange(&mut ours, &theirs).await;
        let mut events = ours.events();
        within("their end", theirs.close()).await.unwrap();
        disconnected(&mut events).await;
        theirs = Theirs::new(SocketType::Dealer, certificate.theirs());
        bind(&theirs, &endpoint).await;
    }
    exchange(&mut ours, &theirs).await;
    within("our end", ours.close()).await;

    let mut ours = our_dealer(&certificate).build();
    let endpoint = ours.bind("quic://127.0.0.1:*").await.unwrap().to_string();
    let theirs = Theirs::new(SocketType::Dealer, certificate.theirs());
    connect(&theirs, &endpoint).await;
    for _ in 0..3 {
        exchange(&mut ours, &theirs).await;
        within("our end", ours.close()).await;
        ours = our_dealer(&certificate).build();
        ours.bind(endpoint.as_str()).await.unwrap();
    }
    exchange(&mut ours, &theirs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn close_delivers_what_was_sent() {
    const COUNT: usize = 200;
    let certificate = Certificate::new();
    let theirs = Theirs::new(SocketType::Pull, certificate.theirs());
    let endpoint = bind(&theirs, ANY_PORT).await;
    let mut push = PushSocket::builder().tls_client(certificate.our_client()).build();
    push.connect(endpoint.as_str()).unwrap();
    for _ in 0..COUNT {
        push.send(vec![7; 10_000]).await.unwrap();
    }
    let closing = tokio::spawn(async move { push.close().await.unsent });
    for number in 0..COUNT {
        let message = within(&format!("message {number} there"), theirs.recv()).await.unwrap();
        assert_eq!(message.part_bytes(0).unwrap().len(), 10_000);
    }
    assert_eq!(closing.await.unwrap(), 0);

    let mut pull = PullSocket::builder().tls_server(certificate.our_server()).build();
    let endpoint = pull.bind("quic://127.0.0.1:*").await.unwrap().to_string();
    let theirs = Theirs::new(SocketType::Push, certificate.theirs().linger_forever());
    connect(&theirs, &endpoint).await;
    for _ in 0..COUNT {
        theirs.send(TheirMessage::single(vec![7; 10_000])).await.unwrap();
    }
    let closing = tokio::spawn(theirs.close());
    for _ in 0..COUNT {
        assert_eq!(within("a message", pull.recv()).await.unwrap().size(), 10_000);
    }
    within("their end", closing).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered() {
    let certificate = Certificate::new();
    let theirs = Theirs::new(SocketType::Rep, certificate.theirs());
    let endpoint = bind(&theirs, ANY_PORT).await;
    let mut req = ReqSocket::builder().tls_client(certificate.our_client()).build();
    req.connect(endpoint.as_str()).unwrap();
    for number in 0..100 {
        req.send(format!("question {number}")).await.unwrap();
        let question = within("the question", theirs.recv()).await.unwrap();
        assert_eq!(question.part_bytes(0).unwrap(), format!("question {number}"));
        theirs.send(TheirMessage::single("answer")).await.unwrap();
        assert_eq!(within("the answer", req.recv()).await.unwrap(), "answer");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_server_is_refused() {
    let (theirs, ours) = (Certificate::new(), Certificate::new());
    let server = Theirs::new(SocketType::Pull, theirs.theirs());
    let endpoint = bind(&server, ANY_PORT).await;
    let push = PushSocket::builder().tls_client(ours.our_client()).build();
    let mut events = push.events();
    push.connect(endpoint.as_str()).unwrap();
    let refusal = async {
        loop {
            match events.next().await.expect("the socket is open") {
                SocketEvent::ConnectFailed { error, .. } => return error.to_string(),
                SocketEvent::HandshakeSucceeded { .. } => panic!("a stranger was trusted"),
                _ => {}
            }
        }
    };
    let text = within("the refusal", refusal).await;
    assert!(text.contains("no authority that this side trusts"), "{text}");
}
