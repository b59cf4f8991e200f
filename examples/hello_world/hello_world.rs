//! A server and four clients exchange messages over TCP. Run this example first.
//!
//!     cargo run --release --example hello_world
//!
//! It needs nothing else and ends by itself. It prints the address of the server, the first
//! exchange of each client, and the number of answered requests. The clients check every reply.

use std::error::Error;
use std::time::Instant;

use zeromq_async::{Endpoint, RepSocket, ReqSocket};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const CLIENTS: usize = 4;
const REQUESTS: usize = 1000; // per client

#[tokio::main]
async fn main() -> Result<()> {
    let server = RepSocket::new();
    let endpoint = server.bind("tcp://127.0.0.1:*").await?; // any free port
    println!("server: a REP socket, bound to {endpoint}");
    let serving = tokio::spawn(serve(server));

    let start = Instant::now();
    let clients: Vec<_> =
        (1..=CLIENTS).map(|number| tokio::spawn(ask(number, endpoint.clone()))).collect();
    let mut replies = 0;
    for client in clients {
        replies += client.await??;
    }
    let requests = serving.await??;
    println!("server: answered {requests} requests and closed its socket");
    println!(
        "done: {CLIENTS} clients sent {requests} requests over TCP and got {replies} replies, all \
         of them right, in {:.3} s",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Answers all requests. Each reply goes to the client that sent the request.
async fn serve(mut server: RepSocket) -> Result<usize> {
    let mut answered = 0;
    while answered < CLIENTS * REQUESTS {
        let request = server.recv().await?;
        let text = request.frames()[0].to_str()?;
        server.send(text.replace("Hello", "World")).await?;
        answered += 1;
    }
    server.close().await; // returns once the last reply is written
    Ok(answered)
}

/// Sends requests one after another and counts the correct replies.
async fn ask(number: usize, endpoint: Endpoint) -> Result<usize> {
    let mut client = ReqSocket::new();
    client.connect(endpoint)?;
    let mut replies = 0;
    for turn in 1..=REQUESTS {
        let request = format!("Hello {turn} from client {number}");
        client.send(request.as_str()).await?;
        let reply = client.recv().await?;
        let reply = reply.frames()[0].to_str()?;
        if reply != request.replace("Hello", "World") {
            return Err(format!("asked {request:?}, got {reply:?}").into());
        }
        if turn == 1 {
            println!("client {number}: sent {request:?}, got {reply:?}");
        }
        replies += 1;
    }
    Ok(replies)
}
