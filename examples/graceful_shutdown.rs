//! A service that stops in order on Ctrl-C: nothing taken is lost, and what was not sent is known.
//!
//!     cargo run --example graceful_shutdown           # press Ctrl-C, or wait: it ends after 10 s
//!
//! To see: the sending task is told that its socket is closed, every job that was sent is handled,
//! and the socket whose peer never came reports what it could not send.

use std::error::Error;
use std::time::Duration;

use tokio::sync::oneshot;
use zeromq_async::{PullSocket, PushSocket, SendErrorKind, SocketEvent};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let service = PullSocket::new();
    let endpoint = service.bind("tcp://127.0.0.1:*").await?;
    let mut events = service.events();
    let producer = PushSocket::new();
    producer.connect(endpoint).await?;
    producer.wait_for_peers(1).await;
    // Nobody listens there. The linger time says how long closing may take.
    let mut archive = PushSocket::builder().linger(Duration::from_millis(200)).build();
    archive.connect("ipc:///tmp/zeromq-async-no-such-archive").await?;
    for record in ["one", "two", "three"] {
        archive.send(record).await?; // waits in the queue
    }

    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(serve(service, stopped));
    let handle = producer.handle().clone(); // closes the socket that the task owns
    let producing = tokio::spawn(produce(producer));
    let time = async {
        println!("running; press Ctrl-C, or wait for 10 s");
        tokio::time::sleep(Duration::from_secs(10)).await;
    };
    tokio::select! {
        biased; // it listens for Ctrl-C before it says that it does
        _ = tokio::signal::ctrl_c() => println!("Ctrl-C: stopping"),
        () = time => println!("10 s are over: stopping"),
    }

    // First who sends: when this returns, every job is written.
    let report = handle.close().await;
    let sent = producing.await??;
    println!("producer: {sent} jobs sent, {} not", report.unsent);
    // Then who receives, once the connection has ended: all jobs have arrived by then.
    while !matches!(events.next().await, None | Some(SocketEvent::Disconnected { .. })) {}
    let _ = stop.send(());
    println!("service: {} jobs handled", serving.await??);
    let report = archive.close().await;
    println!("archive: {} records were not sent, for nobody came for them", report.unsent);
    println!("done");
    Ok(())
}

/// Handles jobs until it is told to stop and none is waiting.
async fn serve(mut service: PullSocket, mut stopped: oneshot::Receiver<()>) -> Result<usize> {
    let mut handled = 0;
    loop {
        tokio::select! {
            biased; // jobs before the end: a closed socket drops what was not received
            job = service.recv() => {
                job?;
                handled += 1;
            }
            _ = &mut stopped => break,
        }
    }
    service.close().await;
    Ok(handled)
}

/// Sends jobs until the socket is closed; the last one comes back unsent.
async fn produce(mut producer: PushSocket) -> Result<usize> {
    let mut sent = 0;
    loop {
        match producer.send(format!("job {sent}")).await {
            Ok(()) => sent += 1,
            Err(error) if *error.kind() == SendErrorKind::Closed => return Ok(sent),
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
