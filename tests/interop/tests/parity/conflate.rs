//! `ZMQ_CONFLATE` with messages of several frames.

use interop::{Attach, End, ReservedPort};
use libzmq_peer::{Opt, Socket, SocketKind};
use zeromq_async::PushSocket;

use crate::frame;

/// The latest message is kept whole. In libzmq each frame replaces the one before, so that the
/// receiver gets a message that was never sent.
#[tokio::test]
async fn conflated_message_is_whole_unlike_libzmq() {
    for is_ours in [true, false] {
        let port = ReservedPort::new();
        let at = port.endpoint();
        let (mut push, _) = if is_ours {
            let push = PushSocket::builder().conflate(true).build();
            End::from_ours(push, Attach::Connect(&at)).await
        } else {
            let options = |socket: &Socket| socket.set_i32(Opt::CONFLATE, 1);
            End::from_theirs(SocketKind::Push, options, Attach::Connect(&at))
        };
        let message = |number: &str| vec![number.as_bytes().to_vec(), b"body".to_vec()];
        for number in ["first", "last"] {
            push.send(number, message(number)).await;
        }
        let pull = interop::libzmq(SocketKind::Pull, move |socket| socket.bind(&at));
        let expected = if is_ours { message("last") } else { frame("body") };
        assert_eq!(pull.recv().await.unwrap(), expected);
    }
}
