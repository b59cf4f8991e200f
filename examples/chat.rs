//! A chat between two terminals (PAIR over ipc) or two sockets of one program (PAIR over inproc).
//!
//!     cargo run -p examples --example chat                                # a demonstration over inproc; ends by itself
//!
//!     cargo run -p examples --example chat alice bind ipc:///tmp/chat     # type a line, Ctrl-D ends
//!     cargo run -p examples --example chat bob connect ipc:///tmp/chat    # in another terminal, before or after
//!
//! Any endpoint works. Each line appears at the peer with the sender's name. A PAIR socket has one
//! peer, so a third connection is rejected. A peer that leaves can reconnect and continue.

use std::error::Error;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use zeromq_async::{Message, PairSocket, SocketEvent};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let pair = PairSocket::builder().linger(Duration::from_secs(1)).build();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => return demonstrate().await,
        [_, "bind", endpoint] => drop(pair.bind(endpoint).await?),
        [_, "connect", endpoint] => pair.connect(endpoint)?,
        _ => return Err("usage: chat [NAME (bind | connect) ENDPOINT]".into()),
    }
    println!("(type a line to send it; Ctrl-D ends)");
    talk(&arguments[0], pair).await
}

/// The same conversation every time, within one task.
async fn demonstrate() -> Result<()> {
    let (mut alice, mut bob) = (PairSocket::new(), PairSocket::new());
    bob.connect("inproc://chat")?; // bind and connect work in any order
    alice.bind("inproc://chat").await?;
    for (line, reply) in [("Hello, Bob!", "Hello, Alice!"), ("Goodbye.", "Goodbye, then.")] {
        alice.send(Message::multipart(["alice", line])).await?;
        print_line(bob.recv().await?)?;
        bob.send(Message::multipart(["bob", reply])).await?;
        print_line(alice.recv().await?)?;
    }
    println!("done: 4 lines over inproc");
    Ok(())
}

/// Sends lines from standard input and prints received lines, until standard input ends.
async fn talk(name: &str, mut pair: PairSocket) -> Result<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut events = pair.events();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                // `send` would wait for a peer and block the other branches.
                Some(line) => {
                    if pair.try_send(Message::multipart([name, &line])).is_err() {
                        println!("(no peer is connected; the line was not sent)");
                    }
                }
                None => break,
            },
            message = pair.recv() => print_line(message?)?,
            Some(event) = events.next() => match event {
                SocketEvent::HandshakeSucceeded { .. } => println!("(peer connected)"),
                SocketEvent::Disconnected { reason, .. } => println!("(peer disconnected: {reason})"),
                SocketEvent::HandshakeFailed { reason, .. } => println!("({reason})"),
                _ => {}
            },
        }
    }
    let report = pair.close().await;
    if report.unsent > 0 {
        println!("({} lines were not sent)", report.unsent);
    }
    Ok(())
}

fn print_line(message: Message) -> Result<()> {
    let [name, line] = message.try_into()?;
    println!("{}: {}", name.to_str_lossy(), line.to_str_lossy());
    Ok(())
}
