//! A pipeline with compression and metrics for Prometheus.
//!
//!     cargo run -p examples --example metrics            # prints the metrics and ends
//!     cargo run -p examples --example metrics -- serve   # runs until Ctrl-C; scrape the printed address
//!
//! Each socket exports its own counters at no cost per message. Two metrics layers, one above and
//! one below the compression layer, show the size before and after compression.

use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use zeromq_async::{PullSocket, PushSocket};
use zeromq_util::layer::{
    CompressionLayer, MetricsLayer, RecvExt, SendExt, TraceContextLayer, TraceParent, WithLayer,
};
use zeromq_util::metrics::{self as observe, MetricsExport};

type Error = Box<dyn std::error::Error + Send + Sync>;

const JOBS: u8 = 100;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let recorder = PrometheusBuilder::new()
        .set_buckets(&[0.001, 0.01, 0.1, 1.0])? // for the histograms of the layers, in seconds
        .build_recorder();
    let page = recorder.handle();
    metrics::set_global_recorder(recorder)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/metrics", listener.local_addr()?);
    tokio::spawn(serve(listener, page.clone()));

    let (push, pull) = (PushSocket::new(), PullSocket::new());
    let jobs = MetricsExport::new(push.handle(), "jobs", Duration::from_secs(1));
    let work = MetricsExport::new(pull.handle(), "work", Duration::from_secs(1));
    let exporting = [
        tokio::spawn(jobs.peers(observe::by_endpoint).run()),
        tokio::spawn(work.peers(observe::by_host).run()),
    ];
    push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;

    let forever = std::env::args().nth(1).is_some_and(|argument| argument == "serve");
    let working = tokio::spawn(work_on(pull, forever));
    send_jobs(push, forever).await?;
    working.await??;
    for exporting in exporting {
        exporting.await?; // exports a last sample
    }
    for line in page.render().lines().filter(|line| is_shown(line)) {
        println!("{line}");
    }
    println!("done");
    Ok(())
}

async fn send_jobs(push: PushSocket, forever: bool) -> Result<(), Error> {
    let mut trace = 0u64;
    let next_trace = move || {
        trace += 1;
        TraceParent::new([7; 16], trace.to_be_bytes(), 1).ok()
    };
    let handle = push.handle().clone();
    let mut push = push
        .with_layer(MetricsLayer::new("compressed"))
        .with_layer(CompressionLayer::zstd(3))
        .with_layer(MetricsLayer::new("plain"))
        .with_layer(TraceContextLayer::new(next_trace));
    loop {
        for number in 0..JOBS {
            push.send(format!("job {number}: {}", "sum up this column; ".repeat(200))).await?;
        }
        if !forever {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    push.flush().await?;
    handle.close().await;
    Ok(())
}

/// Receives [`JOBS`] jobs, or runs without end.
async fn work_on(pull: PullSocket, forever: bool) -> Result<(), Error> {
    let handle = pull.handle().clone();
    let mut pull =
        pull.with_layer(CompressionLayer::zstd(3)).with_layer(TraceContextLayer::new(|| None));
    for number in 1.. {
        let job = pull.recv().await?;
        if number == u32::from(JOBS) {
            let parent = pull.received().expect("each job has a trace");
            println!("worker: job {number} has {} bytes, trace {parent}", job.size());
            if !forever {
                break;
            }
        }
    }
    handle.close().await;
    Ok(())
}

/// Serves the metrics page over HTTP.
async fn serve(listener: TcpListener, page: PrometheusHandle) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(answer(stream, page.render()));
    }
}

async fn answer(stream: TcpStream, page: String) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 2 {
        line.clear(); // an empty line ends the request
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close";
    let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{page}", page.len());
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

fn is_shown(line: &str) -> bool {
    let shown = ["zeromq_sent_total", "zeromq_taken_total", "zeromq_layer_bytes_total"];
    shown.iter().any(|name| line.starts_with(name)) && !line.ends_with(" 0")
}
