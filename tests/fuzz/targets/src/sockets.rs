//! Sequences of operations on sockets over inproc.

use std::collections::HashSet;

use futures_util::FutureExt;
use tokio::runtime::Builder;
use tokio::task::yield_now;
use zeromq_async::{
    Context, DealerSocket, Message, PairSocket, PubSocket, PullSocket, PushSocket, RepSocket,
    ReqSocket, RouterSocket, SubSocket, XPubSocket, XSubSocket,
};

use crate::input::Input;

/// Any operations on any sockets. None panics or hangs, and every received message was sent.
pub fn sockets(bytes: &[u8]) {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(run(Input::new(bytes)));
}

/// The number of sockets and of endpoints.
const SOCKETS: usize = 6;
const NAMES: usize = 3;

enum Socket {
    Dealer(DealerSocket),
    Pair(PairSocket),
    Pub(PubSocket),
    Pull(PullSocket),
    Push(PushSocket),
    Rep(RepSocket),
    Req(ReqSocket),
    Router(RouterSocket),
    Sub(SubSocket),
    XPub(XPubSocket),
    XSub(XSubSocket),
}

macro_rules! on {
    ($socket:expr, [$($kind:ident)*], $one:ident => $then:expr) => {
        match $socket {
            $(Socket::$kind($one) => { $then })*
            #[allow(unreachable_patterns, reason = "where all are named")]
            _ => {}
        }
    };
}

async fn run(mut input: Input<'_>) {
    let context = Context::new();
    let mut sockets: Vec<Socket> = Vec::new();
    let mut sent = HashSet::new();
    let mut number = 0_u32;
    while !input.is_empty() {
        let deed = input.byte();
        if sockets.is_empty() || deed & 15 == 0 {
            if sockets.len() < SOCKETS {
                sockets.push(Socket::new(&context, input.byte()));
            }
            continue;
        }
        let place = usize::from(deed >> 4) % sockets.len();
        let name = format!("inproc://{}", input.below(NAMES));
        match deed & 15 {
            1 => drop(sockets.swap_remove(place)),
            2 => close(sockets.swap_remove(place)).await,
            3 => sockets[place].subscribe(&mut input),
            4..=7 => sockets[place].attach(deed & 3, &name),
            8 => yield_now().await,
            9..=11 => {
                number += 1;
                // The prefix ensures that the message is not a subscription.
                let body = format!("m{number}");
                sent.insert(body.clone());
                sockets[place].send(Message::from(body), deed & 1 == 0);
            }
            _ => {
                if let Some(message) = sockets[place].recv(deed & 1 == 0) {
                    check(&message, &sent);
                }
            }
        }
    }
}

/// Checks that the last frame was sent, or is a subscription at an XPUB.
fn check(message: &Message, sent: &HashSet<String>) {
    let last = message.frames().last().expect("a message has a frame");
    let is_subscription = matches!(last.first(), Some(0 | 1));
    assert!(is_subscription || sent.contains(&*last.to_str_lossy()), "{message:?}");
}

/// Closes the socket. Over inproc nothing remains to be written.
async fn close(socket: Socket) {
    on!(socket, [Dealer Pair Pub Pull Push Rep Req Router Sub XPub XSub], one => {
        let _ = one.close().now_or_never();
    });
    yield_now().await;
}

impl Socket {
    fn new(context: &Context, kind: u8) -> Self {
        match kind % 11 {
            0 => Self::Dealer(DealerSocket::builder_in(context).send_high_water_mark(2).build()),
            1 => Self::Pair(PairSocket::builder_in(context).receive_high_water_mark(1).build()),
            2 => Self::Pub(PubSocket::builder_in(context).send_high_water_mark(2).build()),
            3 => Self::Pull(PullSocket::builder_in(context).receive_high_water_mark(1).build()),
            4 => Self::Push(PushSocket::builder_in(context).send_high_water_mark(1).build()),
            5 => Self::Rep(RepSocket::builder_in(context).build()),
            6 => Self::Req(ReqSocket::builder_in(context).build()),
            7 => Self::Router(RouterSocket::builder_in(context).build()),
            8 => Self::Sub(SubSocket::builder_in(context).subscribe("m").build()),
            9 => Self::XPub(XPubSocket::builder_in(context).build()),
            _ => Self::XSub(XSubSocket::builder_in(context).build()),
        }
    }

    fn attach(&self, how: u8, name: &str) {
        on!(self, [Dealer Pair Pub Pull Push Rep Req Router Sub XPub XSub], one => {
            // None of these waits over inproc.
            match how {
                0 => drop(one.bind(name).now_or_never()),
                1 => drop(one.connect(name)),
                2 => drop(one.unbind(name).now_or_never()),
                _ => drop(one.disconnect(name)),
            }
        });
    }

    fn send(&mut self, message: Message, tries: bool) {
        on!(self, [Dealer Pair Pub Push Rep Req Router XPub XSub], one => {
            if tries {
                let _ = one.try_send(message);
            } else {
                // Dropped if it would wait.
                let _ = one.send(message).now_or_never();
            }
        });
    }

    fn recv(&mut self, tries: bool) -> Option<Message> {
        on!(self, [Dealer Pair Pull Rep Req Router Sub XPub XSub], one => {
            let received = if tries { Some(one.try_recv()) } else { one.recv().now_or_never() };
            return received?.ok();
        });
        None
    }

    fn subscribe(&mut self, input: &mut Input<'_>) {
        let topic = ["", "m", "m1", "other"][input.below(4)];
        match self {
            Self::Sub(sub) if input.byte() & 1 == 0 => sub.subscribe(topic),
            Self::Sub(sub) => sub.unsubscribe(topic),
            Self::XSub(xsub) => {
                let change = [&[input.byte() & 1][..], topic.as_bytes()].concat();
                let _ = xsub.try_send(change);
            }
            _ => {}
        }
    }
}
