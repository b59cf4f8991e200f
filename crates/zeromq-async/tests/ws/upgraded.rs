//! Connections that a web server has upgraded.

use support::within;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use zeromq_async::transport::Io;
use zeromq_async::transport::zws::{Upgrade, Zws};
use zeromq_async::{MechanismName, RepSocket, ReqSocket};

#[tokio::test]
async fn upgraded_connection_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("ws://{}/any/path", listener.local_addr().unwrap());
    let mut rep = RepSocket::new();
    let handle = rep.handle().clone();
    tokio::spawn(async move {
        let (mut stream, address) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut request).await.unwrap();
        }
        let request = String::from_utf8(request).unwrap();
        let headers = request.lines().filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name, value.as_bytes()));
        let upgrade = Upgrade::accept(MechanismName::NULL, headers).unwrap();
        let headers: String =
            upgrade.headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let response = format!("HTTP/1.1 101 Switching Protocols\r\n{headers}\r\n");
        stream.write_all(response.as_bytes()).await.unwrap();
        let io = Io::new(stream, address).with_framing(Zws::upgraded(&upgrade));
        handle.accept_stream(io).unwrap();
    });
    let mut req = ReqSocket::new();
    req.connect(endpoint).unwrap();
    req.send("hello").await.unwrap();
    assert_eq!(within("the request", rep.recv()).await.unwrap(), "hello");
    rep.send("world").await.unwrap();
    assert_eq!(within("the reply", req.recv()).await.unwrap(), "world");
}
