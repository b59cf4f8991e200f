//! Encryption, and a server that knows its clients by their keys (CURVE).
//!
//!     cargo run --example curve_secure     # ends by itself
//!
//! The server and its clients are tasks here and would be processes elsewhere: all that they have in
//! common is what is public. Each has a key pair of its own; clients know the server's public key, and
//! the server has a list of its clients'. To see: every request comes with the name that its
//! sender's key has in the list; who is not in it is turned away, before a message is exchanged; and
//! a key that is taken out of the list while the server runs lets nobody in any more.

use std::error::Error;

use zeromq_async::security::{CurveKeyPair, CurvePublicKey, KeyList, generate_curve_keys};
use zeromq_async::{Endpoint, RepSocket, ReqSocket, SocketEvent};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    // In files: `zmq keygen curve --out server`, and CurveSecretCertificate::read("server.key_secret").
    let server_keys = generate_curve_keys();
    let [alice, bob, mallory] = [(); 3].map(|()| generate_curve_keys());

    // In a file that is read again when it changes: KeyFile::open("clients").
    let clients = KeyList::new();
    clients.allow_as(*alice.public_key(), "alice");
    clients.allow_as(*bob.public_key(), "bob");

    let server_key = *server_keys.public_key();
    let server = RepSocket::builder().curve_server(server_keys, clients.clone()).build();
    let endpoint = server.bind("tcp://127.0.0.1:*").await?;
    println!("server: bound to {endpoint}, with the public key {server_key}");
    tokio::spawn(serve(server));

    for (name, keys) in [("alice", &alice), ("bob", &bob), ("mallory", &mallory)] {
        call(name, keys.clone(), server_key, &endpoint).await?;
    }
    clients.remove(*bob.public_key());
    println!("server: bob's key is out of the list");
    for (name, keys) in [("alice", &alice), ("bob", &bob)] {
        call(name, keys.clone(), server_key, &endpoint).await?;
    }
    println!("done");
    Ok(())
}

/// Answers each request with the name of who sent it, which nobody can choose for themselves.
async fn serve(mut server: RepSocket) -> Result<()> {
    loop {
        let (request, peer) = server.recv_from().await?;
        let name = peer.info().user_id().unwrap_or_default();
        println!("server: {:?} from {name}", request.frames());
        server.send(format!("Good morning, {name}")).await?;
    }
}

/// Asks the server once, or says why that is not possible.
async fn call(
    name: &str,
    keys: CurveKeyPair,
    server_key: CurvePublicKey,
    endpoint: &Endpoint,
) -> Result<()> {
    // A client goes on only with a server that has the secret key for `server_key`.
    let mut client = ReqSocket::builder().curve_client(keys, server_key).build();
    let mut events = client.events();
    client.connect(endpoint).await?;
    while let Some(event) = events.next().await {
        match event {
            SocketEvent::HandshakeSucceeded { .. } => break,
            SocketEvent::HandshakeFailed { reason, .. } => {
                println!("{name}: {reason}");
                return Ok(());
            }
            _ => {}
        }
    }
    client.send("Good morning").await?;
    println!("{name}: {}", client.recv().await?.frames()[0].to_str_lossy());
    Ok(())
}
