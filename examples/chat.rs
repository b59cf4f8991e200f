//! Two people talk, each in a terminal (PAIR over ipc); or two tasks, of one program (PAIR over inproc).
//!
//!     cargo run --example chat                                # a demonstration over inproc; ends by itself
//!
//!     cargo run --example chat alice bind ipc:///tmp/chat     # type a line, Ctrl-D ends
//!     cargo run --example chat bob connect ipc:///tmp/chat    # in another terminal, before or after
//!
//! Any endpoint will do. To see: what one says appears at the other, with the name. A third person
//! is turned away, for a PAIR has one peer. Who leaves and comes back can go on talking.

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
        [_, "connect", endpoint] => pair.connect(endpoint).await?,
        _ => return Err("usage: chat [NAME (bind | connect) ENDPOINT]".into()),
    }
    println!("(type a line to send it; Ctrl-D ends)");
    talk(&arguments[0], pair).await
}

/// The same conversation every time, within one task.
async fn demonstrate() -> Result<()> {
    let (mut alice, mut bob) = (PairSocket::new(), PairSocket::new());
    bob.connect("inproc://chat").await?; // whoever comes first
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

/// Sends what is typed and prints what comes, until standard input ends.
async fn talk(name: &str, mut pair: PairSocket) -> Result<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut events = pair.events();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                // `send` would wait for somebody to come, and nothing else would happen meanwhile.
                Some(line) => {
                    if pair.try_send(Message::multipart([name, &line])).is_err() {
                        println!("(nobody is there to hear that)");
                    }
                }
                None => break,
            },
            heard = pair.recv() => print_line(heard?)?,
            Some(event) = events.next() => match event {
                SocketEvent::HandshakeSucceeded { .. } => println!("(the other is here)"),
                SocketEvent::Disconnected { reason, .. } => println!("(it ended: {reason})"),
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
