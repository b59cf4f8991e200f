//! A ZAP handler, frame by frame: whoever knows the password gets an answer (27/ZAP, PLAIN).
//!
//!     cargo run --example zap_handler                 # ends by itself
//!
//! To see: the handler is asked about each client once, alice is served under the user id that it
//! gave her, and mallory is told that she is refused and does not come again. The handler is what it
//! would be for libzmq, so one that you have will do. To decide in an async function instead, leave
//! out the handler and give the function to `plain_server`.

use std::error::Error;

use zeromq_async::{Endpoint, Frame, Message, RepSocket, ReqSocket, SocketEvent};
use zeromq_auth::Zap;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    // First the handler: without one nobody is let in.
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

/// The handler: a request comes, and a reply goes.
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
        _ => ("500", "this handler knows PLAIN alone", ""),
    };
    let metadata = "";
    [version, id]
        .into_iter()
        .cloned()
        .chain([status, text, user_id, metadata].map(Frame::from))
        .collect()
}

/// The server: it knows each peer by the user id that the handler gave it.
async fn serve(mut socket: RepSocket) -> Result<()> {
    loop {
        let (_request, peer) = socket.recv_from().await?;
        let user_id = peer.info().user_id().unwrap_or_default();
        socket.send(format!("tea for {user_id}")).await?;
    }
}

/// What a client gets: an answer, or the reason why not.
async fn ask(endpoint: &Endpoint, name: &str, password: &str) -> Result<String> {
    let mut socket = ReqSocket::builder().plain_client(name, password)?.build();
    let mut events = socket.events();
    socket.connect(endpoint).await?;
    // A refused client does not come again: its request would wait for ever.
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
