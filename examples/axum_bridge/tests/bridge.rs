//! Sends HTTP/1.1 requests to the bridge over plain TCP, with workers and a publisher behind it.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::net::SocketAddr;
use std::time::Duration;

use axum_bridge::{Bridge, router};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use zeromq_async::{Context, DealerSocket, Endpoint, Message, RepSocket, XPubSocket};
use zeromq_util::service::{Client, client};

const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn each_http_client_gets_its_own_answer() {
    let bridge = Started::new().await;
    for _ in 0..2 {
        bridge.start_worker().await;
    }
    bridge.workers.handle().wait_for_peers(2).await;
    let asking: Vec<_> = (0..20)
        .map(|number| tokio::spawn(ask(bridge.http, format!("question {number}"))))
        .collect();
    for (number, asked) in (0..).zip(asking) {
        let response = timeout(SOON, asked).await.expect("in time").expect("no panic");
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
        assert!(response.ends_with(&format!("\r\n\r\nQUESTION {number}")), "{response}");
    }
}

#[tokio::test]
async fn request_without_worker_gets_503() {
    let bridge = Started::new().await;
    let response = timeout(SOON, ask(bridge.http, "hello?".to_owned())).await.expect("in time");
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    bridge.start_worker().await;
    bridge.workers.handle().wait_for_peers(1).await;
    let response = timeout(SOON, ask(bridge.http, "and now?".to_owned())).await.expect("in time");
    assert!(response.ends_with("AND NOW?"), "{response}");
}

#[tokio::test]
async fn unanswered_request_gets_504() {
    let bridge = Started::with_patience(Duration::from_millis(200)).await;
    let mut worker = RepSocket::new();
    worker.connect(&bridge.endpoint).unwrap();
    bridge.workers.handle().wait_for_peers(1).await;
    let asking = tokio::spawn(ask(bridge.http, "hello?".to_owned()));
    worker.recv().await.unwrap(); // without a reply
    let response = timeout(SOON, asking).await.expect("in time").expect("no panic");
    assert!(response.starts_with("HTTP/1.1 504 "), "{response}");
    assert_eq!(bridge.workers.stats().given_up, 1);
}

#[tokio::test]
async fn request_of_lost_worker_gets_502() {
    let bridge = Started::new().await;
    let mut worker = RepSocket::new();
    worker.connect(&bridge.endpoint).unwrap();
    bridge.workers.handle().wait_for_peers(1).await;
    let asking = tokio::spawn(ask(bridge.http, "hello?".to_owned()));
    worker.recv().await.unwrap();
    worker.close().await;
    let response = timeout(SOON, asking).await.expect("in time").expect("no panic");
    assert!(response.starts_with("HTTP/1.1 502 "), "{response}");
}

#[tokio::test]
async fn topic_events_stream_until_shutdown() {
    let mut bridge = Started::new().await;
    let stream = send(bridge.http, "GET /events/weather", "").await;
    let mut lines = BufReader::new(stream).lines();
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "HTTP/1.1 200 OK");
    let subscription = timeout(SOON, bridge.publisher.recv()).await.expect("in time").unwrap();
    assert_eq!(subscription, "\u{1}weather");

    for topic in ["sport", "weather.oslo"] {
        bridge.publisher.send(Message::multipart([topic, "news"])).await.unwrap();
    }
    let event = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("the stream goes on");
            if let Some(data) = line.strip_prefix("data: ") {
                return data.to_owned();
            }
        }
    };
    assert_eq!(timeout(SOON, event).await.expect("in time"), "weather.oslo news");

    bridge.context.shutdown().await;
    let rest = async { while lines.next_line().await.unwrap().is_some() {} };
    timeout(SOON, rest).await.expect("the stream ends");
}

/// A running bridge with its workers and publisher.
struct Started {
    http: SocketAddr,
    workers: Client,
    endpoint: Endpoint,
    publisher: XPubSocket,
    context: Context,
}

impl Started {
    async fn new() -> Self {
        Self::with_patience(SOON).await
    }

    async fn with_patience(patience: Duration) -> Self {
        let context = Context::new();
        let dealer = DealerSocket::builder_in(&context).linger(Duration::ZERO).build();
        let endpoint = dealer.bind("tcp://127.0.0.1:*").await.unwrap();
        let publisher = XPubSocket::builder_in(&context).build();
        let news = publisher.bind("tcp://127.0.0.1:*").await.unwrap();
        let (workers, driver) = client(dealer);
        tokio::spawn(driver.run());
        let bridge = Bridge { workers: workers.clone(), patience, news, context: context.clone() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, router(bridge)).into_future());
        Self { http, workers, endpoint, publisher, context }
    }

    /// Starts a worker that answers in capitals.
    async fn start_worker(&self) {
        let mut worker = RepSocket::new();
        worker.connect(&self.endpoint).unwrap();
        tokio::spawn(async move {
            while let Ok(question) = worker.recv().await {
                worker.send(question.frames()[0].to_ascii_uppercase()).await.unwrap();
            }
        });
    }
}

/// Sends a request and returns the whole response.
async fn ask(http: SocketAddr, question: String) -> String {
    let mut response = String::new();
    send(http, "POST /ask", &question).await.read_to_string(&mut response).await.unwrap();
    response
}

async fn send(http: SocketAddr, request: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(http).await.unwrap();
    let length = body.len();
    let head = format!(
        "{request} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).await.unwrap();
    stream
}
