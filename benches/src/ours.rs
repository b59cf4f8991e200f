//! The roles with `zeromq-async`: default options, Tokio's multi-thread runtime.

mod datagrams;
mod echo;
mod exchange;
mod flow;
mod matching;
mod security;

use std::convert::Infallible;

use bytes::Bytes;
use tokio::runtime::Builder;
use zeromq_async::{Message, Socket, SocketKind};

use crate::line::Line;
use crate::order::{Order, Payload, Role};
use crate::process::Failure;

/// The number of threads of a process with libzmq: one for the application and one for I/O.
const THREADS: usize = 2;

/// Plays the role until the process is killed.
pub(crate) fn play(order: Order) -> Result<Infallible, Failure> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(Failure::new)?;
    // Runs in a task like a real program, because the blocking thread is not a worker.
    let played = runtime.spawn(play_role(order));
    runtime.block_on(played).map_err(Failure::new)?
}

async fn play_role(order: Order) -> Result<Infallible, Failure> {
    match order.role {
        Role::Pull => flow::pull(&order).await,
        Role::Push => flow::push(&order).await,
        Role::Dish => datagrams::dish(&order).await,
        Role::Radio => datagrams::radio(&order).await,
        Role::InprocPipeline => flow::inproc(&order).await,
        Role::Pub => flow::publish(&order).await,
        Role::Sub => flow::subscribe(&order).await,
        Role::XPub => matching::publish(&order).await,
        Role::SubTopics => matching::subscribe(&order).await,
        Role::Router => echo::router(&order).await,
        Role::Dealer => echo::dealers(&order).await,
        Role::Rep => exchange::rep(&order).await,
        Role::Req => exchange::req(&order).await,
        Role::InprocExchange => exchange::inproc(&order).await,
        Role::Call => exchange::call(&order).await,
        Role::Hold | Role::HoldUsed => Err(Failure::new("this role is not for a contestant")),
    }
}

async fn bind<P: SocketKind>(socket: &Socket<P>, order: &Order) -> Result<(), Failure> {
    let endpoint = socket.bind(&*order.endpoint).await.map_err(Failure::new)?;
    Line::Bound(endpoint.to_string()).say()
}

async fn connect<P: SocketKind>(socket: &Socket<P>, order: &Order) -> Result<(), Failure> {
    socket.connect(&*order.endpoint).map_err(Failure::new)
}

/// Creates the messages of an order.
#[derive(Debug, Clone)]
struct Source {
    bytes: Bytes,
    prepared: Message,
    payload: Payload,
}

impl Source {
    fn new(order: &Order) -> Self {
        let bytes = Bytes::from(order.bytes());
        Self { prepared: Message::from(bytes.clone()), bytes, payload: order.payload }
    }

    #[inline]
    fn message(&self) -> Message {
        match self.payload {
            Payload::Shared => self.prepared.clone(),
            Payload::Fresh => Message::from(&self.bytes[..]),
        }
    }
}
