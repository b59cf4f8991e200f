//! Instruction counts of the hot path, measured with valgrind. They are stable enough to compare
//! commits on a busy machine.
//!
//! ```text
//! cargo install gungraun-runner --version 0.20.0
//! cargo bench -p benches --features instructions --bench instructions
//! ```
//!
//! All figures are for [`MESSAGES`] messages.
#![expect(missing_docs, reason = "the macros of gungraun make public modules")]

use std::hint::black_box;
use std::process::{Command, ExitCode, Stdio};

use bytes::BytesMut;
use gungraun::{library_benchmark, library_benchmark_group};
use tokio::runtime::{Builder, Runtime};
use zeromq_async::{Context, PullSocket, PushSocket, RepSocket, ReqSocket, Socket, SocketKind};
use zmtp_codec::{Batch, Decoder, Inbound, Limits, Message};

const MESSAGES: usize = 1000;
const BURST: usize = 100;
const ENDPOINT: &str = "inproc://bench";

#[library_benchmark]
#[bench::small(args = (64), setup = filled)]
#[bench::medium(args = (1024), setup = filled)]
#[bench::large(args = (16 * 1024), setup = filled)]
fn push((mut batch, message): (Batch, Message)) -> Batch {
    for _ in 0..MESSAGES {
        batch.push(black_box(&message).clone());
    }
    batch
}

#[library_benchmark]
#[bench::small(args = (64), setup = wire)]
#[bench::medium(args = (1024), setup = wire)]
#[bench::large(args = (16 * 1024), setup = wire)]
fn decode(mut wire: BytesMut) -> Inbound {
    decode_run(&mut wire)
}

#[library_benchmark]
#[bench::small(args = (64), setup = received)]
#[bench::medium(args = (1024), setup = received)]
#[bench::large(args = (16 * 1024), setup = received)]
fn pop(mut batch: Batch) -> Batch {
    while let Some(message) = batch.pop() {
        black_box(message);
    }
    batch
}

#[library_benchmark]
#[bench::small(args = (64), setup = pipeline)]
#[bench::medium(args = (1024), setup = pipeline)]
fn inproc_send_and_receive(mut pipeline: Pipeline) -> Pipeline {
    pipeline.one_by_one();
    pipeline
}

#[library_benchmark]
#[bench::small(args = (64), setup = pipeline)]
#[bench::medium(args = (1024), setup = pipeline)]
fn inproc_in_bursts(mut pipeline: Pipeline) -> Pipeline {
    pipeline.in_bursts();
    pipeline
}

#[library_benchmark]
#[bench::small(args = (64), setup = exchange)]
fn inproc_round_trip(mut exchange: Exchange) -> Exchange {
    exchange.round_trips();
    exchange
}

struct Pipeline {
    runtime: Runtime,
    push: PushSocket,
    pull: PullSocket,
    message: Message,
}

struct Exchange {
    runtime: Runtime,
    req: ReqSocket,
    rep: RepSocket,
    message: Message,
}

// Separate functions, because valgrind counts by function name and would take the async block in a
// benchmark for its end.
impl Pipeline {
    fn one_by_one(&mut self) {
        let Self { runtime, push, pull, message } = self;
        runtime.block_on(async {
            for _ in 0..MESSAGES {
                push.send(black_box(&*message).clone()).await.expect("there is a peer");
                black_box(pull.recv().await.expect("there is a message"));
            }
        });
    }

    fn in_bursts(&mut self) {
        let Self { runtime, push, pull, message } = self;
        runtime.block_on(async {
            for _ in 0..MESSAGES / BURST {
                for _ in 0..BURST {
                    push.send(black_box(&*message).clone()).await.expect("there is a peer");
                }
                for _ in 0..BURST {
                    black_box(pull.recv().await.expect("there is a message"));
                }
            }
        });
    }
}

impl Exchange {
    fn round_trips(&mut self) {
        let Self { runtime, req, rep, message } = self;
        runtime.block_on(async {
            for _ in 0..MESSAGES {
                req.send(black_box(&*message).clone()).await.expect("there is a peer");
                let request = rep.recv().await.expect("there is a request");
                rep.send(request).await.expect("the peer waits");
                black_box(req.recv().await.expect("there is a reply"));
            }
        });
    }
}

/// A batch with allocated memory, and a message to push.
fn filled(size: usize) -> (Batch, Message) {
    let message = Message::from(vec![1; size]);
    let mut batch = Batch::new();
    batch.push(message.clone());
    while batch.pop().is_some() {}
    (batch, message)
}

fn wire(size: usize) -> BytesMut {
    let mut batch = Batch::new();
    batch.extend((0..MESSAGES).map(|_| Message::from(vec![1; size])));
    let mut wire = BytesMut::with_capacity(batch.bytes());
    while !batch.is_empty() {
        wire.extend_from_slice(batch.first_chunk());
        batch.advance(batch.first_chunk().len());
    }
    wire
}

fn received(size: usize) -> Batch {
    let mut batch = Batch::new();
    if let Inbound::Messages(run) = decode_run(&mut wire(size)) {
        batch.push_run(run);
    }
    batch
}

fn decode_run(wire: &mut BytesMut) -> Inbound {
    let decoded = Decoder::new(Limits::default()).decode(wire, usize::MAX);
    decoded.expect("these are messages").expect("they are whole")
}

fn pipeline(size: usize) -> Pipeline {
    let runtime = runtime();
    let (mut push, mut pull): (PushSocket, PullSocket) = runtime.block_on(pair());
    let message = Message::from(vec![1; size]);
    runtime.block_on(async {
        push.send(message.clone()).await.expect("there is a peer");
        pull.recv().await.expect("there is a message");
    });
    Pipeline { runtime, push, pull, message }
}

fn exchange(size: usize) -> Exchange {
    let runtime = runtime();
    let (req, rep) = runtime.block_on(pair());
    Exchange { runtime, req, rep, message: Message::from(vec![1; size]) }
}

async fn pair<A: SocketKind, B: SocketKind>() -> (Socket<A>, Socket<B>) {
    let context = Context::new();
    let (one, other) = (Socket::builder_in(&context).build(), Socket::builder_in(&context).build());
    one.bind(ENDPOINT).await.expect("the name is free");
    other.connect(ENDPOINT).expect("the name is bound");
    (one, other)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

library_benchmark_group!(name = codec, benchmarks = [push, decode, pop]);
library_benchmark_group!(
    name = sockets,
    benchmarks = [inproc_send_and_receive, inproc_in_bursts, inproc_round_trip]
);

mod counted {
    use gungraun::main;

    use super::{codec, sockets};

    main!(library_benchmark_groups = [codec, sockets]);

    pub(super) fn run() {
        main();
    }
}

/// Counts the instructions, or prints the missing tools.
fn main() -> ExitCode {
    // The runner starts this program again under valgrind.
    let started_by_runner = std::env::args().any(|argument| argument.starts_with("--gungraun-run"));
    if started_by_runner || (answers("valgrind") && answers("gungraun-runner")) {
        counted::run();
    }
    ExitCode::SUCCESS
}

fn answers(program: &str) -> bool {
    let answer = Command::new(program).arg("--version").stdout(Stdio::null()).status();
    let answers = answer.is_ok_and(|status| status.success());
    if !answers {
        eprintln!(
            "No instructions are counted: {program} is not here. Install valgrind (Debian, Ubuntu: \
             apt install valgrind) and its runner (cargo install gungraun-runner --version 0.20.0)."
        );
    }
    answers
}
