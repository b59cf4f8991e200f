//! A web service with a ZeroMQ publisher on its port.
//!
//!     cargo run -p axum_websocket     # serves until Ctrl-C; open http://127.0.0.1:3000/
//!
//! A subscriber of this library, or of libzmq with its draft API, connects to
//! `ws://127.0.0.1:3000/feed`.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use axum_websocket::router;
use tokio::net::TcpListener;
use zeromq_async::{Message, PubSocket};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut publisher = PubSocket::new();
    let app = router(publisher.handle().clone());
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("open http://{}/; Ctrl-C ends", listener.local_addr()?);
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let mut second = tokio::time::interval(Duration::from_secs(1));
    for count in 0_u64.. {
        second.tick().await;
        publisher.send(Message::multipart(["tick".to_owned(), count.to_string()])).await?;
    }
    Ok(())
}
