//! Several tasks that receive from one socket, under every interleaving that loom finds. None of them may
//! wait for ever while there is a message.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Waker};

use loom::future::block_on;
use loom::thread::{self, JoinHandle};

use super::SharedReceiver;
use super::turns::{Turn, WaitsAs};
use crate::error::RecvError;
use crate::pattern::Peers;
use crate::pattern::loom_models::{Inproc, check, inproc, sending};
use crate::pipe::PeerSet;
use crate::socket::{Gather, SocketKind};

fn receiver(peers: &Arc<PeerSet>) -> Arc<SharedReceiver<Gather>> {
    let stacks = Gather::compose(&Peers::new(peers.clone()), &());
    Arc::new(SharedReceiver::new(stacks.receive, ()))
}

fn recv(receiver: &SharedReceiver<Gather>) -> Result<(), RecvError> {
    let mut waiting = receiver.wait();
    block_on(poll_fn(|cx| waiting.poll_recv(cx))).map(drop)
}

fn receiving(receiver: &Arc<SharedReceiver<Gather>>) -> JoinHandle<Result<(), RecvError>> {
    let receiver = receiver.clone();
    thread::spawn(move || recv(&receiver))
}

#[test]
fn two_receivers_both_get_a_message() {
    check(|| {
        let joined = inproc();
        let Inproc(ours, theirs) = &joined;
        let receiver = receiver(theirs);
        let other = receiving(&receiver);
        let sender = sending(ours, &["1", "2"]);
        recv(&receiver).unwrap();
        other.join().unwrap().unwrap();
        sender.join().unwrap();
    });
}

/// A receiver that looks once and gives up keeps no message from the other.
#[test]
fn cancelled_receiver_leaves_the_message() {
    check(|| {
        let joined = inproc();
        let Inproc(ours, theirs) = &joined;
        let receiver = receiver(theirs);
        let brief = receiver.clone();
        let brief = thread::spawn(move || {
            let mut waiting = brief.wait();
            waiting.poll_recv(&Context::from_waker(Waker::noop())).is_ready()
        });
        let sender = sending(ours, &["1", "2"]);
        recv(&receiver).unwrap();
        if !brief.join().unwrap() {
            recv(&receiver).unwrap();
        }
        sender.join().unwrap();
    });
}

/// A stream that is polled once and then left alone keeps no message from a receiver.
#[test]
fn idle_stream_leaves_the_message() {
    check(|| {
        let joined = inproc();
        let Inproc(ours, theirs) = &joined;
        let receiver = receiver(theirs);
        let stream = receiver.clone();
        let stream = thread::spawn(move || {
            let (mut turn, cx) = (Turn::default(), Context::from_waker(Waker::noop()));
            let looked = stream.poll_recv(&mut turn, WaitsAs::Stream, &cx);
            (turn, looked.is_ready())
        });
        let sender = sending(ours, &["1", "2"]);
        recv(&receiver).unwrap();
        let (mut turn, received) = stream.join().unwrap();
        if !received {
            recv(&receiver).unwrap();
        }
        receiver.pass_on(&mut turn);
        sender.join().unwrap();
    });
}

#[test]
fn closing_wakes_every_receiver() {
    check(|| {
        let joined = inproc();
        let Inproc(_, theirs) = &joined;
        let receiver = receiver(theirs);
        let other = receiving(&receiver);
        let closing = theirs.clone();
        let closing = thread::spawn(move || closing.ready_queue().close());
        assert_eq!(recv(&receiver), Err(RecvError::Closed));
        assert_eq!(other.join().unwrap(), Err(RecvError::Closed));
        closing.join().unwrap();
    });
}

/// The look of `try_recv` takes no turn of a task that waits.
#[test]
fn look_leaves_the_waiting_task_awake() {
    check(|| {
        let joined = inproc();
        let Inproc(ours, theirs) = &joined;
        let receiver = receiver(theirs);
        let looking = receiver.clone();
        let looking = thread::spawn(move || looking.try_recv().is_ok());
        let sender = sending(ours, &["1", "2"]);
        recv(&receiver).unwrap();
        if !looking.join().unwrap() {
            recv(&receiver).unwrap();
        }
        sender.join().unwrap();
    });
}
