//! A ZAP handler, frame by frame, that checks names and passwords (27/ZAP, PLAIN).
//!
//!     cargo run -p examples --example zap_handler                 # ends by itself
//!
//! The server asks the handler once per client. The handler accepts alice and gives her a user id.
//! It rejects mallory. Her socket learns the reason and does not retry. The protocol is that of
//! libzmq, so an existing handler works unchanged. For a check in an async function, pass the
//! function to `plain_server` instead.

use std::error::Error;

use zeromq_async::{Endpoint, Frame, Message, RepSocket, ReqSocket, SocketEvent};
use zeromq_auth::Zap;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    // The handler starts first. Without a handler every client is rejected.
    let handler = RepSocket::new();
    handler.bind("inproc://zeromq.zap.01").await?;
    tokio::spawn(handle(handler));

    let server = RepSocket::builder().plain_server(Zap::new("tea room")?).build();
    let endpoint = server.bind("tcp://127.0.0.1:*").await?;
    let mut events = server.events();
    tokio::spawn(serve(server));

    println!("alice: {}", ask(&endpoint, "alice", "secret").await?);
    println!("mallory: {}", ask(&endpoint, "mallory", "guess").await?);
    while let Some(event) = events.next().await {
        if let SocketEvent::HandshakeFailed { reason, .. } = event {
            println!("server: {reason}");
            break;
        }
    }
    println!("done");
    Ok(())
}

/// Runs the handler: one reply for each request.
async fn handle(mut socket: RepSocket) -> Result<()> {
    loop {
        let request = socket.recv().await?;
        let reply = decide(request.frames());
        socket.send(reply).await?;
    }
}

fn decide(request: &[Frame]) -> Message {
    let [version, id, domain, address, _routing_id, mechanism, credentials @ ..] = request else {
        return Message::multipart(["1.0", "", "500", "not a ZAP request", "", ""]);
    };
    println!("handler: may {address} enter the {domain}, by {mechanism}?");
    let (status, text, user_id) = match credentials {
        [name, password] if name == "alice" && password == "secret" => ("200", "OK", "user-1"),
        [_, _] => ("400", "wrong name or password", ""),
        _ => ("500", "this handler supports only PLAIN", ""),
    };
    let metadata = "";
    [version, id]
        .into_iter()
        .cloned()
        .chain([status, text, user_id, metadata].map(Frame::from))
        .collect()
}

/// Runs the server. It sees the user id that the handler gave to each peer.
async fn serve(mut socket: RepSocket) -> Result<()> {
    loop {
        let (_request, peer) = socket.recv_from().await?;
        let user_id = peer.info().user_id().unwrap_or_default();
        socket.send(format!("tea for {user_id}")).await?;
    }
}

/// Returns the reply, or the reason why the handshake failed.
async fn ask(endpoint: &Endpoint, name: &str, password: &str) -> Result<String> {
    let mut socket = ReqSocket::builder().plain_client(name, password)?.build();
    let mut events = socket.events();
    socket.connect(endpoint)?;
    // A rejected client does not retry, so its request would wait without end.
    while let Some(event) = events.next().await {
        match event {
            SocketEvent::HandshakeSucceeded { .. } => {
                socket.send("tea, please").await?;
                return Ok(socket.recv().await?.to_string());
            }
            SocketEvent::HandshakeFailed { reason, .. } => return Ok(reason.to_string()),
            _ => {}
        }
    }
    Err("the socket has ended".into())
}
