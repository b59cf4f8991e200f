//! A server for `hello_client.py` or any other REQ socket.
//!
//!     cargo run -p examples --example hello_server                # binds to tcp://*:5555
//!     python3 examples/hello_client.py                            # in another terminal; needs `pip install pyzmq`
//!
//! The endpoint is an optional argument: `cargo run -p examples --example hello_server
//! ipc:///tmp/hello`. The server prints each request and answers "World" until Ctrl-C.

use std::error::Error;

use zeromq_async::RepSocket;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = std::env::args().nth(1).unwrap_or_else(|| "tcp://*:5555".to_owned());
    let mut server = RepSocket::new();
    let endpoint = server.bind(endpoint).await?;
    println!("bound to {endpoint}; waiting for requests, Ctrl-C ends");
    loop {
        // `recv` is cancel-safe: it loses nothing when the other branch wins.
        let request = tokio::select! {
            request = server.recv() => request?,
            _ = tokio::signal::ctrl_c() => break,
        };
        println!("received {:?}", request.frames());
        server.send("World").await?;
    }
    server.close().await; // the last reply is written before the program ends
    println!("closed");
    Ok(())
}
