//! A process with a socket of either library. It reads one command per line until the input ends.
//! Tests stop, kill and starve it.
//!
//! `peer ours|libzmq kind=N [setting=value]...`

use std::io::{BufRead, Write};

use interop::peer::{Answer, Ours, Peer, Request, Settings, Theirs};
use tokio::sync::mpsc;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let library = arguments.next().expect("the name of a library");
    let settings = Settings::from_words(arguments);
    match library.as_str() {
        "ours" => serve::<Ours>(&settings).await,
        "libzmq" => serve::<Theirs>(&settings).await,
        other => panic!("no library is called {other}"),
    }
}

async fn serve<P: Peer>(settings: &Settings) {
    let mut peer = P::start(settings).await;
    answer(&Answer::Ready);
    let mut requests = requests();
    while let Some(request) = requests.recv().await {
        answer(&match request {
            Request::Bind(endpoint) => Answer::Bound(peer.bind(&endpoint).await),
            Request::Connect(endpoint) => {
                peer.connect(&endpoint).await;
                Answer::Connected
            }
            Request::Send(message, within) => Answer::Sent(peer.send(message, within).await),
            Request::Recv(within) => Answer::Received(peer.recv(within).await),
            Request::Dropped => Answer::Dropped(peer.dropped().await),
        });
    }
}

/// The lines of the standard input, read on a separate thread, so that the process is idle while it
/// waits.
fn requests() -> mpsc::UnboundedReceiver<Request> {
    let (sender, requests) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.send(Request::from_line(&line)).is_err() {
                return;
            }
        }
    });
    requests
}

fn answer(answer: &Answer) {
    let mut output = std::io::stdout().lock();
    let written = writeln!(output, "{}", answer.to_line()).and_then(|()| output.flush());
    written.expect("an open pipe");
}
