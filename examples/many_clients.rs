//! Requests that many tasks send over one CLIENT, answered by many tasks over one SERVER.
//!
//!     cargo run -p examples --example many_clients
//!
//! It ends by itself. Each task has a clone of a socket. A SERVER answers by the routing id of a request.

use std::error::Error;

use tokio::task::JoinSet;
use zeromq_async::{ClientSocket, Endpoint, ServerSocket};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Of each client.
const REQUESTS: u32 = 100;

#[tokio::main]
async fn main() -> Result<()> {
    let server = ServerSocket::new();
    let endpoint = server.bind("tcp://127.0.0.1:*").await?;
    for _ in 0..4 {
        tokio::spawn(serve(server.clone()));
    }
    let clients: JoinSet<_> = (1..=3).map(|number| ask(number, endpoint.clone())).collect();
    clients.join_all().await.into_iter().collect::<Result<()>>()?;
    println!("done: {} requests answered", server.stats().sent);
    Ok(())
}

/// A worker: answers each number with its square, until the socket is closed.
async fn serve(server: ServerSocket) -> Result<()> {
    loop {
        let (client, request) = server.recv().await?;
        let number: u32 = request.to_str()?.parse()?;
        server.send_to(client, (number * number).to_string()).await?;
    }
}

/// Sends numbers from two tasks and adds up the answers, which come in any order.
async fn ask(number: u32, endpoint: Endpoint) -> Result<()> {
    let client = ClientSocket::new();
    client.connect(endpoint)?;
    for numbers in [0..REQUESTS / 2, REQUESTS / 2..REQUESTS] {
        let client = client.clone();
        tokio::spawn(async move {
            for number in numbers {
                client.send(number.to_string()).await.expect("the socket is open");
            }
        });
    }
    let mut sum = 0;
    for _ in 0..REQUESTS {
        sum += client.recv().await?.to_str()?.parse::<u32>()?;
    }
    println!("client {number}: {REQUESTS} answers, sum {sum}");
    Ok(())
}
