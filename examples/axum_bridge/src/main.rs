//! A web service over ZeroMQ, with request/reply as a handler and PUB/SUB as an event stream.
//!
//!     cargo run -p axum_bridge                            # serves until Ctrl-C
//!     curl -d 'hello' http://127.0.0.1:3000/ask           # in another terminal: HELLO
//!     curl -N http://127.0.0.1:3000/events/tick           # one line per second, until Ctrl-C
//!
//! It starts two workers and a publisher. More workers in any language can connect a REP socket to
//! the address that it prints.

use std::error::Error;
use std::time::Duration;

use axum_bridge::{Bridge, router};
use tokio::net::TcpListener;
use zeromq_async::{Context, DealerSocket, Endpoint, Message, PubSocket, RepSocket};
use zeromq_util::service::client;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let dealer = DealerSocket::builder().linger(Duration::from_secs(1)).build();
    let workers = dealer.bind("tcp://127.0.0.1:*").await?;
    for _ in 0..2 {
        tokio::spawn(work(workers.clone()));
    }
    let (client, driver) = client(dealer);
    let driving = tokio::spawn(driver.run());
    let publisher = PubSocket::new();
    let news = publisher.bind("inproc://news").await?;
    tokio::spawn(publish(publisher));

    let context = Context::shared().clone();
    let patience = Duration::from_secs(5);
    let bridge = Bridge { workers: client, patience, news, context: context.clone() };
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("HTTP at http://{}, workers at {workers}; Ctrl-C ends", listener.local_addr()?);
    axum::serve(listener, router(bridge))
        .with_graceful_shutdown(async move {
            let _ = tokio::signal::ctrl_c().await;
            context.shutdown().await; // ends the event streams and pending requests
        })
        .await?;
    println!("closed, {} requests not sent", driving.await?.unsent);
    Ok(())
}

/// Answers each request in capitals.
async fn work(endpoint: Endpoint) -> Result<()> {
    let mut socket = RepSocket::new();
    socket.connect(endpoint)?;
    loop {
        let question = socket.recv().await?;
        socket.send(question.frames()[0].to_ascii_uppercase()).await?;
    }
}

/// Publishes the seconds since the start.
async fn publish(mut publisher: PubSocket) -> Result<()> {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    for count in 0_u64.. {
        second.tick().await;
        publisher.send(Message::multipart(["tick".to_owned(), count.to_string()])).await?;
    }
    Ok(())
}
