//! A service that shuts down gracefully on Ctrl-C, loses no job, and reports unsent messages.
//!
//!     cargo run -p examples --example graceful_shutdown           # press Ctrl-C, or wait: it ends after 10 s
//!
//! The sending task gets an error once its socket is closed. The service handles every job that was
//! sent. The socket without a peer reports its unsent messages.

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
    producer.connect(endpoint)?;
    producer.wait_for_peers(1).await;
    // No listener exists at this endpoint. The linger time limits how long `close` takes.
    let mut archive = PushSocket::builder().linger(Duration::from_millis(200)).build();
    archive.connect("ipc:///tmp/zeromq-async-no-such-archive")?;
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
        biased; // starts to listen for Ctrl-C before it prints the message
        _ = tokio::signal::ctrl_c() => println!("Ctrl-C: stopping"),
        () = time => println!("10 s have passed: stopping"),
    }

    // Close the sender first. When `close` returns, every job is written.
    let report = handle.close().await;
    let sent = producing.await??;
    println!("producer: {sent} jobs sent, {} not", report.unsent);
    // Stop the receiver after the connection has ended. All jobs have arrived by then.
    while !matches!(events.next().await, None | Some(SocketEvent::Disconnected { .. })) {}
    let _ = stop.send(());
    println!("service: {} jobs handled", serving.await??);
    let report = archive.close().await;
    println!("archive: {} records were not sent, because no peer connected", report.unsent);
    println!("done");
    Ok(())
}

/// Handles jobs until it is told to stop and no job is queued.
async fn serve(mut service: PullSocket, mut stopped: oneshot::Receiver<()>) -> Result<usize> {
    let mut handled = 0;
    loop {
        tokio::select! {
            biased; // jobs first: a closed socket drops the messages in its queue
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

/// Sends jobs until the socket is closed. The error returns the last job unsent.
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
