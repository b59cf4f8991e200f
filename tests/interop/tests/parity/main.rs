//! Options of libzmq on a socket of libzmq and on one of this library. One script drives both with
//! libzmq at the other end, which must see the same. If this library differs on purpose, the test
//! names the difference and checks libzmq's side too.
//!
//! `docs/libzmq-parity.md` names these tests.

mod conflate;
mod connect;
#[cfg(target_os = "linux")]
mod kernel;
mod names;
mod notices;
mod publish;
mod reply;
mod subscribe;

use std::fmt::Debug;

use interop::{Attach, End, Ours};
use libzmq_peer::{Error, Opt, Peer, Socket, SocketKind};
use zeromq_async::XPubSocket;

/// The socket under test and its endpoint.
type Subject = (End, String);

/// A socket of this library, bound over TCP.
async fn ours(socket: impl Into<Ours>) -> Subject {
    End::from_ours(socket, Attach::Bind(interop::TCP)).await
}

/// A socket of libzmq with these options, bound over TCP.
fn theirs(
    kind: SocketKind,
    options: impl FnOnce(&Socket) -> Result<(), Error> + Send + 'static,
) -> Subject {
    End::from_theirs(kind, options, Attach::Bind(interop::TCP))
}

/// Runs the script with each and compares the results.
async fn assert_same<T, F>(ours: Subject, theirs: Subject, script: F) -> T
where
    T: Debug + PartialEq,
    F: AsyncFn(End, String) -> T,
{
    let with_libzmq = script(theirs.0, theirs.1).await;
    let with_ours = script(ours.0, ours.1).await;
    assert_eq!(with_ours, with_libzmq, "ours on the left, libzmq on the right");
    with_ours
}

/// A socket of libzmq with these options, connected to this endpoint.
fn connected(
    kind: SocketKind,
    endpoint: &str,
    options: impl FnOnce(&Socket) -> Result<(), Error> + Send + 'static,
) -> Peer {
    let endpoint = endpoint.to_owned();
    interop::libzmq(kind, move |socket| {
        options(socket)?;
        socket.connect(&endpoint)
    })
}

/// Sets an option of a socket of libzmq that is in use.
async fn set(peer: &Peer, option: Opt, value: &[u8]) {
    let value = value.to_vec();
    let set = peer.run(move |socket| {
        socket.set_bytes(option, &value)?;
        // libzmq applies it at the next call.
        socket.get_i32(Opt::EVENTS)
    });
    set.await.expect("an option");
}

/// Subscribes the peer of the last notice, for an XPUB of either library.
async fn subscribe_last(xpub: &mut End, topic: &str) {
    match xpub {
        End::Theirs(peer, _) => set(peer, Opt::SUBSCRIBE, topic.as_bytes()).await,
        End::Ours(_) => {
            our_xpub(xpub).subscribe_last_peer(topic);
        }
    }
}

/// The number of topics of an XPUB of either library.
async fn topics_count(xpub: &mut End) -> usize {
    match xpub {
        End::Theirs(peer, _) => {
            let count = peer.run(|socket| socket.get_i32(Opt::TOPICS_COUNT)).await;
            usize::try_from(count.expect("a count")).expect("not negative")
        }
        End::Ours(_) => our_xpub(xpub).topics_count(),
    }
}

fn our_xpub(end: &mut End) -> &mut XPubSocket {
    match end {
        End::Ours(ours) => match &mut **ours {
            Ours::XPub(xpub) => xpub,
            other => panic!("{other:?} is no XPUB"),
        },
        End::Theirs(..) => panic!("this is libzmq's"),
    }
}

/// A message of one frame.
fn frame(bytes: impl Into<Vec<u8>>) -> interop::Frames {
    vec![bytes.into()]
}
