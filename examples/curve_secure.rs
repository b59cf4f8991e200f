//! Encryption, and a server that identifies its clients by their keys (CURVE).
//!
//!     cargo run -p examples --example curve_secure     # ends by itself
//!
//! The server and its clients are tasks here. They could be processes, because they share only
//! public keys. Each has its own key pair. Clients know the server's public key, and the server has
//! a list of client keys. The list gives a name to each key, and the server sees this name with
//! every request. A client that is not in the list is rejected during the handshake. The server
//! removes a key from the list while it runs; that client is then rejected too.

use std::error::Error;

use zeromq_async::security::{CurveKeyPair, CurvePublicKey, KeyList, generate_curve_keys};
use zeromq_async::{Endpoint, RepSocket, ReqSocket, SocketEvent};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    // For keys in files: `zmq keygen curve --out server`, then
    // CurveSecretCertificate::read("server.key_secret").
    let server_keys = generate_curve_keys();
    let [alice, bob, mallory] = [(); 3].map(|()| generate_curve_keys());

    // KeyFile::open("clients") reads the list from a file and reloads it when the file changes.
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
    println!("server: removed bob's key from the list");
    for (name, keys) in [("alice", &alice), ("bob", &bob)] {
        call(name, keys.clone(), server_key, &endpoint).await?;
    }
    println!("done");
    Ok(())
}

/// Answers each request with the name of its sender. The name comes from the server's key list.
async fn serve(mut server: RepSocket) -> Result<()> {
    loop {
        let (request, peer) = server.recv_from().await?;
        let name = peer.info().user_id().unwrap_or_default();
        println!("server: {:?} from {name}", request.frames());
        server.send(format!("Good morning, {name}")).await?;
    }
}

/// Sends one request, or prints the reason why the handshake failed.
async fn call(
    name: &str,
    keys: CurveKeyPair,
    server_key: CurvePublicKey,
    endpoint: &Endpoint,
) -> Result<()> {
    // The handshake succeeds only if the server has the secret key for `server_key`.
    let mut client = ReqSocket::builder().curve_client(keys, server_key).build();
    let mut events = client.events();
    client.connect(endpoint)?;
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
