//! Encrypted requests between sockets that authenticate each other by key (REQ/REP over NOISE).
//!
//!     cargo run -p examples --example noise_secure
//!
//! The server accepts the keys in its list and knows each client by name. It rejects other keys,
//! and a rejected client does not retry. A client that expects another server key cannot complete
//! the handshake, and its error says so. This example generates new keys on each run. A real program reads its keys from a
//! file.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use zeromq_async::security::{
    Attempt, Credentials, Decision, DenyStatus, NoiseKeyPair, NoisePublicKey, generate_noise_keys,
};
use zeromq_async::{Endpoint, RepSocket, ReqSocket, SocketEvent};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let (server, alice, mallory) =
        (generate_noise_keys(), generate_noise_keys(), generate_noise_keys());
    let server_key = *server.public_key();
    println!("server: public key {server_key}");

    // The accepted keys and their user names.
    let users = HashMap::from([(*alice.public_key().as_bytes(), "alice")]);
    let check = move |attempt: Attempt| {
        let user = match attempt.request.credentials {
            Credentials::PublicKey(key) => users.get(&key).copied(),
            _ => None,
        };
        async move {
            match user {
                Some(name) => Decision::allow_as(name),
                None => Decision::Deny(DenyStatus::AuthenticationFailure),
            }
        }
    };
    let rep = RepSocket::builder().noise_server(server, check).build();
    let endpoint = rep.bind("tcp://127.0.0.1:*").await?;
    let serving = tokio::spawn(serve(rep));

    let mut req = ReqSocket::builder().noise_client(alice.clone(), server_key).build();
    req.connect(&endpoint)?;
    req.send("the secret, please").await?;
    println!("alice: got {:?}", req.recv().await?.to_str()?);
    println!("mallory: {}", attempt(mallory, server_key, &endpoint).await?);
    let another = *generate_noise_keys().public_key();
    println!("alice, to another server: {}", attempt(alice, another, &endpoint).await?);

    serving.abort();
    println!("done");
    Ok(())
}

/// Answers all accepted clients.
async fn serve(mut rep: RepSocket) -> Result<()> {
    let mut events = rep.events();
    loop {
        tokio::select! {
            biased; // report the handshake before the first request
            Some(event) = events.next() => {
                if let SocketEvent::HandshakeSucceeded { info, .. } = event {
                    println!("server: accepted {}", info.user_id().unwrap_or("no user id"));
                }
            }
            request = rep.recv() => {
                request?;
                rep.send("42").await?;
            }
        }
    }
}

/// Connects and returns the reason why the handshake failed.
async fn attempt(
    keys: NoiseKeyPair,
    server_key: NoisePublicKey,
    endpoint: &Endpoint,
) -> Result<String> {
    let req = ReqSocket::builder().noise_client(keys, server_key).linger(Duration::ZERO).build();
    let mut events = req.events();
    req.connect(endpoint)?;
    loop {
        match events.next().await.ok_or("the socket ended")? {
            SocketEvent::HandshakeFailed { reason, .. } => return Ok(reason.to_string()),
            SocketEvent::HandshakeSucceeded { .. } => {
                return Err("the server accepted the connection".into());
            }
            _ => {}
        }
    }
}
