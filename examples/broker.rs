//! A broker between clients and workers that do not know each other (ROUTER/DEALER).
//!
//!     cargo run --release -p examples --example broker                    # all roles; ends by itself
//!
//! Or each role in its own terminal, in any order, with as many clients and workers as you like:
//!
//!     cargo run --release -p examples --example broker broker
//!     cargo run --release -p examples --example broker worker
//!     cargo run --release -p examples --example broker client
//!
//! Every client receives all of its answers, and the workers share the requests. Clients are plain
//! REQ sockets and workers are plain REP sockets. The envelope routes each reply to its client.

use std::collections::BTreeMap;
use std::error::Error;

use zeromq_async::{DealerSocket, Endpoint, RepSocket, ReqSocket, RouterSocket};
use zeromq_util::proxy::Proxy;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const REQUESTS: usize = 300; // per client
const FRONTEND: &str = "tcp://127.0.0.1:5559";
const BACKEND: &str = "tcp://127.0.0.1:5560";

#[tokio::main]
async fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        None => everything().await,
        Some("broker") => {
            let (frontend, backend) = (RouterSocket::new(), DealerSocket::new());
            frontend.bind(FRONTEND).await?;
            backend.bind(BACKEND).await?;
            println!("broker: clients at {FRONTEND}, workers at {BACKEND}, until Ctrl-C");
            forward(frontend, backend).await
        }
        Some("worker") => {
            println!("worker: answering the broker at {BACKEND}, until Ctrl-C");
            work("worker".to_owned(), BACKEND.parse()?).await
        }
        Some("client") => {
            report("client", &ask(FRONTEND.parse()?).await?);
            Ok(())
        }
        Some(_) => Err("usage: broker [broker | worker | client]".into()),
    }
}

async fn everything() -> Result<()> {
    let (frontend, backend) = (RouterSocket::new(), DealerSocket::new());
    let for_clients = frontend.bind("tcp://127.0.0.1:*").await?;
    let for_workers = backend.bind("tcp://127.0.0.1:*").await?;
    println!("broker: clients at {for_clients}, workers at {for_workers}");
    for number in 1..=3 {
        tokio::spawn(work(format!("worker {number}"), for_workers.clone()));
    }
    backend.wait_for_peers(3).await; // otherwise the first worker would get all requests
    tokio::spawn(forward(frontend, backend));
    let clients: Vec<_> = (0..4).map(|_| tokio::spawn(ask(for_clients.clone()))).collect();
    let mut answers = 0;
    for (number, client) in (1..).zip(clients) {
        let shares = client.await??;
        answers += shares.values().sum::<usize>();
        report(&format!("client {number}"), &shares);
    }
    println!("done: {answers} requests answered through the broker");
    Ok(())
}

/// The whole broker.
///
/// ROUTER prepends the client's routing id to a request and removes it from the reply. Requests
/// stay in the clients' queues while the workers are full, so the broker stores nothing.
async fn forward(frontend: RouterSocket, backend: DealerSocket) -> Result<()> {
    let mut broker = Proxy::new(frontend, backend);
    let handle = broker.handle();
    let running = broker.run();
    tokio::select! {
        ended = running => drop(ended?),
        _ = tokio::signal::ctrl_c() => {} // the proxy has forwarded every message it received
    }
    println!("broker: {} requests forwarded", handle.statistics().back.sent);
    let (frontend, backend, _) = broker.into_ends();
    backend.close().await;
    frontend.close().await;
    Ok(())
}

/// Answers every request with its name.
async fn work(name: String, broker: Endpoint) -> Result<()> {
    let mut socket = RepSocket::new();
    socket.connect(broker)?;
    loop {
        socket.recv().await?;
        socket.send(name.as_str()).await?;
    }
}

/// Sends requests through the broker and counts the answers of each worker.
async fn ask(broker: Endpoint) -> Result<BTreeMap<String, usize>> {
    let mut socket = ReqSocket::new();
    socket.connect(broker)?;
    let mut shares = BTreeMap::new();
    for _ in 0..REQUESTS {
        socket.send("ping").await?;
        let worker = socket.recv().await?.frames()[0].to_str()?.to_owned();
        *shares.entry(worker).or_default() += 1;
    }
    Ok(shares)
}

fn report(client: &str, shares: &BTreeMap<String, usize>) {
    let total: usize = shares.values().sum();
    println!("{client}: {total} answers, {shares:?}");
}
