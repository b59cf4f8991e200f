//! A request and its reply with the codec alone: no socket, no pattern, one connection.
//!
//!     cargo run --example codec_only                          # brings its own REP peer
//!     cargo run --example codec_only tcp://127.0.0.1:5555     # asks a REP you have running
//!
//! It prints who the peer says it is, and the reply: `got [b"hello, world"]` from its own peer.

use std::error::Error;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use zmtp_codec::tokio_util::{Incoming, Pending, ZmtpCodec};
use zmtp_codec::{ConnectionConfig, Mechanism, Message, SocketType};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = match std::env::args().nth(1) {
        Some(endpoint) => endpoint.trim_start_matches("tcp://").to_owned(),
        None => start_replier().await?,
    };
    let stream = TcpStream::connect(&address).await?;
    let config = ConnectionConfig::new(SocketType::Req, Mechanism::Null);
    let (mut framed, peer) = ZmtpCodec::handshake(stream, &config).await?;
    println!("{address} is a {} socket", peer.socket_type());

    // What a REQ socket adds: the empty frame that ends the envelope (28/REQREP).
    framed.send(Message::multipart(["", "world"])).await?;
    while let Some(incoming) = framed.next().await {
        match incoming? {
            Incoming::Message(mut reply) => {
                reply.pop_front();
                println!("got {:?}", reply.frames());
                break;
            }
            // The peer sent a PING, and the PONG is due.
            Incoming::Transmit => framed.send(Pending).await?,
            _ => {}
        }
    }
    Ok(())
}

/// Answers one peer on a port of its own, and says where.
async fn start_replier() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let config = ConnectionConfig::new(SocketType::Rep, Mechanism::Null);
        let (mut framed, _) = ZmtpCodec::handshake(stream, &config).await?;
        while let Some(Incoming::Message(request)) = framed.next().await.transpose()? {
            let name = request.last().map(|name| name.to_str_lossy()).unwrap_or_default();
            framed.send(Message::multipart(["", &format!("hello, {name}")])).await?;
        }
        Ok::<_, zmtp_codec::tokio_util::CodecError>(())
    });
    Ok(address)
}
