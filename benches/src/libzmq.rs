//! The roles with the system's libzmq: one I/O thread, default options.

mod echo;
mod exchange;
mod flow;
#[expect(unsafe_code, reason = "libzmq is called here, and nowhere else")]
mod library;
mod matching;
mod options;

use std::convert::Infallible;

pub(crate) use library::version;
use library::{Context, Kind, Message, Poll, Socket};

use crate::line::Line;
use crate::order::{Order, Payload, Role};
use crate::process::Failure;

/// Plays the role until the process is killed.
pub(crate) fn play(order: &Order) -> Result<Infallible, Failure> {
    let context = Context::new()?;
    match order.role {
        Role::Pull => flow::pull(&context, order),
        Role::Push => flow::push(&context, order),
        Role::InprocPipeline => flow::inproc(&context, order),
        Role::Pub => flow::publish(&context, order),
        Role::Sub => flow::subscribe(&context, order),
        Role::XPub => matching::publish(&context, order),
        Role::SubTopics => matching::subscribe(&context, order),
        Role::Router => echo::router(&context, order),
        Role::Dealer => echo::dealers(&context, order),
        Role::Rep => exchange::rep(&context, order),
        Role::Req => exchange::req(&context, order),
        Role::InprocExchange => exchange::inproc(&context, order),
        Role::Call => exchange::call(&context, order),
        Role::Dish | Role::Radio => Err(Failure::new("libzmq has these types only as drafts")),
        Role::Hold | Role::HoldUsed => Err(Failure::new("this role is not for a contestant")),
    }
}

fn bound(context: &Context, kind: Kind, order: &Order) -> Result<Socket, Failure> {
    let socket = context.socket(kind)?;
    socket.secure_as_server(order.mechanism)?;
    Line::Bound(socket.bind(&order.endpoint)?).say()?;
    Ok(socket)
}

fn connected(context: &Context, kind: Kind, order: &Order) -> Result<Socket, Failure> {
    let socket = context.socket(kind)?;
    if kind == Kind::Sub {
        socket.subscribe(b"")?;
    }
    socket.secure_as_client(order.mechanism)?;
    socket.connect(&order.endpoint)?;
    Ok(socket)
}

fn all_connected(context: &Context, kind: Kind, order: &Order) -> Result<Vec<Socket>, Failure> {
    (0..order.sockets).map(|_| connected(context, kind, order)).collect()
}

/// Creates the messages of an order.
struct Source {
    bytes: Vec<u8>,
    prepared: Message,
    payload: Payload,
}

impl Source {
    fn new(context: &Context, order: &Order) -> Result<Self, Failure> {
        let bytes = order.bytes();
        Ok(Self { prepared: context.message(&bytes)?, bytes, payload: order.payload })
    }

    #[inline]
    fn message(&mut self) -> Result<Message, Failure> {
        match self.payload {
            Payload::Shared => self.prepared.share(),
            Payload::Fresh => self.prepared.of_same_library(&self.bytes),
        }
    }
}
