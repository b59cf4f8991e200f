//! A web server on a STREAM socket, which speaks to programs that know nothing of ZeroMQ.
//!
//!     cargo run -p examples --example http_stream     then: curl http://127.0.0.1:8080/hello
//!
//! It ends after a request for `/quit`. An argument is another endpoint to bind to.

use std::collections::HashMap;

use zeromq_async::{Endpoint, Frame, Message, StreamSocket};

type Error = Box<dyn std::error::Error>;

/// The longest head of a request, in bytes.
const HEAD_MAX: usize = 16 * 1024;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let at = std::env::args().nth(1).unwrap_or_else(|| "tcp://127.0.0.1:8080".to_owned());
    let mut stream = StreamSocket::new();
    let Endpoint::Tcp(tcp) = stream.bind(at.as_str()).await? else { return Err("not TCP".into()) };
    println!("http://{}", tcp.address());
    let mut heads: HashMap<Frame, Vec<u8>> = HashMap::new();
    loop {
        let message = stream.recv().await?;
        let [peer, chunk] = message.frames() else { continue };
        if chunk.is_empty() {
            heads.remove(peer); // it has come, or gone
            continue;
        }
        // A request may arrive in any number of chunks.
        let head = heads.entry(peer.clone()).or_default();
        head.extend_from_slice(chunk);
        let is_whole = head.windows(4).any(|end| end == b"\r\n\r\n");
        if !is_whole && head.len() < HEAD_MAX {
            continue;
        }
        let head = heads.remove(peer).unwrap_or_default();
        let path = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or("/").to_owned();
        println!("{path}");
        answer(&mut stream, peer, &format!("You asked for {path}.\n")).await;
        if path == "/quit" {
            stream.close().await;
            return Ok(());
        }
    }
}

/// Answers and ends the connection. The peer may have gone already.
async fn answer(stream: &mut StreamSocket, peer: &Frame, body: &str) {
    let length = body.len();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
    for chunk in [answer, String::new()] {
        let _ = stream.send(Message::multipart([peer.clone(), chunk.into()])).await;
    }
}
