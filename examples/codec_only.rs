//! A request and its reply over one connection, with the codec and without sockets.
//!
//!     cargo run -p examples --example codec_only                          # starts its own REP peer
//!     cargo run -p examples --example codec_only tcp://127.0.0.1:5555     # sends to your REP socket
//!
//! It prints the socket type of the peer and the reply. Its own peer replies `[b"hello, world"]`.

use std::error::Error;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use zmtp_codec::{ConnectionConfig, Message, Null, SocketType};
use zmtp_tokio::{Incoming, Pending, ZmtpCodec};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = match std::env::args().nth(1) {
        Some(endpoint) => endpoint.trim_start_matches("tcp://").to_owned(),
        None => start_replier().await?,
    };
    let stream = TcpStream::connect(&address).await?;
    let config = ConnectionConfig::new(SocketType::Req, Null);
    let (mut framed, peer) = ZmtpCodec::handshake(stream, &config).await?;
    println!("{address} is a {} socket", peer.socket_type());

    // A REQ socket adds the empty frame that ends the envelope (28/REQREP).
    framed.send(Message::multipart(["", "world"])).await?;
    while let Some(incoming) = framed.next().await {
        match incoming? {
            Incoming::Message(mut reply) => {
                reply.pop_front();
                println!("got {:?}", reply.frames());
                break;
            }
            // The peer sent a PING. The codec has a PONG to write.
            Incoming::Transmit => framed.send(Pending).await?,
            _ => {}
        }
    }
    Ok(())
}

/// Starts a task that answers one peer, and returns its address.
async fn start_replier() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let config = ConnectionConfig::new(SocketType::Rep, Null);
        let (mut framed, _) = ZmtpCodec::handshake(stream, &config).await?;
        while let Some(Incoming::Message(request)) = framed.next().await.transpose()? {
            let name = request.last().map(|name| name.to_str_lossy()).unwrap_or_default();
            framed.send(Message::multipart(["", &format!("hello, {name}")])).await?;
        }
        Ok::<_, zmtp_tokio::CodecError>(())
    });
    Ok(address)
}
