//! A pipeline that distributes tasks to workers and collects their results (PUSH/PULL).
//!
//!     cargo run --release -p examples --example ventilator_worker_sink        # all roles; ends by itself
//!
//! Or each role in its own terminal, in any order, with as many workers as you like:
//!
//!     cargo run --release -p examples --example ventilator_worker_sink sink
//!     cargo run --release -p examples --example ventilator_worker_sink worker
//!     cargo run --release -p examples --example ventilator_worker_sink ventilator
//!
//! Each worker prints its number of tasks. The sink prints the number of primes below a million.

use std::error::Error;

use zeromq_async::{Endpoint, PullSocket, PushSocket, RecvError};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const TASKS: u32 = 1000;
const RANGE: u32 = 1000; // numbers per task
const VENTILATOR: &str = "tcp://127.0.0.1:5557";
const SINK: &str = "tcp://127.0.0.1:5558";

#[tokio::main]
async fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        None => everything().await,
        Some("ventilator") => {
            let ventilator = PushSocket::new();
            ventilator.bind(VENTILATOR).await?;
            println!("ventilator: waiting for a worker at {VENTILATOR}");
            ventilate(ventilator, 1).await
        }
        Some("worker") => {
            println!("worker: waiting for tasks, until Ctrl-C");
            work("worker", PullSocket::new(), VENTILATOR.parse()?, SINK.parse()?).await
        }
        Some("sink") => {
            let sink = PullSocket::new();
            sink.bind(SINK).await?;
            println!("sink: waiting for results at {SINK}");
            collect(sink).await
        }
        Some(_) => Err("usage: ventilator_worker_sink [ventilator | worker | sink]".into()),
    }
}

async fn everything() -> Result<()> {
    let (ventilator, sink) = (PushSocket::new(), PullSocket::new());
    let tasks = ventilator.bind("tcp://127.0.0.1:*").await?;
    let results = sink.bind("tcp://127.0.0.1:*").await?;
    let mut workers = Vec::new();
    for name in ["worker 1", "worker 2", "worker 3"] {
        let socket = PullSocket::new();
        let handle = socket.handle().clone();
        let working = tokio::spawn(work(name, socket, tasks.clone(), results.clone()));
        workers.push((handle, working));
    }
    let ventilating = tokio::spawn(ventilate(ventilator, workers.len()));
    collect(sink).await?;
    ventilating.await??;
    for (handle, working) in workers {
        handle.close().await; // ends the worker's loop
        working.await??;
    }
    Ok(())
}

/// Distributes the tasks in turn once all workers are connected.
async fn ventilate(mut ventilator: PushSocket, workers: usize) -> Result<()> {
    ventilator.wait_for_peers(workers).await;
    for task in 0..TASKS {
        ventilator.send((task * RANGE).to_string()).await?;
    }
    println!("ventilator: sent {TASKS} tasks");
    ventilator.close().await;
    Ok(())
}

/// Counts the primes in each range it receives, until its socket is closed.
async fn work(name: &str, mut pull: PullSocket, tasks: Endpoint, results: Endpoint) -> Result<()> {
    let mut push = PushSocket::new();
    pull.connect(tasks)?;
    push.connect(results)?;
    let mut done = 0;
    loop {
        let task = match pull.recv().await {
            Ok(task) => task,
            Err(RecvError::Closed) => break,
            Err(error) => return Err(error.into()),
        };
        let first: u32 = task.frames()[0].to_str()?.parse()?;
        let primes = (first..first + RANGE).filter(|&number| is_prime(number)).count();
        push.send(primes.to_string()).await?;
        done += 1;
    }
    println!("{name}: did {done} tasks");
    Ok(())
}

async fn collect(mut sink: PullSocket) -> Result<()> {
    let mut primes = 0;
    for _ in 0..TASKS {
        primes += sink.recv().await?.frames()[0].to_str()?.parse::<u32>()?;
    }
    println!("sink: {TASKS} results; there are {primes} primes below {}", TASKS * RANGE);
    Ok(())
}

fn is_prime(number: u32) -> bool {
    number >= 2 && (2..).take_while(|n| n * n <= number).all(|n| !number.is_multiple_of(n))
}
