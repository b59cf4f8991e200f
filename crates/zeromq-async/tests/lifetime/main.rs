//! A socket outlives its runtime, the thread that made it, and a panic in code that it calls.

#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod outside;
mod panics;
mod rebind;
mod runtime_end;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use zeromq_async::{Context, Events, SocketEvent};

/// The two flavours of a runtime, each driven on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavor {
    CurrentThread,
    MultiThread,
}

const FLAVORS: [Flavor; 2] = [Flavor::CurrentThread, Flavor::MultiThread];

/// How a runtime ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Drop,
    ShutdownBackground,
}

const ENDINGS: [Ending; 2] = [Ending::Drop, Ending::ShutdownBackground];

/// A runtime that runs until it is told to end.
struct Driven {
    handle: Handle,
    stop: mpsc::Sender<Ending>,
    thread: thread::JoinHandle<()>,
}

impl Driven {
    fn new(flavor: Flavor) -> Self {
        let runtime = match flavor {
            Flavor::CurrentThread => Builder::new_current_thread().enable_all().build(),
            Flavor::MultiThread => {
                Builder::new_multi_thread().worker_threads(1).enable_all().build()
            }
        };
        let runtime = runtime.unwrap();
        let handle = runtime.handle().clone();
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || drive(runtime, stopped));
        Self { handle, stop, thread }
    }

    /// Runs the future on the runtime, from a thread outside of it.
    fn run<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> T {
        let (tell, told) = mpsc::channel();
        self.handle.spawn(async move {
            let _ = tell.send(future.await);
        });
        told.recv_timeout(Duration::from_secs(60)).expect("the runtime to answer")
    }

    fn end(self, ending: Ending) {
        self.stop.send(ending).unwrap();
        self.thread.join().unwrap();
    }
}

fn drive(runtime: Runtime, stopped: mpsc::Receiver<Ending>) {
    let ending = runtime.block_on(async {
        tokio::task::spawn_blocking(move || stopped.recv()).await.unwrap().unwrap_or(Ending::Drop)
    });
    match ending {
        Ending::Drop => drop(runtime),
        Ending::ShutdownBackground => runtime.shutdown_background(),
    }
}

fn runtime() -> Runtime {
    Runtime::new().unwrap()
}

/// An endpoint that no other test binds.
fn any_endpoint(transport: &str) -> String {
    static NAMES: AtomicUsize = AtomicUsize::new(0);
    match transport {
        "tcp" => support::ANY_PORT.into(),
        "ipc" => "ipc://*".into(),
        _ => format!("inproc://lifetime-{}", NAMES.fetch_add(1, Ordering::Relaxed)),
    }
}

/// Waits for an event. Returns it and the events before it.
async fn until(
    events: &mut Events,
    what: &str,
    is: impl Fn(&SocketEvent) -> bool,
) -> Vec<SocketEvent> {
    let mut seen = Vec::new();
    let waiting = async {
        while let Some(event) = events.next().await {
            let found = is(&event);
            seen.push(event);
            if found {
                return;
            }
        }
        panic!("the socket ended without {what}");
    };
    if tokio::time::timeout(support::DEADLINE, waiting).await.is_err() {
        panic!("waited for {what}, and saw {seen:?}");
    }
    seen
}

/// The text of every error and reason in the events.
fn text(events: &[SocketEvent]) -> String {
    events.iter().map(|event| format!("{event:?}\n")).collect()
}

fn context() -> Context {
    Context::new()
}
