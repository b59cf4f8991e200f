//! PLAIN with libzmq on either side: who is let in, and what each side is told.

use std::time::Duration;

use interop::{IPC, TCP, event, handshake, handshake_failure, libzmq, recv, within};
use libzmq_peer::SocketKind::{Pull, Push, Rep};
use libzmq_peer::{Context, EventKind, Opt, Peer};
use zeromq_async::{
    Attempt, Credentials, Decision, DenyStatus, PullSocket, PushSocket, SocketEvent,
};

async fn users(attempt: Attempt) -> Decision {
    match &attempt.request.credentials {
        Credentials::Password { username, password }
            if username == "alice" && password.expose() == b"secret" =>
        {
            Decision::allow_as("alice")
        }
        _ => Decision::Deny(DenyStatus::AuthenticationFailure),
    }
}

fn libzmq_client(password: &'static str, endpoint: String) -> Peer {
    libzmq(Push, move |socket| {
        socket.set_str(Opt::PLAIN_USERNAME, Some("alice"))?;
        socket.set_str(Opt::PLAIN_PASSWORD, Some(password))?;
        socket.connect(&endpoint)
    })
}

/// `ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND`.
const UNEXPECTED_COMMAND: u32 = 0x1000_0001;

/// A ZAP handler that answers `requests` with `status`, and the user's own name.
fn zap_handler(context: &Context, status: &'static str) -> Peer {
    let handler = Peer::spawn_in(context, Rep, |socket| socket.bind("inproc://zeromq.zap.01"));
    let handler = handler.expect("a ZAP handler");
    drop(handler.run(move |socket| {
        if let Ok(Some(request)) = socket.recv_timeout(Duration::from_secs(10)) {
            let [version, id, .., username, _password] = &request[..] else { return Ok(()) };
            let text = b"".as_slice();
            let reply = [version, id, status.as_bytes(), text, username, text];
            socket.send(&reply)?;
        }
        Ok(())
    }));
    handler
}

#[tokio::test]
async fn libzmq_is_let_in_with_the_right_password() {
    for place in [TCP, IPC] {
        let mut pull = PullSocket::builder().plain_server(users).build();
        let mut events = pull.events();
        let endpoint = pull.bind(place).await.unwrap();
        let push = libzmq_client("secret", endpoint.to_string());
        push.send(["hello", "from libzmq"]).await.unwrap();
        assert_eq!(recv(&mut pull, "the message").await.frame_count(), 2);
        let (_, info) = handshake(&mut events).await;
        assert_eq!(info.user_id(), Some("alice"));
        push.event(EventKind::HANDSHAKE_SUCCEEDED).await.unwrap();
    }
}

/// libzmq's PLAIN client takes an ERROR of the right form for a fault, for its own begins with the
/// octets `5E "RROR"`; it stops all the same.
#[tokio::test]
async fn libzmq_is_refused_with_the_wrong_password_and_stops() {
    let pull = PullSocket::builder().plain_server(users).build();
    let mut events = pull.events();
    let endpoint = pull.bind(TCP).await.unwrap();
    let push = libzmq_client("guess", endpoint.to_string());
    let refused = push.event(EventKind::HANDSHAKE_FAILED_PROTOCOL).await.unwrap();
    assert_eq!(refused.value, UNEXPECTED_COMMAND);
    let reason = handshake_failure(&mut events).await;
    assert!(reason.to_string().contains("400"), "{reason}");
}

#[tokio::test]
async fn libzmq_lets_in_or_refuses_as_its_zap_handler_says() {
    for (status, lets_in) in [("200", true), ("400", false)] {
        let context = Context::new().unwrap();
        let _handler = zap_handler(&context, status);
        let pull = Peer::spawn_in(&context, Pull, |socket| {
            socket.set_i32(Opt::PLAIN_SERVER, 1)?;
            socket.bind(TCP)
        });
        let pull = pull.unwrap();
        let builder = PushSocket::builder().linger(Duration::ZERO);
        let mut push = builder.plain_client("alice", "secret").unwrap().build();
        let mut events = push.events();
        push.connect(pull.endpoint()).await.unwrap();
        push.send("hello").await.unwrap();
        if lets_in {
            assert_eq!(pull.recv().await.unwrap(), [b"hello"]);
        } else {
            let reason = handshake_failure(&mut events).await;
            assert!(reason.to_string().contains("400"), "{reason}");
            event(&mut events, "the end of our attempts", |event| {
                matches!(event, SocketEvent::ConnectStopped { .. }).then_some(())
            })
            .await;
        }
        within("our PUSH to close", push.close()).await;
    }
}
