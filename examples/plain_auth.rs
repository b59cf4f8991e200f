//! A server that requires a user name and a password (PLAIN).
//!
//!     cargo run -p examples --example plain_auth     # ends by itself
//!
//! PLAIN sends passwords unencrypted. Use it only over protected connections: ipc, a tunnel, or the
//! loopback interface as in this example. Otherwise use CURVE, see `curve_secure`. The passwords
//! are in a file, and one of them is a hash. A rejected client does not learn whether the name or
//! the password was wrong. A change of the file takes effect at once.

use std::error::Error;
use std::fs;

use zeromq_async::{Endpoint, RepSocket, ReqSocket, SocketEvent};
use zeromq_auth::{AddressRules, AuthenticatorExt, IpNetwork, PasswordFile, hash_password};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let path = std::env::temp_dir().join(format!("plain_auth-{}", std::process::id()));
    let users = |alice: &str| format!("# user:password, or its hash\nalice:{alice}\nbob:builder\n");
    fs::write(&path, users(&hash_password("wonderland")))?;

    // Other addresses are rejected before their password is checked.
    let nearby = AddressRules::deny_by_default().allow("127.0.0.0/8".parse::<IpNetwork>()?);
    let users_in_file = PasswordFile::open(&path)?;
    let server = RepSocket::builder().plain_server(nearby.and(users_in_file)).build();
    let endpoint = server.bind("tcp://127.0.0.1:*").await?;
    println!("server: bound to {endpoint}");
    tokio::spawn(serve(server));

    call("alice", "wonderland", &endpoint).await?;
    call("bob", "builder", &endpoint).await?;
    call("alice", "looking-glass", &endpoint).await?;
    call("mallory", "wonderland", &endpoint).await?;

    fs::write(&path, users(&hash_password("looking-glass")))?;
    println!("server: alice's password changed");
    call("alice", "wonderland", &endpoint).await?;
    call("alice", "looking-glass", &endpoint).await?;
    fs::remove_file(path)?;
    println!("done");
    Ok(())
}

/// Answers each request with the name of its sender.
async fn serve(mut server: RepSocket) -> Result<()> {
    loop {
        let (_, peer) = server.recv_from().await?;
        let name = peer.info().user_id().unwrap_or_default();
        server.send(format!("Good morning, {name}")).await?;
    }
}

/// Sends one request, or prints the reason why the handshake failed.
async fn call(name: &str, password: &str, endpoint: &Endpoint) -> Result<()> {
    let mut client = ReqSocket::builder().plain_client(name, password)?.build();
    let mut events = client.events();
    client.connect(endpoint)?;
    while let Some(event) = events.next().await {
        match event {
            SocketEvent::HandshakeSucceeded { .. } => break,
            SocketEvent::HandshakeFailed { reason, .. } => {
                println!("{name} with {password:?}: {reason}");
                return Ok(());
            }
            _ => {}
        }
    }
    client.send("Good morning").await?;
    println!("{name} with {password:?}: {}", client.recv().await?.frames()[0].to_str_lossy());
    Ok(())
}
