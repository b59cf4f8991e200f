//! A page and ZeroMQ peers on one port.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use std::net::SocketAddr;
use std::time::Duration;

use axum_websocket::router;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use zeromq_async::{PubSocket, SubSocket};

const SOON: Duration = Duration::from_secs(60);

async fn serve(publisher: &PubSocket) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = router(publisher.handle().clone());
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    timeout(SOON, stream.read_to_string(&mut response)).await.expect("in time").unwrap();
    response
}

#[tokio::test]
async fn page_and_subscribers_share_a_port() {
    let mut publisher = PubSocket::new();
    let address = serve(&publisher).await;
    assert!(get(address, "/").await.contains("new WebSocket("));
    let mut subscribers = Vec::new();
    for _ in 0..3 {
        let sub = SubSocket::builder().subscribe("tick").build();
        sub.connect(format!("ws://{address}/feed")).unwrap();
        subscribers.push(sub);
    }
    timeout(SOON, publisher.wait_for_subscribers("tick", 3)).await.expect("in time");
    publisher.send("tick 1").await.unwrap();
    for sub in &mut subscribers {
        assert_eq!(timeout(SOON, sub.recv()).await.expect("in time").unwrap(), "tick 1");
    }
}

#[tokio::test]
async fn plain_request_for_the_feed_is_refused() {
    let publisher = PubSocket::new();
    let address = serve(&publisher).await;
    let response = get(address, "/feed").await;
    assert!(response.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{response}");
    assert!(response.ends_with("connect here with a WebSocket"), "{response}");
    assert!(get(address, "/other").await.starts_with("HTTP/1.1 404 "));
}
